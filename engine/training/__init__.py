"""Networks, their training, evaluation and export. The program imports none of it; needs [train]."""
