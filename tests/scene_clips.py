"""Short clips of rendered people, drawn once and kept in a folder, so that tests get them cheaply.

Tests have the fixture `rendered`: `rendered.of(crossing())` is 2 s of 320x180 at 25 fps with its truth,
`rendered.mp4(crossing())` the same as a file. Drawing takes 1 to 4 s for the story and 40 ms a frame; reading
what was drawn before takes milliseconds.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from scene import Scene, Story, Truth

from engine.types import Frame

SIZE = (320, 180)
BT601 = 6  #: what cv2 and PyAV take a picture without mark for, at any size


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Rendered frames and what is true of each."""

    rate: Fraction  #: frames per second
    frames: tuple[Frame, ...]
    truths: tuple[Truth, ...]


def clip(
    story: Story,
    fps: Fraction | int = 25,
    seconds: float = 2.0,
    size: tuple[int, int] = SIZE,
    samples: int = 1,
) -> Iterator[tuple[Frame, Truth]]:
    """Frames 0, 1, ... of a story from time 0, each drawn when it is asked for."""
    scene = Scene(story.filmed(size, samples))
    for index in range(round(seconds * fps)):
        time = float(index / Fraction(fps))
        image, truth = scene.frame(time)
        yield Frame(index, time, image), truth


def write_mp4(path: Path, frames: Iterable[Frame], fps: Fraction | int, crf: int = 20) -> None:
    """H.264 in 4:2:0 with the index first, each frame at index / fps; width and height must be even.

    A gap between indices stays a gap in time.
    """
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as box:
        stream = box.add_stream("libx264", rate=Fraction(fps), options={"crf": str(crf), "preset": "medium"})
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.colorspace = BT601
        for frame in frames:
            if not stream.codec_context.is_open:
                stream.height, stream.width = frame.image.shape[:2]
            picture = av.VideoFrame.from_ndarray(frame.image, format="bgr24")
            picture.pts, picture.time_base = frame.index, 1 / Fraction(fps)
            box.mux(stream.encode(picture))
        box.mux(stream.encode(None))


class Clips:
    """Clips in a folder. What is drawn is drawn anew when the renderer's source changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        source = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("scene*.py"))]
        self.renderer = hashlib.sha256(b"".join(source)).hexdigest()

    def of(
        self,
        story: Story,
        fps: Fraction | int = 25,
        seconds: float = 2.0,
        size: tuple[int, int] = SIZE,
        samples: int = 1,
    ) -> Clip:
        """A clip of a story, as `clip` draws it."""
        path = self._path(story, fps, seconds, size, samples, ".npz")
        if not path.exists():
            frames, truths = zip(*clip(story, fps, seconds, size, samples), strict=True)
            with half_done(path) as beside:
                save(beside, Clip(Fraction(fps), frames, truths))
        return load(path, Fraction(fps))

    def mp4(
        self,
        story: Story,
        fps: Fraction | int = 25,
        seconds: float = 2.0,
        size: tuple[int, int] = SIZE,
        samples: int = 1,
    ) -> Path:
        """The same clip as a video file, to be read and not changed."""
        path = self._path(story, fps, seconds, size, samples, ".mp4")
        if not path.exists():
            drawn = self.of(story, fps, seconds, size, samples)
            with half_done(path) as beside:
                write_mp4(beside, drawn.frames, fps)
        return path

    def _path(self, *asked: object) -> Path:
        key = hashlib.sha256(repr((self.renderer, asked[:-1])).encode()).hexdigest()
        return self.folder / f"{key[:20]}{asked[-1]}"


@contextmanager
def half_done(path: Path) -> Iterator[Path]:
    """A file to write beside `path`, moved there when complete, for other workers look for it too."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        beside = Path(folder, path.name)
        yield beside
        beside.replace(path)


def save(path: Path, drawn: Clip) -> None:
    truths = drawn.truths
    np.savez(
        path,
        images=np.stack([f.image for f in drawn.frames]),
        people=[len(t) for t in truths],
        ids=np.concatenate([t.ids for t in truths]),
        keypoints=np.concatenate([t.keypoints for t in truths]),
        visibility=np.concatenate([t.visibility for t in truths]),
        boxes=np.concatenate([t.boxes for t in truths]),
        seen=np.concatenate([t.seen for t in truths]),
    )


def load(path: Path, rate: Fraction) -> Clip:
    with np.load(path) as kept:
        images, ends = kept["images"], np.cumsum(kept["people"])[:-1]
        names = ("ids", "keypoints", "visibility", "boxes", "seen")
        columns = [np.split(kept[name], ends) for name in names]
    frames = tuple(Frame(i, float(i / rate), image) for i, image in enumerate(images))
    return Clip(rate, frames, tuple(Truth(*row) for row in zip(*columns, strict=True)))
