"""What painting the window costs: `python -m benchmarks.painting`.

Medians of CPU time in milliseconds, on the offscreen platform, which paints as a desktop does.
People stand side by side, a quarter to three quarters as high as the picture. Scores are like those of a good
network (four joints of five surer than 0.7), or spread evenly over [0.3, 1]: then four limbs of five fade.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import cv2
import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):  # OpenCV's, which Qt must not take
    os.environ.pop(name, None)

from PySide6.QtCore import QRectF  # noqa: E402
from PySide6.QtGui import QImage, QPainter  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from app.ui.canvas import Canvas  # noqa: E402
from app.ui.picture import over  # noqa: E402
from app.ui.view import Cast, View  # noqa: E402
from benchmarks.draw import picture, side_by_side  # noqa: E402
from engine.types import Frame, Image  # noqa: E402
from trackers.types import Tracks  # noqa: E402

SIZES = ((1280, 720), (1600, 900), (1920, 1080), (2560, 1440), (3840, 2160))
VIEWS = {
    "skeletons, numbers": View(),
    "and boxes": View(boxes=True),
    "and names of joints": View(joint_names=True),
    "and trails at 25 fps": View(trails=True),
    "faces blurred": View(blur_faces=True),
    "mirrored": View(mirror=True),
    "without picture": View(picture=False),
    "picture alone": View(skeleton=False, ids=False),
}


def main() -> None:
    application = QApplication.instance() or QApplication([])
    cv2.setNumThreads(1)
    image = picture(1920, 1080)
    print("1080p painted in a widget of the same size, 5 people")  # noqa: T201
    for name, view in VIEWS.items():
        cost = painting(image, crowd(sure=True), view, Cast(), 1920, 1080)
        print(f"  {name:32}{cost:8.2f} ms")  # noqa: T201
    locked = painting(image, crowd(sure=True), View(), Cast(locked=3), 1920, 1080)
    faint = painting(image, crowd(sure=False), View(), Cast(), 1920, 1080)
    print(f"  {'one person locked on':32}{locked:8.2f} ms")  # noqa: T201
    print(f"  {'four limbs of five fade':32}{faint:8.2f} ms")  # noqa: T201
    print("1080p with 5 people in other widgets; and ways to paint the picture alone")  # noqa: T201
    for width, height in SIZES:
        whole = painting(image, crowd(sure=True), View(), Cast(), width, height)
        others = ", ".join(f"{name} {cost:.1f}" for name, cost in ways(image, width, height).items())
        print(f"  {width:4} x {height:4}   {whole:6.2f} ms   {others}")  # noqa: T201
    application.processEvents()


def crowd(*, sure: bool) -> Tracks:
    """Five people; sure: four joints of five are."""
    tracks = side_by_side(5, 1920, 1080)
    if not sure:
        return tracks
    rng = np.random.default_rng(3)
    low = rng.random(tracks.scores.shape) < 0.2
    scores = np.where(low, rng.uniform(0.3, 0.7, low.shape), rng.uniform(0.7, 1.0, low.shape))
    return replace(tracks, scores=scores.astype(np.float32))


def painting(image: Image, tracks: Tracks, view: View, cast: Cast, width: int, height: int) -> float:
    """A result shown and painted, milliseconds."""
    canvas = Canvas()
    canvas.setFixedSize(width, height)
    canvas.set_view(view)
    canvas.set_cast(cast)
    surface = QImage(width, height, QImage.Format.Format_RGB32)
    index = iter(range(10**6))

    def once() -> None:
        number = next(index)
        moved = replace(tracks, keypoints=tracks.keypoints + np.float32(1.37 * (number % 31)))
        began = time.process_time()
        canvas.show_result(Frame(number, number / 25, image), moved)
        canvas.render(surface)
        costs.append(time.process_time() - began)

    costs: list[float] = []
    for _ in range(160):
        once()
    canvas.deleteLater()
    return 1000 * median(costs[30:])


def ways(image: Image, width: int, height: int) -> dict[str, float]:
    """Ways to paint the picture alone into a widget of that size, milliseconds."""
    surface = QImage(width, height, QImage.Format.Format_RGB32)
    straight = over(image)

    def draw(made: QImage, *, smooth: bool) -> None:
        painter = QPainter(surface)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(QRectF(0, 0, width, height), made, QRectF(made.rect()))
        painter.end()

    def pad(*, smooth: bool) -> None:
        padded = cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
        made = QImage(padded.data, 1920, 1080, padded.strides[0], QImage.Format.Format_RGB32)
        draw(made, smooth=smooth)

    def resize() -> None:
        scaled = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        draw(over(np.asarray(scaled, np.uint8)), smooth=False)

    return {
        "Qt 24 bits": milliseconds(lambda: draw(straight, smooth=False)),
        "smooth": milliseconds(lambda: draw(straight, smooth=True)),
        "OpenCV then Qt": milliseconds(resize),
        "padded to 32 bits": milliseconds(lambda: pad(smooth=False)),
        "padded, smooth": milliseconds(lambda: pad(smooth=True)),
    }


def milliseconds(work: Callable[[], object], times: int = 40) -> float:
    def once() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return 1000 * median(once() for _ in range(times))


if __name__ == "__main__":
    main()
