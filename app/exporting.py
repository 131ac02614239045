"""What the window says of an export, and the export itself: between app.exports and whoever asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, fields, replace
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from app.draw import draw
from app.lanes import Chart
from app.review import Looked
from app.store.session import open_session_file
from engine.types import Boxes, Image
from trackers.types import Tracks

USUAL = 0.3  #: joints that score less are not painted
WHOLE = ("boxes", "camera")  #: of Tracks, what is no array with a row for each person
FIRST = ("csv", "mp4")  #: what most want comes first


@dataclass(frozen=True, slots=True)
class Offer:
    """A format to choose."""

    name: str
    description: str
    ending: str  #: of its file, with the dot


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What there is to export."""

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
    style: tuple[Any, ...] = ()  #: how a video is painted; nothing: as usual


def formats() -> list[Offer]:
    """All that can be written, in the order in which they are offered."""
    known: dict[str, Any] = getattr(_exports(), "FORMATS", {})
    names = sorted(known, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    return [Offer(name, known[name].description, known[name].ending) for name in names]


def usual_style() -> tuple[Any, ...]:
    """How videos are painted unless told otherwise; nothing where there is no choice."""
    made = getattr(_exports(), "Style", None)
    return (made(),) if made else ()


def preview(looked: Looked, style: tuple[Any, ...], people: tuple[int, ...]) -> Image:
    """The picture as the video would show it."""
    paint = getattr(_exports(), "painted", None)
    tracks = only(looked.tracks, people)
    if paint and style:
        image: Image = paint(looked.frame.image, tracks, style[0])
        return image
    return draw(looked.frame.image, tracks, USUAL)


def only(tracks: Tracks, people: tuple[int, ...]) -> Tracks:
    """Those people, and nobody else."""
    keep = np.isin(tracks.ids, people)
    rows = {
        entry.name: getattr(tracks, entry.name)[keep] for entry in fields(tracks) if entry.name not in WHOLE
    }
    return replace(tracks, boxes=Boxes(tracks.boxes.xyxy[keep], tracks.boxes.scores[keep]), **rows)


def target(material: Material, order: Order) -> Path:
    """The file, or the folder, that it becomes."""
    (ending,) = (each.ending for each in formats() if each.name == order.format)
    part = f" {order.start_s:.2f}-{order.end_s:.2f} s" if order.end_s < inf else ""
    return order.folder / f"{material.session.stem}{part}{ending}"


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
    everybody = {row.id for row in material.chart.rows}
    more = {"style": order.style[0]} if order.style else {}
    if order.end_s < inf:
        more |= {"start_s": order.start_s, "end_s": order.end_s}
    order.folder.mkdir(parents=True, exist_ok=True)
    with closing(open_session_file(material.session)) as session:
        files: list[Path] = _exports().export(
            session,
            order.format,
            target(material, order),
            people=() if everybody == set(order.people) else order.people,
            show=show,
            stop=stop,
            overwrite=overwrite,
            **more,
        )
    return [] if stop.is_set() else files


def _exports() -> Any:
    """Loaded late: formats bring what they are written with."""
    return import_module("app.exports")
