"""What a command answers, on its standard output."""

from __future__ import annotations

import sys

from engine.errors import UserError


def tell(text: str) -> int:
    """Print it; 0, the exit code. UserError where it cannot be printed."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read along has left
        return 0
    except OSError as error:
        raise UserError(f"what there is to say cannot be written ({error.strerror})") from error
    return 0
