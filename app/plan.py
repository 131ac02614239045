"""What is to be done about one source: to begin, or to go on where an earlier run left off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app import resume
from app.job import Job
from app.occupied import Occupied
from app.outputs.partial import check
from app.plain import printable
from app.settings import Settings
from app.store.ending import conclude, note, restate
from app.store.session import open_session_file
from app.store.writer import ENDING
from app.types import NOTHING_BEFORE, Before, Sink, SourceInfo
from engine.errors import UserError
from trackers.types import Tracks

Opener = Callable[[], Sink]


@dataclass(slots=True)
class Plan:
    """One run on one source."""

    session: Path  #: its file
    outputs: list[Path]  #: all files, the session among them where one is wanted
    resume: bool  #: the session is there, and goes on
    before: Before  #: what it holds
    finished: bool = False  #: an earlier run has done all of it
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

    def note(self, part: Path) -> None:
        """A file is whole, and about to get its name: after a kill it is still known whose it is."""
        if self.begun:
            with suppress(UserError):  # what is not known to be ours is in nobody's way but ours
                note(self.session, part)

    def conclude(self, settings: Settings, *, finished: bool) -> None:
        """The run is over; `finished`: nothing of the source is left."""
        if self.begun:
            conclude(self.session, self.outputs, finished=finished, shown=_shown(settings))


def check_all(job: Job, stem: str, folder: Path, *, overwrite: bool) -> None:
    """UserError where a file of a source with this stem cannot be written. No work has been done by then.

    What an earlier run has made there, and nobody changed since, is not in the way: see `planned`.
    """
    outputs = job.outputs(stem, folder)
    wanted = any(path.suffix == ENDING for path in outputs)
    in_the_way = resume.strange(job.session(stem, folder), outputs) if wanted else outputs
    for path in outputs:
        check(path, overwrite=overwrite or path not in in_the_way)


@contextmanager
def planned(
    job: Job, info: SourceInfo, place: str, settings: Settings, notice: Callable[[str], None]
) -> Iterator[Plan]:
    """What is to be done about a source, which is at `place` if it is a file or a folder.

    `notice` is told what becomes of what an earlier run has made. UserError where that was of another source.
    """
    folder = Path(settings.output)
    session, outputs = job.session(info.stem, folder), job.outputs(info.stem, folder)
    plan = Plan(session, outputs, resume=False, before=NOTHING_BEFORE)
    if session not in outputs or not session.exists() or info.live:
        yield plan
        return
    recipe = job.recipe(info, place)
    if not recipe.fingerprint:  # whether it is the same cannot be told
        check(session, overwrite=settings.overwrite)
        yield plan
        return
    past = resume.past(session, recipe)
    if past.finished and not (past.another or past.differs or past.repaired):
        _check_followed(job, session, info, settings)
    if settings.overwrite and (past.finished or past.differs):
        _replace(plan, info, past, notice)
        yield plan
        return
    if past.another:
        raise Occupied(f"{printable(session)} is of another recording, {printable(past.another)}")
    if past.differs:
        kept = resume.put_aside(session, outputs)[-1]  # the session
        notice(f"{_anew(info, past)} by an earlier run are kept in {printable(kept)}")
        yield plan
        return
    plan.finished = past.finished and not past.shown and all(path.exists() for path in outputs)
    if not plan.finished:
        _go_on(plan, info, past, settings, notice)
        with closing(open_session_file(session)) as opened:
            plan.resume, plan.before = True, resume.before(opened)
            yield plan
        return
    yield plan


def _check_followed(job: Job, session: Path, info: SourceInfo, settings: Settings) -> None:
    """UserError where nobody in a finished session is whom to follow: good files would give way to none."""
    if not (following := job.following()):
        return
    with closing(open_session_file(session)) as opened:
        for _, time, tracks in opened.each():
            following.look(tracks, time)
            if following.found:
                return
    raise UserError(
        f"{info.name}: --follow {settings.follow}: {following.missing()}; all files stay as they are"
    )


def _go_on(
    plan: Plan, info: SourceInfo, past: resume.Past, settings: Settings, notice: Callable[[str], None]
) -> None:
    """Say how far the session is, and keep what was made of it in another way."""
    if not past.finished:
        notice(f"{info.name}: goes on after the {past.frames} frames that an earlier run has measured")
        return
    if not past.shown:
        notice(f"{info.name}: was measured before; its files are made of that")
        return
    kept = resume.put_aside(plan.session, [path for path in plan.outputs if path != plan.session])
    conclude(plan.session, (), finished=False, shown=_shown(settings))  # a kill finds it like that
    told = f"; the earlier ones are kept in {', '.join(map(printable, kept))}" if kept else ""
    notice(f"{info.name}: was measured before; its files are made anew, since {past.shown}{told}")


def _replace(plan: Plan, info: SourceInfo, past: resume.Past, notice: Callable[[str], None]) -> None:
    """Let go of what an earlier run has measured, but not of what somebody has put right in it."""
    if past.repaired:
        (kept,) = resume.put_aside(plan.session, [plan.session])
        notice(f"{info.name}: begins anew; the session that was repaired is kept in {printable(kept)}")
    elif not past.finished:
        notice(f"{_anew(info, past)} by an earlier run are replaced")


def _anew(info: SourceInfo, past: resume.Past) -> str:
    return f"{info.name}: begins anew, since {past.differs}; the {past.frames} frames measured"


def _shown(settings: Settings) -> dict[str, str | int | float | bool]:
    return {name: getattr(settings, name) for name in resume.SHOWING}
