"""Films of the stories: pictures and truth, rendered once and kept in a folder.

Rendering takes 50 to 100 ms a frame, reading 2 ms. Pictures are kept as H.264, which is what cameras send;
the truth is kept exactly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from scene import Scene, Truth
from scene_clips import half_done, write_mp4
from stories import Tale
from stories_network import Watcher
from walkers import Shot

from engine.types import Frame, Image

SIZE = (640, 360)
PARTS = ("ids", "keypoints", "visibility", "boxes", "seen")


@dataclass(frozen=True)
class Film:
    """A tale as filmed: what is kept of it, dropped frames left out."""

    tale: Tale
    pictures: Path
    indices: np.ndarray  #: (F,) of the frames that came through
    truths: tuple[Truth, ...]  #: of those

    @property
    def times(self) -> np.ndarray:
        """(F,) seconds."""
        return self.indices / self.tale.fps

    def images(self) -> Iterator[Image]:
        """(H, W, 3) BGR, one for each index."""
        wanted = set(self.indices.tolist())
        with av.open(str(self.pictures)) as box:
            for index, frame in enumerate(box.decode(video=0)):
                if index in wanted:
                    yield frame.to_ndarray(format="bgr24")

    def shots(self, seed: int = 0) -> list[Shot]:
        """What the tale's network says of each frame."""
        times = [float(t) for t in self.times]
        return Watcher(self.tale.network, SIZE, seed).watch(zip(times, self.truths, strict=True))


def films(tales: list[Tale], folder: Path, workers: int = 2) -> list[Film]:
    """Each tale's film, in their order; those not in the folder are rendered, several at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = {path_of(t, folder): t for t in tales if not path_of(t, folder).exists()}
    if len(missing) > 1:
        with ProcessPoolExecutor(workers) as pool:
            list(pool.map(render, missing.values(), [folder] * len(missing)))
    return [film(tale, folder) for tale in tales]


def film(tale: Tale, folder: Path) -> Film:
    path = path_of(tale, folder)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        render(tale, folder)
    with np.load(path) as kept:
        ends = np.cumsum(kept["people"])[:-1]
        columns = [np.split(kept[part], ends) for part in PARTS]
    truths = [Truth(*row) for row in zip(*columns, strict=True)]
    came = np.flatnonzero(np.random.default_rng(1).random(len(truths)) >= tale.dropped)
    return Film(tale, path.with_suffix(".mp4"), came, tuple(truths[i] for i in came))


def path_of(tale: Tale, folder: Path) -> Path:
    """Of the truth; the pictures lie beside it. Anew for any change of the story or of the renderer."""
    source = [file.read_bytes() for file in sorted(Path(__file__).parent.glob("scene*.py"))]
    asked = repr((tale.story, tale.seconds, tale.fps, SIZE)).encode()
    return folder / f"{hashlib.sha256(b''.join(source) + asked).hexdigest()[:20]}.npz"


def render(tale: Tale, folder: Path) -> None:
    scene, truths, path = Scene(tale.story.filmed(SIZE, 1)), [], path_of(tale, folder)

    def frames() -> Iterator[Frame]:
        for index in range(round(tale.seconds * tale.fps)):
            image, truth = scene.frame(index / tale.fps)
            truths.append(truth)
            yield Frame(index, index / tale.fps, image)

    with half_done(path.with_suffix(".mp4")) as beside:
        write_mp4(beside, frames(), tale.fps, crf=18)
    columns = {part: np.concatenate([getattr(truth, part) for truth in truths]) for part in PARTS}
    with half_done(path) as beside:
        np.savez_compressed(beside, people=[len(truth) for truth in truths], **columns)
