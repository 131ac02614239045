"""An export as the window asks for it: what is offered, what it will be called, and doing it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

import cv2
import numpy as np

from app.exports import FORMATS, Style, ending, export
from app.exports.choice import Choice
from app.exports.painter import Painter
from app.painting import faces
from app.playback.lanes import Chart
from app.playback.looked import Looked
from app.playback.review import SAME_S
from app.store.session import open_session_file
from engine.types import Image

FIRST = ("csv", "mp4")  #: what most want comes first
SQUARE = 8  #: pixels, of the ground under what is transparent


@dataclass(frozen=True, slots=True)
class Offer:
    """A format to choose."""

    name: str
    about: str  #: a few words
    options: tuple[str, ...]  #: fields of Style that concern it


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What there is to export."""

    video: str  #: the recording as it lies here
    session: Path
    chart: Chart
    chosen: tuple[int, ...]  #: ids, in the timeline
    loop: tuple[float, float]  #: seconds; equal: none
    extent: tuple[float, float]  #: seconds of the first and the last picture
    looked: tuple[Looked, ...]  #: the picture in view, if there is one
    folder: Path


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What is wanted."""

    format: str
    folder: Path
    people: tuple[int, ...]  #: ids
    start_s: float  #: both ends included; infinite: all of it
    end_s: float
    style: Style


def formats() -> list[Offer]:
    """All that can be written, in the order in which they are offered."""
    names = sorted(FORMATS, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    return [Offer(name, FORMATS[name].about, FORMATS[name].style) for name in names]


def preview(material: Material, people: tuple[int, ...], style: Style, size: tuple[int, int]) -> Image:
    """The picture in view (H, W, 3) as the video will show it, made to fit into `size` (width, height).

    For a thread: it reads the session. A picture that nobody has looked at for people is as it is, but for
    faces that are to be hidden, and what is transparent lies on a chequered ground. UserError where the
    session cannot be read.
    """
    (looked,) = material.looked
    choice = Choice(frozenset(people)) if people else NOBODY
    painted = looked.frame.image
    with closing(open_session_file(material.session)) as session:
        times, time = session.times(), looked.frame.time  # numbers of a recorded camera are its own
        place = int(np.searchsorted(times, time - SAME_S))
        if place < len(times) and times[place] <= time + SAME_S:
            painted = Painter(session, choice, style, place).picture(place, looked.frame)
        elif style.blur_faces:
            painted = painted.copy()
            threshold = float(session.about.settings.get("keypoint_threshold", 0.3))
            faces.cover(painted, faces.heads(looked.found, threshold))
    height, width = painted.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    wanted = max(1, round(scale * width)), max(1, round(scale * height))
    small: Image = np.asarray(cv2.resize(painted, wanted, interpolation=method), np.uint8)
    return small if small.shape[2] == 3 else _chequered(small)


def target(material: Material, order: Order) -> Path:
    """The file, or the folder, that it becomes; another than a run writes."""
    part = f" {order.start_s:.2f}-{order.end_s:.2f} s" if order.end_s < inf else ""
    return order.folder / f"{material.session.stem}{part}.export{ending(order.format, order.style)}"


def write(
    material: Material,
    order: Order,
    show: Callable[[int, int], None],
    stop: threading.Event,
    *,
    overwrite: bool,
) -> list[Path]:
    """Write it, in the thread that calls; the files written, none where it was stopped.

    `show` is told how many frames are done, and of how many. UserError where it cannot be written.
    """
    everybody = {row.id for row in material.chart.rows} == set(order.people)
    order.folder.mkdir(parents=True, exist_ok=True)
    with closing(open_session_file(material.session)) as session:
        return export(
            session,
            order.format,
            target(material, order),
            people=() if everybody else order.people,
            start_s=order.start_s,
            end_s=order.end_s,
            style=replace(order.style, source=material.video),
            show=show,
            stop=stop,
            overwrite=overwrite,
        )


def _chequered(clear: Image) -> Image:
    """A picture (H, W, 4) whose colours are multiplied by how opaque they are, on grey squares."""
    y, x = np.indices(clear.shape[:2]) // SQUARE
    ground = np.where((x + y) % 2, 150, 105)[..., None]
    return np.asarray(clear[..., :3] + np.rint(ground * (1.0 - clear[..., 3:] / 255.0)), np.uint8)


NOBODY = Choice(frozenset({0}))  #: no id is 0
