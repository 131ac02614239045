"""A whole call of `kinetrail run`: one source after the other, and what is said about them."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.account import Account
from app.closing import Stopwatch, closing_line, late_line
from app.following import Following
from app.job import Job, ModelRefused, everyone
from app.occupied import Blocked
from app.outputs.partial import Partial
from app.passes import Call, once, twice
from app.pipeline import Summary
from app.plain import printable
from app.plan import Plan, check_all, planned
from app.progress import Console, Progress
from app.settings import Settings
from app.sources import expand, open_source, stems, unheard
from app.sources.naming import is_place, named
from app.types import Result, Source, SourceInfo
from app.workers import attempt
from engine.errors import UserError

DECODERS = 4  #: threads for decoding a video; more only hold more frames


def run_all(
    arguments: Sequence[str],
    settings: Settings,
    stop: threading.Event,
    console: Console | None = None,
    *,
    stem: str = "",
    cores: int = 0,
) -> bool:
    """Work through all sources; whether everything went well. Without a `console` it speaks on stderr.

    `stem`: of the outputs of a single source, where others have been given theirs; `cores`: how many to keep
    busy, 0 for all. What is wrong with one source is told and the others go on. Raises UserError where
    nothing can go on.
    """
    console = console or Console(sys.stderr, quiet=settings.quiet)
    job = Job(settings, console.say, cores=cores)
    sources = expand(arguments)
    account = Account(len(sources))
    ready = admitted(job, sources, [stem] if stem else stems(sources), settings, console, account)
    if ready:
        job.use_engines(console, stop)
    line = _Line(job, settings, console, stop, account)
    for number, (source, each) in enumerate(ready, 1):
        if stop.is_set():
            break
        trouble = attempt(partial(line.work, source, each, len(ready) - number))
        if trouble is None:
            continue
        if isinstance(trouble, ModelRefused):
            raise trouble
        details = ""
        if not isinstance(trouble, UserError):
            details = "".join(traceback.format_exception(trouble))
            trouble = UserError(f"{named(source)}: ran into a bug of Kinetrail; please report what follows")
        console.fail(trouble, details)
        account.failures.append(str(trouble))
    for told in account.lines():
        console.done(told)
    return account.well


def admitted(
    job: Job,
    sources: Sequence[str],
    names: Sequence[str],
    settings: Settings,
    console: Console,
    account: Account,
) -> list[tuple[str, str]]:
    """Those of the sources whose outputs, called by these `names`, can be written; each with its name."""
    folder = Path(settings.output)
    taken = {place for source in sources if (place := _place(Path(source)))}
    ready = []
    for source, stem in zip(sources, names, strict=True):
        try:
            for path in job.outputs(stem, folder):
                if _place(path) in taken:
                    raise Blocked(f"{printable(path)} is a source of this call")
            check_all(job, stem, folder, overwrite=settings.overwrite)
            ready.append((source, stem))
        except UserError as error:
            console.fail(error)
            account.failures.append(str(error))
    return ready


@dataclass(frozen=True, slots=True)
class _Line:
    """Works on sources that stand in line."""

    job: Job
    settings: Settings
    console: Console
    stop: threading.Event
    account: Account

    def work(self, argument: str, stem: str, behind: int) -> None:
        """Work through one source, unless that was done before; so many wait behind it.

        Raises UserError where it was damaged, or nobody was there to follow, after everything else is done.
        """
        place, stamp = argument if is_place(argument) else "", _stamp(Path(argument))

        def again() -> Source:
            """The source as it was; all has been said of it. UserError where it is another by now."""
            if _stamp(Path(argument)) != stamp:
                raise UserError(
                    f"{info.name}: was changed or removed while it was read for the first time, so nothing is"
                    " written; --smooth full reads a recording twice"
                )
            reserved.close()
            return self._opened(argument, stem, unheard)

        with (
            closing(self._opened(argument, stem, self.console.say)) as source,
            planned(self.job, source.info, place, self.settings, self.console.say) as plan,
            ExitStack() as reserved,
        ):
            info = source.info
            if plan.finished:
                self.console.skip(f"{info.name}: finished before, nothing to do")
                self.account.skipped += 1
                return
            if info.live and behind:
                self.console.say(
                    f"{info.name}: is live; what waits behind it begins at its end, or with --jobs"
                )
            self._run(source, again, plan, reserved, place)

    def _opened(self, argument: str, stem: str, notice: Callable[[str], None]) -> Source:
        threads = min(self.job.cores, DECODERS)
        return open_source(argument, stem=stem, notice=notice, stop=self.stop, threads=threads)

    def _run(
        self, source: Source, again: Callable[[], Source], plan: Plan, reserved: ExitStack, place: str
    ) -> None:
        job, settings, console, info = self.job, self.settings, self.console, source.info
        following = job.following()
        choose = following.choose if following else everyone
        stages = job.stages(info, choose, plan.before)
        folder = Path(settings.output)
        sinks = job.sinks(info, folder, console.say, place=place, resume=plan.resume, ready=plan.note)
        early, others = plan.parted(sinks)
        watch = Stopwatch(plan.before.frames)
        call = Call(others, choose, self.stop, partial(_watched, info, console, watch), early, plan.restate)
        full = job.smoothing(info) == "full"
        if full:
            later = [path for path in plan.outputs if path != plan.session]
            _reserve(later, reserved, overwrite=settings.overwrite or plan.resume)
        try:
            summary = twice(source, again, stages, call) if full else once(source, stages, call)
        except BaseException:
            with suppress(UserError):
                plan.conclude(settings, finished=False)
            raise
        finally:
            console.clear()
        missed = following is not None and not following.found
        plan.conclude(settings, finished=not (self.stop.is_set() or summary.damage or missed))
        if not summary.written and self.stop.is_set() and full:
            console.say(f"{info.name}: stopped before the files, which --smooth full writes at the end")
        self._tell(info, summary, plan, following, watch)

    def _tell(
        self,
        info: SourceInfo,
        summary: Summary,
        plan: Plan,
        following: Following | None,
        watch: Stopwatch,
    ) -> None:
        """What came of it. UserError where that is not what was wanted."""
        if summary.written:
            late = late_line(self.job.lag_ms(info)) if info.live else ""
            self.console.done(closing_line(info, summary, plan.outputs, following, watch, late))
        if summary.damage:
            raise UserError(summary.damage)
        stopped = self.stop.is_set()
        if following and summary.written and not following.found and not stopped:
            raise UserError(f"{info.name}: --follow {self.settings.follow}: {following.missing()}")
        self.account.done += not stopped


def _watched(info: SourceInfo, console: Console, watch: Stopwatch, doing: str) -> Callable[[Result], None]:
    progress = Progress(info, console, doing)

    def show(result: Result) -> None:
        watch.count()
        progress.show(result)

    return show


def _reserve(files: Sequence[Path], until: ExitStack, *, overwrite: bool) -> None:
    """Keep other runs from the same work until the stack is closed. UserError where one is at it already."""
    for file in files:
        until.callback(Partial(file, overwrite=overwrite).discard)


def _place(path: Path) -> tuple[int, int] | None:
    """What tells a file from all others; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file is written to or takes another's place; nothing where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
