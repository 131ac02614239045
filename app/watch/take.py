"""One recording from its first frame to its last: its files, and the threads that write them.

Its time begins with the first frame captured after its start, in every file alike: index 0 and 0 s. What
belongs together has one time in all of them, and CSV rows the numbers of their frames in the clean video.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from app.channel import Cancelled, Channel
from app.outputs.mp4 import Mp4
from app.plain import printable
from app.types import NO_TRACKS, Result, Sink, SourceInfo, Timings
from app.watch import room
from app.workers import Workers, attempt
from engine.errors import UserError
from engine.types import Frame

WAITING, WAITING_BYTES = 48, 128 << 20  #: frames that wait for the clean video at most, in number and size
RESULTS = 4  #: that wait for the files; the run is held up when there are more
LOOK_S = 1.0  #: between two looks at the disk
IN_FLIGHT_S = 1.5  #: so long a recording that ends waits for results of its last frames
WRITING_S = 2.2  #: and so long after its end what waits is still written

#: Opens the files of results: what to call them and their source, where, and who is told what is odd.
OpenFiles = Callable[[SourceInfo, Path, Callable[[str], None]], Sequence[Callable[[], Sink]]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What recordings of one source have in common."""

    info: SourceInfo
    open_files: OpenFiles
    threads: int  #: for encoding
    busy: Callable[[float], None]  #: is told the seconds of work in each frame
    changed: Callable[[], None]  #: is told that there is news


class Take:
    """A recording. `capture` and `write` are called by one thread each, all else by any."""

    def __init__(self, plan: Plan, folder: Path, stem: str) -> None:
        self._plan, self._folder, self._stem = plan, folder, stem
        frame_bytes = max(1, plan.info.width * plan.info.height * 3)
        self._clean: Channel[Frame] = Channel(
            max(2, min(WAITING, WAITING_BYTES // frame_bytes)), drop_oldest=True
        )
        self._results: Channel[Result] = Channel(RESULTS)
        self._lock = threading.Lock()  # of what the end decides: which frame is the last
        self._first, self._last, self._origin = -1, -1, 0  # indices of frames; ticks
        self._told = -1  # index of the last result
        self._captured = self._encoded = 0  # frames for the clean video
        self._results_taken = self._results_written = 0
        self._ended = threading.Event()  # no frame is captured for it any more
        self._complete = threading.Event()  # nor does any result come
        self._idle = threading.Semaphore(0)  # one for each thread that is done
        self._began, self._seconds = time.monotonic(), 0.0
        self.finished = False
        self.trouble = ""  #: one line on what is wrong, "" when nothing is
        self.warning = ""  #: one line on what will go wrong
        self.free_bytes = self.bytes = 0
        self.files: tuple[Path, ...] = ()  #: that there are, with their names, once it is finished
        self.thread = threading.Thread(target=self._keep, name="record")  #: ends when files are complete
        self.thread.start()

    @property
    def on(self) -> bool:
        """Whether frames are still captured for it."""
        return not self._ended.is_set()

    @property
    def seconds(self) -> float:
        """How long it has been on."""
        return time.monotonic() - self._began if self.on else self._seconds

    @property
    def lost(self) -> int:
        """Frames missing from the clean video: encoder or disk were too slow."""
        return self._captured - self._encoded if self.finished else self._clean.dropped

    def capture(self, frame: Frame) -> None:
        """A frame, before any is dropped. Returns at once."""
        with self._lock, suppress(Cancelled):
            if self._ended.is_set():
                return
            if self._first < 0:
                self._first, self._origin = frame.index, self._ticks(frame)
            self._last = frame.index
            self._captured += 1
            self._clean.put(self._moved(frame))

    def write(self, result: Result) -> None:
        """A result, in order. Waits while the files are behind."""
        index = result.frame.index
        if self._first < 0 or index < self._first or self._complete.is_set():
            return
        if not self._ended.is_set() or index <= self._last:
            self._results_taken += 1
            with suppress(Cancelled):
                self._results.put(replace(result, frame=self._moved(result.frame)))
            self._told = index
        if self._ended.is_set() and index >= self._last:
            self._complete.set()

    def end(self, why: str = "", *, complete: bool = False) -> None:
        """Capture nothing more, and finish; `complete`: no result will come any more."""
        with self._lock:
            if not self._ended.is_set():
                self._seconds = time.monotonic() - self._began
                self.trouble = why or self.trouble
                self._ended.set()
        if complete or self._told >= self._last:
            self._complete.set()

    def _keep(self) -> None:
        """A thread's work: the whole recording. Whatever goes wrong with it ends it, and nothing else."""
        error = attempt(self._record)
        self.end(complete=True)
        if isinstance(error, UserError):
            self.trouble = str(error)
        elif error is not None:
            self.trouble = f"recording ended by a bug of Kinetrail ({type(error).__name__}: {error})"
        self.files = tuple(path for path in self._paths() if path.exists())
        self.bytes = sum(map(room.size, self.files))
        self.trouble = self.trouble or self._gaps()
        self.finished = True
        self._plan.changed()

    def _gaps(self) -> str:
        """What should be in the files of a recording that went well otherwise, and is not."""
        if not self._captured:
            return "nothing was recorded: no picture came"
        lost, cut = self._captured - self._encoded, self._results_taken - self._results_written
        if not lost and not cut:
            return ""
        return (
            f"{lost} of {self._captured} frames are missing from the clean video, {cut} from the other files:"
            " encoding or the disk were too slow; record a smaller picture, or to a faster disk"
        )

    def _record(self) -> None:
        self._prepare()
        self._plan.changed()
        with Workers(self._clean, self._results) as workers:
            workers.spawn(partial(self._until_done, self._write_clean), "record video")
            workers.spawn(partial(self._until_done, self._write_results), "record results")
            while not self._ended.wait(LOOK_S):
                self._look()
            self._wind_up(workers)

    def _prepare(self) -> None:
        """Make the folder and choose free names. UserError where nothing can be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._stem = room.free_stem(self._folder, self._stem)
        except OSError as error:
            where = f"{printable(self._folder)}: cannot be written to"
            raise UserError(f"{where} ({error.strerror}); choose another folder") from error
        self._look()
        if self._ended.is_set() and self.trouble:
            raise UserError(self.trouble)

    def _look(self) -> None:
        """How large the files are, and whether there is room for more."""
        try:
            self.free_bytes = room.free(self._folder)
        except OSError as error:
            self.end(f"{printable(self._folder)}: recording ended, the folder is gone ({error.strerror})")
            return
        self.bytes = sum(room.size(path) for path in self._paths())
        left = f"only {self.free_bytes / 1e9:.1f} GB are free in {printable(self._folder)}"
        if self.free_bytes < room.LEAST:
            self.end(f"{left}: recording ended, what was recorded is kept; make room for more")
        self.warning = f"{left}; recording ends at {room.LEAST / 1e9:.1f} GB" * (self.free_bytes < room.LOW)
        self._plan.changed()

    def _wind_up(self, workers: Workers) -> None:
        """Let what is on its way arrive, for as long as there is time; then let the files be completed."""
        self._plan.changed()
        deadline = time.monotonic() + WRITING_S
        self._clean.close()
        self._complete.wait(IN_FLIGHT_S)
        self._complete.set()
        self._results.close()
        for _ in range(2):
            if not self._idle.acquire(timeout=max(0.0, deadline - time.monotonic())):
                workers.cancel()

    def _until_done(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            self._idle.release()
            self.end()

    def _write_clean(self) -> None:
        with ExitStack() as files:
            video: list[Sink] = []
            while frames := self._clean.take(1):
                if not video:
                    video.append(files.enter_context(closing(self._open_clean())))
                video[0].write(Result(frames[0], NO_TRACKS, Timings(0.0, 0.0, 0.0, 0.0)))
                self._encoded += 1

    def _write_results(self) -> None:
        """Whoever would put here is let go when this ends."""
        with ExitStack() as files:
            files.callback(self._complete.set)
            opened: list[Sink] = []
            while results := self._results.take(1):
                began = time.perf_counter()
                if not opened:
                    openers = self._plan.open_files(self._info(self._stem), self._folder, self._remark)
                    opened += [files.enter_context(closing(open_file())) for open_file in openers]
                for sink in opened:
                    sink.write(results[0])
                self._results_written += 1
                self._plan.busy(time.perf_counter() - began)

    def _open_clean(self) -> Sink:
        path = self._folder / f"{self._stem}.clean.mp4"
        return Mp4(path, self._info(path.stem), 1.0, notice=self._remark, threads=self._plan.threads)

    def _info(self, stem: str) -> SourceInfo:
        """The recording as a source: without sound, and nobody knows how long."""
        return replace(self._plan.info, stem=stem, frames=0, audio="")

    def _remark(self, line: str) -> None:
        self.trouble = line
        self._plan.changed()

    def _paths(self) -> list[Path]:
        return [self._folder / f"{self._stem}{ending}" for ending in room.ENDINGS]

    def _ticks(self, frame: Frame) -> int:
        return round(frame.time / self._plan.info.time_base)

    def _moved(self, frame: Frame) -> Frame:
        """The frame on the recording's clock."""
        base, ticks = self._plan.info.time_base, self._ticks(frame) - self._origin
        return Frame(frame.index - self._first, ticks * base.numerator / base.denominator, frame.image)
