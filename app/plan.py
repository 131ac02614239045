"""What is to be done about one source: to begin, or to go on where an earlier run left off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app import resume
from app.job import Job
from app.outputs.partial import check
from app.plain import printable
from app.settings import Settings
from app.store.ending import conclude, restate
from app.store.session import open_session_file
from app.store.writer import ENDING
from app.types import NOTHING_BEFORE, Before, Sink, SourceInfo
from trackers.types import Tracks

Opener = Callable[[], Sink]


@dataclass(slots=True)
class Plan:
    """One run on one source."""

    session: Path  #: its file
    outputs: list[Path]  #: all files, the session among them where one is wanted
    resume: bool  #: the session is there, and goes on
    before: Before  #: what it holds
    begun: list[Sink] = field(default_factory=list)  #: the session, once it is opened

    def parted(self, openers: Sequence[Opener]) -> tuple[list[Opener], list[Opener]]:
        """What opens the session, and what opens all else, from what opens `outputs`."""
        pairs = list(zip(self.outputs, openers, strict=True))
        early = [self._noted(opener) for path, opener in pairs if path == self.session]
        return early, [opener for path, opener in pairs if path != self.session]

    def _noted(self, opener: Opener) -> Opener:
        def opened() -> Sink:
            self.begun.append(opener())
            return self.begun[-1]

        return opened

    def restate(self, told: Mapping[int, Tracks]) -> None:
        """Who is in each frame after all."""
        if self.begun:
            restate(self.session, told)

    def conclude(self, *, finished: bool) -> None:
        """The run is over; `finished`: nothing of the source is left."""
        if self.begun:
            conclude(self.session, self.outputs, finished=finished)


def check_all(job: Job, stem: str, folder: Path, *, overwrite: bool) -> None:
    """UserError where a file of a source with this stem cannot be written. No work has been done by then."""
    outputs = job.outputs(stem, folder)
    wanted = any(path.suffix == ENDING for path in outputs)
    goes_on = wanted and resume.left_off(job.session(stem, folder), outputs)
    for path in outputs:
        check(path, overwrite=overwrite or goes_on)


@contextmanager
def planned(
    job: Job, info: SourceInfo, place: str, settings: Settings, notice: Callable[[str], None]
) -> Iterator[Plan]:
    """What is to be done about a source, which is at `place` if it is a file or a folder.

    `notice` is told what becomes of an earlier run that was not finished.
    """
    folder = Path(settings.output)
    session, outputs = job.session(info.stem, folder), job.outputs(info.stem, folder)
    plan = Plan(session, outputs, resume=False, before=NOTHING_BEFORE)
    if session not in outputs or not session.exists() or info.live:
        yield plan
        return
    past = resume.past(session, job.recipe(info, place))
    if past.frames and not past.differs and (past.unfinished or not settings.overwrite):
        if past.unfinished:
            notice(f"{info.name}: goes on after the {past.frames} frames that an earlier run has measured")
        with closing(open_session_file(session)) as opened:
            plan.resume, plan.before = True, resume.before(opened)
            yield plan
        return
    if not past.unfinished:
        check(session, overwrite=settings.overwrite)
    elif past.frames:
        _make_room(plan, info, past, notice, overwrite=settings.overwrite)
    yield plan


def _make_room(
    plan: Plan, info: SourceInfo, past: resume.Past, notice: Callable[[str], None], *, overwrite: bool
) -> None:
    """Keep what an earlier run has measured in another way, and say that all begins anew."""
    why = f"{info.name}: begins anew, since {past.differs}"
    if overwrite:
        notice(f"{why}; the {past.frames} frames measured by an earlier run are replaced")
        return
    for path in plan.outputs:
        if path != plan.session:
            check(path, overwrite=False)
    kept = resume.put_aside(plan.session)
    notice(f"{why}; the {past.frames} frames measured by an earlier run are kept in {printable(kept)}")
