"""An export as the window asks for it: what is offered, what it will be called, and doing it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from app.draw import draw
from app.exports import FORMATS, Style, export
from app.exports.choice import Choice
from app.lanes import Chart
from app.looked import Looked
from app.store.session import open_session_file
from engine.types import Image

FIRST = ("csv", "mp4")  #: what most want comes first
TABLES = ("raw", "long")  #: fields of Style that concern tables; others concern pictures
USUAL = 0.3  #: joints that score less are not painted


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
    pictures = tuple(name for name in Style.__dataclass_fields__ if name not in TABLES)
    concern = {"csv": TABLES, "mp4": pictures}
    return [Offer(name, FORMATS[name].about, concern.get(name, ())) for name in names]


def preview(looked: Looked, people: tuple[int, ...]) -> Image:
    """The picture as the video would show it."""
    chosen = Choice(frozenset(people)).only(looked.tracks) if people else NOBODY.only(looked.tracks)
    return draw(looked.frame.image, chosen, USUAL)


def target(material: Material, order: Order) -> Path:
    """The file, or the folder, that it becomes; another than a run writes."""
    part = f" {order.start_s:.2f}-{order.end_s:.2f} s" if order.end_s < inf else ""
    return order.folder / f"{material.session.stem}{part}.export{FORMATS[order.format].ending}"


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


NOBODY = Choice(frozenset({0}))  #: no id is 0
