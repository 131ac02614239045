"""One source, watched: opened, worked on and recorded until it ends or nobody wants more. No window here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from app.complaint import plainly
from app.pipeline import run
from app.settings import Settings
from app.sources import open_source, stems
from app.sources.live import Back
from app.stages import Stage
from app.types import NOWHERE, Result, Source, SourceInfo
from app.watch.ahead import JobAhead
from app.watch.health import Health, Pulse
from app.watch.recorder import Recorder
from app.watch.take import Plan
from app.workers import attempt
from engine.errors import UserError
from engine.types import Frame

DECODERS = 4  #: threads for decoding a video
LATE_S = 0.2  #: a recording that is watched and falls further behind than this is not hurried afterwards


@dataclass(frozen=True, slots=True)
class State:
    """How it stands with a source."""

    phase: str = "opening"  #: opening, running, lost (a camera, for the moment), ended or failed
    info: SourceInfo = NOWHERE
    message: str = ""  #: one line: what is wrong and what to do; "" when nothing is
    details: str = ""  #: where in the program a bug showed itself, for whoever reports it
    device: str = ""  #: where networks run: "CPU" or "GPU"
    models: str = ""  #: names of the networks
    lag_ms: float = 0.0  #: by how much smoothing makes joints late; -1 where it is not known


class Live:
    """One source worked on until stopped; opening and work in threads of its own. Never blocks its caller.

    A recording plays at its own speed, or as fast as it can be worked on if that is less; nothing of it is
    left out. `start` once; then `stop` and `join`, also when it ended by itself.
    """

    def __init__(
        self,
        argument: str,
        settings: Settings,
        *,
        show: Callable[[Result], None],
        changed: Callable[[], None],
    ) -> None:
        """`show` is called with each result by a worker, `changed` by any thread when `state` has news.

        Neither may block.
        """
        self._argument, self._settings = argument, settings
        self._show, self._changed = show, changed
        self._lock = threading.Lock()
        self._state = State()
        self._pulse = Pulse()
        self._enough = threading.Event()  # no more pictures; what there is is worked on
        self._leave = threading.Event()  # nor that
        self._thread = threading.Thread(target=self._run, name="live")
        self.recorder = Recorder(changed)

    def start(self) -> None:
        """Open the source and begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask for the end; returns at once. What is being recorded is completed first."""
        recording = self.recorder.state()
        if not recording.on and not recording.finishing:
            self._leave.set()
        self._enough.set()

    def join(self, timeout_s: float) -> bool:
        """Wait until everything has ended; whether it has."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def state(self) -> State:
        """How it stands now."""
        with self._lock:
            return self._state

    def health(self) -> Health:
        """How it has been going in the last moments."""
        return self._pulse.read()

    def _run(self) -> None:
        error = attempt(self._work)
        closed = attempt(self.recorder.close)
        if (error := error or closed) is None:
            self._tell(phase="ended")
        else:
            message, details = plainly(error)
            self._tell(phase="failed", message=message, details=details)

    def _work(self) -> None:
        """The whole life of the source. Raises what ends it before its time."""
        with closing(JobAhead(self._settings, lambda place: self._tell(device=place))) as job:
            self._tell(models=", ".join(path.stem for path in job.models))
            threads = min(job.cores, DECODERS)
            stem = stems([self._argument])[0]
            opened = open_source(
                self._argument, stem=stem, notice=self._notice, stop=self._enough, threads=threads
            )
            with closing(opened) as source:
                self._tell(info=source.info, lag_ms=job.lag_ms(source.info))
                self._follow(job, source)

    def _follow(self, job: JobAhead, source: Source) -> None:
        recorder, pulse = self.recorder, self._pulse
        stages = [self._watched(stage) for stage in job.stages(source.info)]
        recorder.ready(Plan(source.info, job.sinks, job.cores, pulse.recorded, self._changed))
        summary = run(
            Wanted(source, self._enough),
            stages,
            [lambda: recorder],
            stop=self._leave,
            show=self._done,
            tap=self._came,
            missed=pulse.missed,
        )
        if summary.damage:
            raise UserError(summary.damage)

    def _watched(self, stage: Stage[Any, Any]) -> Stage[Any, Any]:
        """The stage; when it ends no more pictures are wanted, even while a lost camera is waited for."""

        @contextmanager
        def ready() -> Iterator[Any]:
            try:
                with stage.open() as work:
                    yield work
            finally:
                self._enough.set()

        return Stage(stage.name, stage.frames_at_once, ready)

    def _came(self, frame: Frame) -> None:
        self._pulse.captured(frame)
        self.recorder.capture(frame)

    def _done(self, result: Result) -> None:
        self._pulse.done(result)
        if self._state.phase == "opening":
            self._tell(phase="running")
        self._show(result)

    def _notice(self, line: str) -> None:
        """What a live source has to say: it is lost, or back."""
        back = isinstance(line, Back)
        self._tell(phase="running" if back else "lost", message="" if back else line)

    def _tell(self, **news: Any) -> None:
        with self._lock:
            self._state = replace(self._state, **news)
        self._changed()


class Wanted:
    """A source for as long as it is wanted, and a recording no faster than it was filmed."""

    def __init__(self, source: Source, enough: threading.Event) -> None:
        self.info = source.info
        self._source, self._enough = source, enough

    def frames(self, _stop: threading.Event) -> Iterator[Frame]:
        """See Source.frames; `enough` is set at the latest when `stop` is."""
        began = float("-inf")  # on the clock, when the recording's was 0
        for frame in self._source.frames(self._enough):
            if not self.info.live:
                ahead_s = began + frame.time - time.monotonic()
                if ahead_s < -LATE_S:
                    began, ahead_s = time.monotonic() - frame.time, 0.0
                self._enough.wait(max(0.0, ahead_s))
            if self._enough.is_set():
                return
            yield frame

    def close(self) -> None:
        """Nothing: whoever opened the source closes it."""
