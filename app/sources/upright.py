"""Decoded frames become BGR pictures, turned the way they are meant to be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import av
import cv2
import numpy as np
from av.buffer import Buffer
from av.sidedata.sidedata import Type
from av.video.reformatter import Colorspace, VideoReformatter

from engine.types import Image

CODED = {1, 4, 5, 6, 7, 9}  #: AVColorSpace values that say how Y, U and V were made and that FFmpeg can undo
HD = 576  #: lines; larger pictures without a tag are BT.709, as every player takes them, smaller ones BT.601


class Upright:
    """Turns the frames of one stream into (H, W, 3) BGR pictures as they are meant to be seen."""

    def __init__(self) -> None:
        self._scaler = VideoReformatter()
        self._rotation = 1000  # degrees no frame has
        self.orientation = (False, False, False)  #: of the latest frame; see `orientation`

    def __call__(self, frame: av.VideoFrame) -> Image:
        # PyAV keeps a frame whose side data were looked at until the garbage collector comes by, hundreds of
        # megabytes of them; its rotation can be had without, and a mirror does not come and go.
        if frame.rotation != self._rotation:
            self._rotation = frame.rotation
            self.orientation = orientation(frame)
        return turn(bgr(frame, self._scaler), *self.orientation)


def bgr(frame: av.VideoFrame, scaler: VideoReformatter) -> Image:
    """A decoded frame of any pixel format -> (H, W, 3) BGR as stored, its own memory, rows without gaps.

    Colour matrix and range are those the file names. Alpha is dropped, more than 8 bits are cut to 8.
    """
    guess = Colorspace.ITU709 if max(frame.width // 2, frame.height) > HD else Colorspace.ITU601
    coding = None if frame.colorspace in CODED else guess
    # One thread: the conversion takes 0.3 ms of a 720p frame, and waking others costs more than it gives.
    converted = scaler.reformat(frame, format="bgr24", src_colorspace=coding, threads=1)
    return cast(Image, np.ascontiguousarray(converted.to_ndarray()))


def orientation(frame: av.VideoFrame) -> tuple[bool, bool, bool]:
    """(swap rows and columns, then mirror left-right, then mirror top-bottom) that the container asks for.

    The display matrix maps a stored point (p, q) to (a p + c q, b p + d q), x to the right, y downwards
    (FFmpeg, libavutil/display.h). All eight ways to lay a picture on a right angle are covered; a matrix of
    another angle is taken as the nearest of them.
    """
    side_data = cast(Mapping[Type, Buffer], frame.side_data)
    if Type.DISPLAYMATRIX not in side_data:
        return False, False, False
    a, b, _, c, d = np.frombuffer(bytes(side_data[Type.DISPLAYMATRIX]), np.int32)[:5].tolist()
    swapped = abs(a) + abs(d) < abs(b) + abs(c)
    return (True, c < 0, b < 0) if swapped else (False, a < 0, d < 0)


def turn(image: Image, swapped: bool, mirror_x: bool, mirror_y: bool) -> Image:
    """Swap rows and columns, then mirror: (H, W, 3) -> (H, W, 3), or (W, H, 3) when swapped."""
    if swapped:
        image = cast(Image, cv2.transpose(image))
    if mirror_x or mirror_y:
        image = cast(Image, cv2.flip(image, (mirror_x and mirror_y and -1) or int(mirror_x)))
    return image


def fit(image: Image, width: int, height: int) -> Image:
    """The picture at the size the source began with; a stream may change its size on the way."""
    if image.shape[:2] == (height, width):
        return image
    return cast(Image, cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
