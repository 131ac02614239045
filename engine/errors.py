"""What the person at the keyboard can put right. Imports nothing, so that `--help` stays quick."""


class UserError(Exception):
    """A problem the user can solve; shown as one line, without a traceback, with exit code 2.

    The message says what was wrong, what was there, and what to do.
    """
