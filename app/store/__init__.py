"""The session file: everything measured, as it happens; every other file is a view of it."""
