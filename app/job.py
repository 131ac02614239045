"""A whole call of `kinetrail run`: which models, which sources, which files, and what is said about them."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2

from app.outputs import check
from app.outputs.mp4 import Mp4
from app.outputs.table import Csv
from app.pipeline import Summary, run
from app.progress import Console, Progress
from app.settings import Settings
from app.sources import expand, open_source, stems
from app.stages import DetectStage, PoseStage, TrackStage, detect, pose, track
from app.types import Sink, SourceInfo
from engine.detector import Detector, open_detector
from engine.errors import UserError
from engine.models import default_model
from engine.pose import PoseEstimator, open_estimator
from trackers.tracker import Tracker


class ModelRefused(UserError):
    """A model that cannot be used: no source of the call can be worked on."""


class Job:
    """Stages and sinks as the settings want them."""

    def __init__(self, settings: Settings) -> None:
        """Raises UserError where a model is missing or nothing would be written."""
        if settings.no_video and settings.no_csv:
            raise UserError("--no-video and --no-csv together leave nothing to write; leave one of them out")
        self._settings = settings
        self._detector = Path(settings.detector) if settings.detector else default_model("detector")
        self._pose = Path(settings.pose) if settings.pose else default_model("pose")
        self._cores = len(os.sched_getaffinity(0))
        self._keypoints: tuple[str, ...] = ()  # names, known once the pose network is open
        cv2.setNumThreads(1)  # each stage has its own thread; OpenCV's pool would only fight with them

    def stages(self) -> tuple[DetectStage, PoseStage, TrackStage]:
        """Each opens its network in its own thread."""
        smooth = self._settings.smooth != "off"
        return detect(self._open_detector), pose(self._open_pose), track(lambda: Tracker(smooth=smooth))

    def outputs(self, stem: str, folder: Path) -> list[Path]:
        """The files that a source with this stem is turned into."""
        s = self._settings
        wanted = ((".mp4", not s.no_video), (".csv", not s.no_csv))
        return [folder / f"{stem}{ending}" for ending, write in wanted if write]

    def sinks(self, info: SourceInfo, folder: Path) -> list[Sink]:
        """Open the files. Called at the first result, when the names of the keypoints are known."""
        threshold = self._settings.keypoint_threshold
        return [
            Csv(path, self._keypoints, threshold)
            if path.suffix == ".csv"
            else Mp4(path, info, threshold, threads=self._cores)
            for path in self.outputs(info.stem, folder)
        ]

    def _open_detector(self) -> Detector:
        s = self._settings
        try:
            return open_detector(
                self._detector,
                s.device,
                self._cores,
                threshold=s.detection_threshold,
                max_people=s.max_people,
            )
        except UserError as error:
            raise ModelRefused(str(error)) from error

    def _open_pose(self) -> PoseEstimator:
        s = self._settings
        try:
            estimator = open_estimator(self._pose, s.device, self._cores, decoder=s.decode, flip=s.flip)
        except UserError as error:
            raise ModelRefused(str(error)) from error
        self._keypoints = estimator.keypoints
        return estimator


def run_all(arguments: Sequence[str], settings: Settings, stop: threading.Event) -> bool:
    """Work through all sources; whether everything went well.

    What is wrong with one source is told and the others go on. Raises UserError where nothing can go on.
    """
    job = Job(settings)
    sources = expand(arguments)
    well = True
    for argument, stem in zip(sources, stems(sources), strict=True):
        if stop.is_set():
            break
        try:
            well &= _run_one(job, argument, stem, settings, stop)
        except ModelRefused:
            raise
        except UserError as error:
            well = False
            sys.stderr.write(f"kinetrail: {error}\n")
    return well


def _run_one(job: Job, argument: str, stem: str, settings: Settings, stop: threading.Event) -> bool:
    """Work through one source; whether it was whole."""
    folder = Path(settings.output)
    for path in job.outputs(stem, folder):
        check(path, overwrite=settings.overwrite)
    console = Console(sys.stderr, quiet=settings.quiet)
    with closing(open_source(argument, stem=stem, notice=console.say)) as source:
        progress = Progress(source.info, console)
        try:
            summary = run(
                source, *job.stages(), lambda: job.sinks(source.info, folder), stop=stop, show=progress.show
            )
        finally:
            console.clear()
    if summary.written and not settings.quiet:
        sys.stdout.write(closing_line(source.info.name, summary, job.outputs(stem, folder)) + "\n")
        sys.stdout.flush()
    if summary.damage:
        sys.stderr.write(f"kinetrail: {summary.damage}\n")
    return not summary.damage


def closing_line(name: str, summary: Summary, files: Sequence[Path]) -> str:
    """What came of a source, for people: frames, people, speed, files."""
    fps = summary.written / summary.seconds
    frames = f"{summary.read} frames read, {summary.written} written"
    if summary.dropped:
        frames += f", {summary.dropped} dropped"
    people = f"{summary.people} {'person' if summary.people == 1 else 'people'} seen"
    return f"{name}: {frames}, {people}, {fps:.1f} fps -> {', '.join(map(str, files))}"
