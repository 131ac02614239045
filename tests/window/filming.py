"""A camera on loopback that films the demo clip, or an empty street."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import av
import cv2
import mjpeg
import numpy as np
from numpy.typing import NDArray

DEMO = Path(__file__).parents[2] / "assets" / "demo.mp4"


@cache
def demo() -> list[NDArray[np.uint8]]:
    """The first two seconds of the demo clip, as JPEGs: three people in view all the time."""
    with av.open(str(DEMO)) as clip:
        frames = (
            frame.to_ndarray(format="bgr24")
            for _, frame in zip(range(50), clip.decode(video=0), strict=False)
        )
        return [cv2.imencode(".jpg", cv2.resize(frame, (640, 360)))[1] for frame in frames]


class StreetCamera(mjpeg.MjpegCamera):
    """Shows the demo clip forwards and backwards; `empty` makes everyone vanish."""

    def __init__(self, rate: float = 15.0) -> None:
        super().__init__(rate=rate, size=(640, 360))
        self.empty = False
        self._nobody = cv2.imencode(".jpg", np.full((360, 640, 3), 90, np.uint8))[1]

    def _picture(self) -> NDArray[np.uint8]:
        film = demo()
        place = self.sent % (2 * len(film))
        return self._nobody if self.empty else film[min(place, 2 * len(film) - 1 - place)]
