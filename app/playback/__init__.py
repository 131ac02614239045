"""A recording looked at: its pictures at any time, who is in them, and what can be put right about that."""
