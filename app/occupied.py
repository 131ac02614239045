"""What is said where a file is in the way: it could be replaced, but only its owner can say so."""

from __future__ import annotations

from engine.errors import UserError


class Occupied(UserError):
    """A file that a run would have to replace. Whoever cannot pass flags reads `what` alone."""

    def __init__(
        self, what: str, remedy: str = "--overwrite replaces it, -o writes to another folder"
    ) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
