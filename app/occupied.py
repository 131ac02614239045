"""What is said where an output cannot be written: what is wrong, and what helps with the command at hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import UserError

ELSEWHERE = "choose another {output} with -o"


class Blocked(UserError):
    """An output that cannot be written. Whoever cannot pass flags reads `what` alone."""

    def __init__(self, what: str, remedy: str = ELSEWHERE, *, output: str = "folder") -> None:
        """`remedy`: with {output} for what -o names, which is a folder for `kinetrail run`."""
        super().__init__(f"{what}; {remedy.format(output=output)}")
        self.what, self._remedy = what, remedy

    def with_output(self, output: str) -> Blocked:
        """The same, said of another command."""
        return type(self)(self.what, self._remedy, output=output)


class Occupied(Blocked):
    """A file is in the way: it could be replaced, but only its owner can say so."""

    def __init__(
        self,
        what: str,
        remedy: str = "--overwrite replaces it, -o writes to another {output}",
        *,
        output: str = "folder",
    ) -> None:
        super().__init__(what, remedy, output=output)


@contextmanager
def output_is(what: str) -> Iterator[None]:
    """What is in the way of the work within is told with what -o names here: a "file" or a "folder"."""
    try:
        yield
    except Blocked as error:
        raise error.with_output(what) from error
