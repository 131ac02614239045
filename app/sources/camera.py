"""One connection to a camera on this machine."""

from __future__ import annotations

import os
import sys
from fractions import Fraction
from pathlib import Path
from typing import cast

import cv2

from app.sources.live import Lost
from app.sources.naming import natural
from engine.types import Image

LINUX = sys.platform.startswith("linux")


class Camera:
    """A Connection to the camera of this number."""

    def __init__(self, number: int) -> None:
        if LINUX:
            _check(number)
        # OpenCV waits 10 s for a camera that stopped sending, unless told before the first camera is opened.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
        self._capture = cv2.VideoCapture(number, cv2.CAP_V4L2 if LINUX else cv2.CAP_ANY)
        if not self._capture.isOpened():
            self._capture.release()
            raise Lost("it cannot be opened: another program may be using it, or it sends no pictures")
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, not the oldest of four
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = Fraction(rate).limit_denominator(1001) if 1 <= rate <= 1000 else Fraction(30)

    def read(self) -> list[Image]:
        """See Connection.read."""
        arrived, image = self._capture.read()
        if not arrived:
            raise Lost("it sends no picture")
        return [cast(Image, image)]

    def close(self) -> None:
        self._capture.release()


def _check(number: int, devices: Path = Path("/dev")) -> None:
    """Say what is wrong with a camera that cannot work, before OpenCV fails without a word."""
    device = devices / f"video{number}"
    if not device.exists():
        found = ", ".join(
            sorted((d.name.removeprefix("video") for d in devices.glob("video[0-9]*")), key=natural)
        )
        raise Lost(
            f"there is no {device}; " + (f"cameras here: {found}" if found else "no camera is connected")
        )
    if not os.access(device, os.R_OK | os.W_OK):
        raise Lost(f"no permission to use {device}: join the group that owns it, mostly `video`")
