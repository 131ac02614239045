"""How well a session went: what was seen of whom, and which seconds of it not to trust."""
