"""Views of a session file, one file per format."""
