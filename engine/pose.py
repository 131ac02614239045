"""Where the joints of each person are: crop, network, decode, and back to the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast, get_args

import numpy as np

from engine.crop import Affines, Size, affines, crops, normalise, to_frame
from engine.description import PoseModel
from engine.errors import UserError
from engine.heatmap import Decoder, Joints, decode, flip_back
from engine.recognition import gives_joints, pose_model, takes_pixels
from engine.session import Session, open_session, unheard
from engine.types import Array, Boxes, Image, Poses


def open_estimator(
    path: Path,
    device: str = "auto",
    threads: int = 0,
    *,
    decoder: str = "",
    flip: bool = False,
    batch: int = 0,
    trust: bool = False,
    graphs: bool = False,
    notice: Callable[[str], None] = unheard,
) -> PoseEstimator:
    """A pose estimator from its model file. UserError where the file is none, or the device is not there.

    `trust`, `graphs` and `notice` are as for `open_session`, the rest as for `PoseEstimator`.
    """
    session = open_session(path, device, threads, trust=trust, graphs=graphs, notice=notice)
    try:
        model = pose_model(path, session.signature)
        return PoseEstimator(session, model, decoder=decoder, flip=flip, batch=batch)
    except UserError:
        session.close()
        raise


class PoseEstimator:
    """A pose network and what surrounds it: boxes in, joints in the picture's pixels out.

    Normalisation and decoding are done here, or by the network where it has them inside.
    Opened, used and closed in one thread.
    """

    def __init__(
        self, session: Session, model: PoseModel, *, decoder: str = "", flip: bool = False, batch: int = 0
    ) -> None:
        """`decoder` "" stands for the model's own; `flip` averages the heatmaps of crop and mirror image.

        A run takes at most `batch` people, 0 standing for what suits the network best.
        """
        if decoder not in ("", *get_args(Decoder)):
            raise UserError(f"decoder {decoder}: there is {', '.join(get_args(Decoder))}")
        self.keypoints = model.keypoints  #: their names, in the order of the joints
        self._session = session
        self._model = model
        self._decoder = cast(Decoder, decoder or model.decoder)
        self._unbiased = model.decoder == "udp"  # the crop is the one of the training, however it is decoded
        self._pixels, self._inside = takes_pixels(session.signature), gives_joints(session.signature)
        self._pairs = _pairs(model.keypoints)
        self._flip = flip
        self._rows = min(session.max_batch, batch or session.best_batch)
        if self._inside and (flip or self._decoder != model.decoder):
            raise UserError(
                f"this pose network decodes its heatmaps itself, by {model.decoder}; flip and other decoders"
                " need one that does not"
            )
        if flip and not self._pairs:
            raise UserError(
                "flip: the pose network does not name its left and right keypoints left_... and right_..."
            )

    def __call__(self, image: Image, boxes: Boxes) -> Poses:
        """The joints of each person in one picture (H, W, 3), BGR."""
        return self.estimate([image], [boxes])[0]

    def estimate(self, images: Sequence[Image], boxes: Sequence[Boxes]) -> list[Poses]:
        """The joints of each person in several pictures, who share the network's runs."""
        size = self._model.input_size
        warps = [affines(found.xyxy, size, unbiased=self._unbiased) for found in boxes]
        patches = [crops(image, warp, size) for image, warp in zip(images, warps, strict=True)]
        ends = np.cumsum([len(found) for found in boxes])[:-1]
        columns = [np.split(column, ends) for column in self._joints(patches, warps)]
        return [Poses(*frame) for frame in zip(boxes, *columns, strict=False)]

    def close(self) -> None:
        self._session.close()

    def _joints(self, patches: Sequence[Image], warps: Sequence[Affines]) -> tuple[Array, Array, Array]:
        """Crops (N_i, h, w, 3) of each frame, and their affines -> joints (N, K, 2), scores and spread.

        Joints are in the frames' pixels.
        """
        n, k = sum(map(len, patches)), len(self.keypoints)
        keypoints, scores, spread = (np.zeros((n, k, *xy), np.float32) for xy in ((2,), (), ()))
        if n:  # nobody costs nothing
            people, cuts = np.concatenate(patches), np.concatenate(warps)
        for start in range(0, n, self._rows):
            rows = slice(start, start + self._rows)
            found, size = self._cells(people[rows])
            scores[rows], spread[rows] = found.scores, found.spread
            keypoints[rows] = to_frame(
                found.cells, cuts[rows], self._model.input_size, size, unbiased=self._unbiased
            )
        return keypoints, scores, spread

    def _cells(self, people: Image) -> tuple[Joints, Size]:
        """Crops (N, h, w, 3) -> joints in cells of a grid, and the grid's size."""
        if self._inside:
            joints, scores = self._session.run(self._input(people))
            return Joints(joints, scores, np.ones_like(scores)), self._model.input_size
        heatmaps = self._heatmaps(people)
        found = decode(heatmaps, self._decoder, sigma=self._model.sigma)
        return found, (heatmaps.shape[2], heatmaps.shape[3])

    def _heatmaps(self, people: Image) -> Array:
        """Crops (N, h, w, 3) -> heatmaps (N, K, h', w')."""
        heatmaps = self._run(self._input(people))
        if not self._flip:
            return heatmaps
        mirrored = self._run(self._input(np.ascontiguousarray(people[:, :, ::-1])))
        heatmaps += flip_back(mirrored, self._pairs, shift=not self._unbiased)
        heatmaps *= 0.5
        return heatmaps

    def _input(self, people: Image) -> Array | Image:
        """What the network takes of crops (N, h, w, 3)."""
        model = self._model
        return people if self._pixels else normalise(people, model.mean, model.std, model.rgb)

    def _run(self, batch: Array | Image) -> Array:
        heatmaps = self._session.run(batch)[0]
        if heatmaps.ndim != 4 or heatmaps.shape[1] != len(self.keypoints):
            raise UserError(
                f"the pose network answers {heatmaps.shape}, not {len(self.keypoints)} heatmaps each"
            )
        return heatmaps


def _pairs(keypoints: Sequence[str]) -> list[tuple[int, int]]:
    """Which keypoints change places in a mirror: left_... and right_... of the same name."""
    at = {name: number for number, name in enumerate(keypoints)}
    sides = [
        (number, at.get(name.replace("left_", "right_", 1)))
        for name, number in at.items()
        if name.startswith("left_")
    ]
    return [(left, right) for left, right in sides if right is not None]
