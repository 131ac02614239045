"""The program: where frames come from, where results go, who runs when."""

__version__ = "0.1.0"
