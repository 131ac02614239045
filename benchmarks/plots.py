"""What the plots cost the window: `python -m benchmarks.plots`.

CPU time of the window's thread for each second of 60 results, of one person among three, with the six plots
shown at first (8 curves of joints, trunk, speed). The panel is 360 x 640.
"""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median

import numpy as np

import benchmarks.events  # noqa: F401 (before Qt)

# isort: split
from PySide6.QtWidgets import QApplication

from app.ui.plots import Plots
from benchmarks.draw import side_by_side
from trackers.types import Tracks

RATE = 60
DRAWN: list[int] = []  #: the second of each drawing


def main() -> None:
    application = QApplication([])
    for number, seconds in enumerate((5, 10, 30)):
        plots = Plots()
        plots.resize(360, 640)
        plots.bar.span.setCurrentIndex(number)
        plots.show()
        costs = [second(plots, application, n) for n in range(36)]
        often = sum(n > 30 for n in DRAWN) / 5
        print(f"{seconds:2} s shown: {median(costs[31:]):5.1f} ms a second, drawn {often:.0f} times")  # noqa: T201
        DRAWN.clear()
        plots.close()


def second(plots: Plots, application: QApplication, number: int) -> float:
    """Milliseconds for one second of results; the timer is run by hand, so that none is waited for."""
    rng = np.random.default_rng(number)
    results = [swaying(number + n / RATE, rng) for n in range(RATE)]
    began, drawn = time.thread_time(), -1.0
    for n, tracks in enumerate(results):
        plots.add(number + n / RATE, tracks, 2)
        if n / RATE - drawn >= plots._timer.interval() / 1000 - 0.5 / RATE:
            drawn = n / RATE
            plots._timer.stop()
            plots._redraw()
            application.processEvents()
            DRAWN.append(number)
    return 1000 * (time.thread_time() - began)


_THREE = side_by_side(3, 1280, 720)


def swaying(moment: float, rng: np.random.Generator) -> Tracks:
    """Three people whose joints swing and tremble."""
    swing = 12 * np.sin(5 * moment + np.arange(17))[:, None]
    joints = _THREE.keypoints + swing + rng.normal(0, 1.5, _THREE.keypoints.shape)
    return replace(_THREE, keypoints=joints.astype(np.float32))


if __name__ == "__main__":
    main()
