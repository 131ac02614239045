"""Networks that open while the camera does: the first skeleton waits for the slower of them, not for all."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar, cast

import numpy as np

from app.job import Job
from app.progress import Console
from app.settings import Settings
from engine.detector import Detector
from engine.pose import PoseEstimator
from engine.types import Boxes, Image, Poses

N = TypeVar("N", Detector, PoseEstimator)
T = TypeVar("T")

#: What networks run on first, which takes longer than all that follows.
_BLANK: Image = np.zeros((360, 640, 3), np.uint8)
_SOMEBODY = Boxes(np.array([[280, 60, 360, 300]], np.float32), np.ones(1, np.float32))


class JobAhead(Job):
    """A Job that opens its networks at once, in threads of their own. For one source, then to be closed."""

    def __init__(self, settings: Settings, opened: Callable[[str], None]) -> None:
        """`opened` is told where people are looked for, "CPU" or "GPU", by the thread that needs the network.

        UserError where a model is missing. TensorRT engines are used where there are any, but not built.
        """
        whole = replace(settings, no_video=False, no_csv=False, no_session=False, follow="", overwrite=False)
        super().__init__(whole)
        self.use_engines(Console(io.StringIO(), quiet=True), threading.Event(), build=False)
        self._opened = opened
        self._early_detector = EarlyDetector(super()._open_detector)
        self._early_pose = EarlyEstimator(super()._open_pose)

    @property
    def models(self) -> tuple[Path, Path]:
        """The files of detector and pose network."""
        return self._detector, self._pose

    def close(self) -> None:
        """Close both networks, whoever uses them or not."""
        with closing(self._early_pose):
            self._early_detector.close()

    def _open_detector(self) -> Detector:
        self._early_detector.wait()
        self._opened("CPU" if self._early_detector.on_cpu else "GPU")
        return self._early_detector

    def _open_pose(self) -> PoseEstimator:
        self._early_pose.wait()
        return cast(PoseEstimator, self._early_pose)


class Early(Generic[N]):
    """A network opened, used and closed in a thread of its own, by whoever calls from any other."""

    def __init__(self, open_network: Callable[[], N], first_run: Callable[[N], object]) -> None:
        self._alone = ThreadPoolExecutor(1, "network")
        self._network: Future[N] = self._alone.submit(open_network)
        self._first = self._alone.submit(lambda: first_run(self._network.result()))
        self._closed = False

    def wait(self) -> None:
        """Until it is open and has run once. Raises what opening or running did."""
        self._first.result()

    def close(self) -> None:
        """Close the network, and end the thread. A second time does nothing."""
        try:
            if not self._closed and self._network.exception() is None:
                self._use(lambda network: network.close())
        finally:
            self._closed = True
            self._alone.shutdown()

    def _use(self, work: Callable[[N], T]) -> T:
        return self._alone.submit(work, self._network.result()).result()


class EarlyDetector(Early[Detector]):
    """A Detector."""

    def __init__(self, open_network: Callable[[], Detector]) -> None:
        super().__init__(open_network, lambda network: network.detect([_BLANK]))

    @property
    def on_cpu(self) -> bool:
        return bool(getattr(self._network.result(), "on_cpu", True))

    def detect(self, images: Sequence[Image]) -> list[Boxes]:
        """See Detector.detect."""
        return self._use(lambda network: network.detect(images))


class EarlyEstimator(Early[PoseEstimator]):
    """What stages use of a PoseEstimator."""

    def __init__(self, open_network: Callable[[], PoseEstimator]) -> None:
        super().__init__(open_network, lambda network: network(_BLANK, _SOMEBODY))

    @property
    def keypoints(self) -> tuple[str, ...]:
        keypoints: tuple[str, ...] = self._network.result().keypoints
        return keypoints

    def __call__(self, image: Image, boxes: Boxes) -> Poses:
        """See PoseEstimator.__call__."""
        return self._use(lambda network: network(image, boxes))

    def estimate(self, images: Sequence[Image], boxes: Sequence[Boxes]) -> list[Poses]:
        """See PoseEstimator.estimate."""
        return self._use(lambda network: network.estimate(images, boxes))
