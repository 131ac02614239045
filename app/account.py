"""What came of the sources of one call, for its last lines."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Account:
    """Kept while the call goes on."""

    sources: int  #: of the call
    done: int = 0
    skipped: int = 0  #: were finished before
    failures: list[str] = field(default_factory=list)  #: a line for each source that went wrong

    @property
    def well(self) -> bool:
        """Nothing went wrong so far."""
        return not self.failures

    def lines(self) -> list[str]:
        """Nothing to say of a single source, of which everything has been said."""
        if self.sources == 1:
            return []
        left = self.sources - self.done - self.skipped - len(self.failures)
        counts = (
            (self.done, "done"),
            (self.skipped, "finished before"),
            (len(self.failures), "failed"),
            (left, "stopped or not begun"),
        )
        told = ", ".join(f"{count} {what}" for count, what in counts if count)
        return [f"{self.sources} sources: {told}", *(f"  {line}" for line in self.failures)]
