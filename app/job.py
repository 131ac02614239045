"""The work on a source as the settings want it: which stages with which models, and which files."""

from __future__ import annotations

import dataclasses
import math
import os
import threading
from collections.abc import Callable
from pathlib import Path

import cv2

from app.following import Following
from app.networks.engines import engines_of
from app.networks.part import sha256
from app.outputs.mp4 import Mp4
from app.outputs.partial import Ready, unasked
from app.outputs.table import Csv
from app.pace import Pace
from app.progress import Console
from app.results import Results, check_room, room_s
from app.settings import Settings
from app.sources import unheard
from app.stages import Stages, detect, pose, together, track
from app.store.about import Model, Recipe, fingerprint
from app.store.writer import ENDING as SESSION
from app.store.writer import Writer
from app.types import NOTHING_BEFORE, Before, Result, Sink, SourceInfo
from app.wishes import rhythm, target
from engine.detector import Detector, open_detector
from engine.errors import UserError
from engine.models import model_file
from engine.pose import PoseEstimator, open_estimator
from trackers.smoothing import lag, smoother
from trackers.tracker import Tracker

#: Smoothing unless told otherwise: of a camera; of a recording, which nobody waits for.
LIVE, RECORDED, RECORDED_S = "live", "lag:0.3s", 0.3


def everyone(result: Result) -> Result:
    """Nobody is left out."""
    return result


class ModelRefused(UserError):
    """A model that cannot be used: no source of the call can be worked on."""


class Job:
    """Stages and sinks as the settings want them."""

    def __init__(
        self, settings: Settings, notice: Callable[[str], None] = unheard, *, cores: int = 0
    ) -> None:
        """Raises UserError where a model is missing or nothing would be written.

        `cores`: how many it may keep busy, 0 for all.
        `notice` is told once what is worth knowing of how the networks run, by the thread that opens them.
        """
        if settings.no_video and settings.no_csv and settings.no_session:
            raise UserError(
                "--no-video, --no-csv and --no-session together leave nothing to write; leave one of them out"
            )
        self._settings = settings
        self._notice, self._noticed, self._one = notice, set[str](), threading.Lock()
        self._detector = model_file("detector", settings.detector)
        self._pose = model_file("pose", settings.pose)
        self.cores = cores or len(os.sched_getaffinity(0))
        self._keypoints: tuple[str, ...] = ()  # names, known once the pose network is open
        self._digests: dict[Path, str] = {}  # of models
        cv2.setNumThreads(1)  # each stage has its own thread; OpenCV's pool would only fight with them

    def use_engines(self, console: Console, stop: threading.Event, *, build: bool = True) -> None:
        """Run TensorRT engines in place of ONNX files, where there are any, or can be if we may `build`."""
        files = self._detector, self._pose
        self._detector, self._pose = engines_of(files, self._settings.device, console, stop, build=build)

    def stages(
        self,
        info: SourceInfo,
        choose: Callable[[Result], Result] = everyone,
        before: Before = NOTHING_BEFORE,
    ) -> Stages:
        """From pictures to results. Each opens its network in its own thread, for what was not seen `before`.

        Raises UserError where the source cannot be smoothed as the settings want it.
        """
        how = self.smoothing(info)
        if (delay := smoother(how).delay) < math.inf:
            check_room(delay, info)
        else:
            how, choose = "live", everyone  # both come when all is known
        every = rhythm(self._settings.detect_every)

        def make_results() -> Results:
            return Results(smoother(how), choose)

        def make_tracker() -> Tracker:
            """Pictures that need not follow on one another are believed each by itself."""
            remember = self._settings.remember
            return Tracker(remember=remember, certain=0.0) if info.stills else Tracker(remember=remember)

        if every == 1 or info.stills:
            tracked = track(make_tracker, make_results, film=not info.stills)
            return [detect(self._open_detector, before), pose(self._open_pose, before), tracked]

        def make_pace() -> Pace:
            return Pace(every, live=info.live)

        opened = self._open_detector, self._open_pose
        return [together(*opened, make_tracker, make_results, make_pace, before)]

    def smoothing(self, info: SourceInfo) -> str:
        """The name of the smoother for a source. UserError where it would have to wait for ever."""
        how = self._settings.smooth
        if how == "full" and info.live:
            raise UserError(
                f"{info.name}: smooth full needs the end of a recording, which a live source has not; use"
                " --smooth lag:0.3s, or live"
            )
        usual = LIVE if info.live or room_s(info) < RECORDED_S else RECORDED
        return "off" if info.stills else how or usual

    def lag_ms(self, info: SourceInfo) -> float:
        """By how much joints shown are late while somebody starts to walk.

        Or by how much all is late, where smoothing waits for what comes.
        """
        return 1e3 * lag(self.smoothing(info), 1 / float(info.rate))

    def following(self) -> Following | None:
        """Of whom alone is to be told; None: of everyone."""
        wanted = self._settings.follow
        return Following(target(wanted)) if wanted else None

    def outputs(self, stem: str, folder: Path) -> list[Path]:
        """The files that a source with this stem is turned into."""
        s = self._settings
        wanted = ((".mp4", not s.no_video), (".csv", not s.no_csv), (SESSION, not s.no_session))
        return [folder / f"{stem}{ending}" for ending, write in wanted if write]

    def sinks(
        self,
        info: SourceInfo,
        folder: Path,
        notice: Callable[[str], None],
        *,
        place: str = "",
        resume: bool = False,
        ready: Ready = unasked,
    ) -> list[Callable[[], Sink]]:
        """What opens the files; to be called once the first result is there.

        `place`: the path of a source that is a file or a folder. `resume`: the session is there, and goes on.
        `ready` is told of each of the other files when it is whole, right before it gets its name.
        """
        s = self._settings
        mark = fingerprint(Path(place)) if place else ""  # now: by the first result it may be another file
        overwrite = s.overwrite or resume  # what a run left that goes on here is made anew

        def opener(path: Path) -> Callable[[], Sink]:
            if path.suffix == ".csv":
                return lambda: Csv(
                    path, self._keypoints, s.keypoint_threshold, overwrite=overwrite, ready=ready
                )
            if path.suffix == SESSION:
                return lambda: Writer(
                    path, info, self.recipe(info, place, mark), overwrite=overwrite, resume=resume
                )
            threads = self.cores
            return lambda: Mp4(
                path,
                info,
                s.keypoint_threshold,
                notice=notice,
                overwrite=overwrite,
                ready=ready,
                threads=threads,
            )

        return [opener(path) for path in self.outputs(info.stem, folder)]

    def session(self, stem: str, folder: Path) -> Path:
        """The session of a source with this stem, whether one is wanted or not."""
        return folder / f"{stem}{SESSION}"

    def recipe(self, info: SourceInfo, place: str, mark: str = "") -> Recipe:
        """What a session of the source is measured with, `mark`: its fingerprint, where that is known.

        UserError where a model cannot be read.
        """
        models = tuple(
            Model(kind, path.name, self._digest(path))
            for kind, path in (("detector", self._detector), ("pose", self._pose))
        )
        path = str(Path(place).absolute()) if place else ""
        settings = dataclasses.asdict(self._settings)
        del settings["output"], settings["pose"], settings["detector"]  # paths of this machine
        mark = mark or (fingerprint(Path(path)) if path else "")
        return Recipe(info.name, path, mark, self._keypoints, settings, models)

    def _digest(self, path: Path) -> str:
        """The sha256 of a model, read once."""
        if path not in self._digests:
            self._digests[path] = sha256(path)
        return self._digests[path]

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
