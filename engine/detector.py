"""Where the people are in a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from engine.crop import Size, normalise
from engine.description import DetectorModel
from engine.errors import UserError
from engine.heads import HEADS, THRESHOLDS, unechoed
from engine.recognition import detector_model
from engine.session import Kept, Session, open_session, unheard, without_graphs
from engine.types import Array, Boxes, Image
from engine.ultralytics_file import is_ultralytics

#: The longer side of a picture as a network sees it that takes any size. RTMDet-nano is most exact there, and
#: finds almost as many small people as at 640 in less than half the time (benchmarks/detector.py).
LONG_SIDE = 416


class Detector(Protocol):
    """Finds people. Opened, used and closed in one thread."""

    def detect(self, images: Sequence[Image]) -> list[Boxes]:
        """The people in each of the pictures (H, W, 3), BGR, best first."""
        ...

    def close(self) -> None: ...


def open_detector(
    path: Path,
    device: str = "auto",
    threads: int = 0,
    *,
    threshold: float = 0.0,
    max_people: int = 0,
    long_side: int = LONG_SIDE,
    trust: bool = False,
    graphs: bool = False,
    notice: Callable[[str], None] = unheard,
) -> Detector:
    """A detector from its model file. Raises UserError where the file is none, or the device is not there.

    `trust`, `graphs` and `notice` are as for `open_session`.
    """
    session = open_network(path, device, threads, trust=trust, graphs=graphs, notice=notice)
    try:
        model = detector_model(path, session.signature)
    except UserError:
        session.close()
        raise
    return NetworkDetector(session, model, threshold=threshold, max_people=max_people, long_side=long_side)


def open_network(
    path: Path,
    device: str = "auto",
    threads: int = 0,
    *,
    trust: bool = False,
    graphs: bool = False,
    notice: Callable[[str], None] = unheard,
) -> Session:
    """As `open_session`, and Ultralytics' own files too, which only find people."""
    if not is_ultralytics(path):
        return open_session(path, device, threads, trust=trust, graphs=graphs, notice=notice)
    try:
        from engine.ultralytics_session import open_ultralytics
    except ImportError as error:
        raise UserError(
            f'{path.name}: needs PyTorch ({error}): pip install "kinetrail[train]", or export it to ONNX'
        ) from error
    session = open_ultralytics(path, device, threads, trust=trust)
    if graphs:
        notice(without_graphs(path.name, "Ultralytics' package runs it"))
    return Kept(session, path.name)


class NetworkDetector:
    """A detection network and what surrounds it: picture in, boxes in the picture's own pixels out.

    Pictures run one by one: with NMS inside, exports that leave the batch open may still fail on two pictures
    (RTMDet-nano does).
    """

    def __init__(
        self,
        session: Session,
        model: DetectorModel,
        *,
        threshold: float = 0.0,
        max_people: int = 0,
        long_side: int = LONG_SIDE,
    ) -> None:
        """`threshold` 0 stands for the network's own, `max_people` 0 for everyone.

        A network that takes any size sees pictures with a longer side of `long_side` pixels.
        """
        self._session = session
        self.on_cpu = bool(getattr(session, "on_cpu", True))  #: where the network runs
        self._model = model
        self._head = HEADS[model.head]
        self._threshold = threshold or model.threshold or THRESHOLDS[model.head]
        self._max_people = max_people
        self._long_side = long_side

    def detect(self, images: Sequence[Image]) -> list[Boxes]:
        """The people in each of the pictures (H, W, 3), BGR, best first, within the picture."""
        return [self._detect(image) for image in images]

    def close(self) -> None:
        self._session.close()

    def _detect(self, image: Image) -> Boxes:
        model, frame_size = self._model, (image.shape[0], image.shape[1])
        fit = fitted(frame_size, model.input_size, multiple=model.multiple, long_side=self._long_side)
        batch = normalise(fit.letter(image, model.fill)[None], model.mean, model.std, model.rgb)
        found = self._head(self._session.run(batch), model.person, self._threshold)
        xyxy, scores = unechoed(found, model.echo) if model.echo else found
        return _boxes(fit.to_frame(xyxy), scores, frame_size, self._max_people)


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture lies in the network's input: in its proportions, in the middle."""

    canvas: Size  #: of the network's input: height, width
    size: Size  #: of the picture in it
    frame_size: Size  #: of the picture as it is

    @property
    def corner(self) -> tuple[int, int]:
        """Row and column of the picture's first pixel."""
        return (self.canvas[0] - self.size[0]) // 2, (self.canvas[1] - self.size[1]) // 2

    def letter(self, image: Image, fill: int) -> Image:
        """The network's input (h, w, 3) with the picture (H, W, 3) in it, `fill` around it."""
        (top, left), (height, width) = self.corner, self.size
        canvas = np.full((*self.canvas, 3), fill, np.uint8)
        inside = canvas[top : top + height, left : left + width]
        cv2.resize(image, (width, height), dst=inside, interpolation=cv2.INTER_LINEAR)
        return canvas

    def to_frame(self, xyxy: Array) -> Array:
        """Box edges (N, 4) in the network's input -> edges in pixels of the picture.

        The network counts edges from the outer edge of the first pixel, and so does a resize: for both, a
        picture is as long as it has pixels. Here 0 is the centre of the first pixel, half a pixel further on.
        """
        corner = np.array(self.corner[::-1] * 2)
        scale = np.array(self.frame_size[::-1] * 2) / np.array(self.size[::-1] * 2)
        edges: Array = ((xyxy - corner) * scale - 0.5).astype(np.float32)
        return edges


def fitted(frame_size: Size, input_size: Size, *, multiple: int, long_side: int) -> Fit:
    """The place of a picture in an input of the given size; (0, 0): in one just big enough."""
    height, width = frame_size
    scale = long_side / max(frame_size)
    if input_size != (0, 0):
        scale = min(input_size[0] / height, input_size[1] / width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    whole = -(-size[0] // multiple) * multiple, -(-size[1] // multiple) * multiple
    return Fit(whole if input_size == (0, 0) else input_size, size, frame_size)


def _boxes(xyxy: Array, scores: Array, frame_size: Size, max_people: int) -> Boxes:
    """The best `max_people` boxes (0: all), cut to the picture; what is less than a pixel then is nobody."""
    height, width = frame_size
    inside = np.clip(xyxy, -0.5, np.array([width, height] * 2, np.float32) - 0.5)
    people = np.flatnonzero(((inside[:, 2:] - inside[:, :2]) >= 1).all(axis=1))
    best = people[np.argsort(-scores[people], kind="stable")][: max_people or None]
    return Boxes(inside[best].astype(np.float32), np.clip(scores[best], 0, 1).astype(np.float32))
