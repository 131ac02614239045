"""A whole call of `kinetrail run`: which models, which sources, which files, and what is said about them."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import cv2

from app.engines import engines_of
from app.outputs import check
from app.outputs.mp4 import Mp4
from app.outputs.table import Csv
from app.pipeline import Summary, run
from app.plain import printable
from app.progress import Console, Progress
from app.settings import Settings
from app.sources import expand, open_source, stems, unheard
from app.stages import DetectStage, PoseStage, TrackStage, detect, pose, track
from app.types import Sink, SourceInfo
from app.workers import attempt
from engine.detector import Detector, open_detector
from engine.errors import UserError
from engine.models import model_file
from engine.pose import PoseEstimator, open_estimator
from trackers.tracker import Tracker

DECODERS = 4  #: threads for decoding a video; more only hold more frames


class ModelRefused(UserError):
    """A model that cannot be used: no source of the call can be worked on."""


class Job:
    """Stages and sinks as the settings want them."""

    def __init__(self, settings: Settings, notice: Callable[[str], None] = unheard) -> None:
        """Raises UserError where a model is missing or nothing would be written.

        `notice` is told once what is worth knowing of how the networks run, by the thread that opens them.
        """
        if settings.no_video and settings.no_csv:
            raise UserError("--no-video and --no-csv together leave nothing to write; leave one of them out")
        self._settings = settings
        self._notice, self._noticed, self._one = notice, set[str](), threading.Lock()
        self._detector = model_file("detector", settings.detector)
        self._pose = model_file("pose", settings.pose)
        self.cores = len(os.sched_getaffinity(0))
        self._keypoints: tuple[str, ...] = ()  # names, known once the pose network is open
        cv2.setNumThreads(1)  # each stage has its own thread; OpenCV's pool would only fight with them

    def use_engines(self, console: Console, stop: threading.Event) -> None:
        """Run TensorRT engines in place of ONNX files, where there can be any."""
        files = self._detector, self._pose
        self._detector, self._pose = engines_of(files, self._settings.device, console, stop)

    def stages(self, info: SourceInfo) -> tuple[DetectStage, PoseStage, TrackStage]:
        """Each opens its network in its own thread."""
        return detect(self._open_detector), pose(self._open_pose), track(lambda: self._tracker(info))

    def outputs(self, stem: str, folder: Path) -> list[Path]:
        """The files that a source with this stem is turned into."""
        s = self._settings
        wanted = ((".mp4", not s.no_video), (".csv", not s.no_csv))
        return [folder / f"{stem}{ending}" for ending, write in wanted if write]

    def sinks(
        self, info: SourceInfo, folder: Path, notice: Callable[[str], None]
    ) -> list[Callable[[], Sink]]:
        """What opens the files; to be called once the first result is there."""

        def opener(path: Path) -> Callable[[], Sink]:
            return lambda: self._sink(path, info, notice)

        return [opener(path) for path in self.outputs(info.stem, folder)]

    def _sink(self, path: Path, info: SourceInfo, notice: Callable[[str], None]) -> Sink:
        s = self._settings
        if path.suffix == ".csv":
            return Csv(path, self._keypoints, s.keypoint_threshold, overwrite=s.overwrite)
        return Mp4(path, info, s.keypoint_threshold, notice=notice, overwrite=s.overwrite, threads=self.cores)

    def _tracker(self, info: SourceInfo) -> Tracker:
        """Pictures that need not follow on one another are believed and measured each by itself."""
        if info.stills:
            return Tracker(smooth=False, certain=0.0)
        return Tracker(smooth=self._settings.smooth != "off")

    def _open_detector(self) -> Detector:
        s = self._settings
        try:
            return open_detector(
                self._detector,
                s.device,
                max(1, self.cores // 2),  # beside it there is always other work to do
                trust=s.trust_engine,
                graphs=s.cuda_graphs,
                notice=self._notice_once,
                threshold=s.detection_threshold,
                max_people=s.max_people,
            )
        except UserError as error:
            raise ModelRefused(str(error)) from error

    def _open_pose(self) -> PoseEstimator:
        s = self._settings
        try:
            estimator = open_estimator(
                self._pose,
                s.device,
                self.cores,
                decoder=s.decode,
                flip=s.flip,
                trust=s.trust_engine,
                graphs=s.cuda_graphs,
                notice=self._notice_once,
            )
        except UserError as error:
            raise ModelRefused(str(error)) from error
        self._keypoints = estimator.keypoints
        return estimator

    def _notice_once(self, line: str) -> None:
        """Each source opens the networks anew, in threads of their own: the same need not be said again."""
        with self._one:
            new = line not in self._noticed
            self._noticed.add(line)
        if new:
            self._notice(line)


def run_all(arguments: Sequence[str], settings: Settings, stop: threading.Event) -> bool:
    """Work through all sources; whether everything went well.

    What is wrong with one source is told and the others go on. Raises UserError where nothing can go on.
    """
    console = Console(sys.stderr, quiet=settings.quiet)
    job = Job(settings, console.say)
    sources = expand(arguments)
    taken = {place for source in sources if (place := _place(Path(source)))}
    ready = []
    for source, stem in zip(sources, stems(sources), strict=True):
        try:
            for path in job.outputs(stem, Path(settings.output)):
                if _place(path) in taken:
                    taken_by = f"{printable(path)} is a source of this call"
                    raise UserError(f"{taken_by}; choose another folder with -o")
                check(path, overwrite=settings.overwrite)
            ready.append((source, stem))
        except UserError as error:
            console.fail(error)
    failed = len(sources) - len(ready)
    if ready:
        job.use_engines(console, stop)
    for source, stem in ready:
        if stop.is_set():
            break
        trouble = attempt(partial(_run_one, job, source, stem, settings, console, stop))
        if trouble is None:
            continue
        if isinstance(trouble, ModelRefused):
            raise trouble
        if isinstance(trouble, UserError):
            console.fail(trouble)
        else:
            console.fail(UserError(f"{source}: ran into a bug of Kinetrail; please report what follows"))
            traceback.print_exception(trouble)
        failed += 1
    return not failed


def _run_one(
    job: Job, argument: str, stem: str, settings: Settings, console: Console, stop: threading.Event
) -> None:
    """Work through one source. Raises UserError where it was damaged, after everything else is done."""
    folder = Path(settings.output)
    threads = min(job.cores, DECODERS)
    with closing(open_source(argument, stem=stem, notice=console.say, stop=stop, threads=threads)) as source:
        info = source.info
        progress = Progress(info, console)
        try:
            summary = run(
                source,
                *job.stages(info),
                job.sinks(info, folder, console.say),
                stop=stop,
                show=progress.show,
            )
        finally:
            console.clear()
    if summary.written:
        result = Console(sys.stdout, quiet=settings.quiet)
        result.say(closing_line(info.name, summary, job.outputs(stem, folder)))
    if summary.damage:
        raise UserError(summary.damage)


def _place(path: Path) -> tuple[int, int] | None:
    """What tells a file from all others; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def closing_line(name: str, summary: Summary, files: Sequence[Path]) -> str:
    """What came of a source, for people: frames, people, speed, files."""
    frames = f"{summary.read} frames read, {summary.written} written"
    if summary.dropped:
        frames += f", {summary.dropped} dropped"
    if left := summary.read - summary.written - summary.dropped:
        frames += f", {left} left when stopped"
    people = f"{summary.people} {'person' if summary.people == 1 else 'people'} seen"
    fps = summary.written / summary.seconds
    return f"{name}: {frames}, {people}, {fps:.1f} fps -> {', '.join(map(str, files))}"
