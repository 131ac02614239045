"""Skeletons and boxes as vectors, at whatever size the picture is shown; the look of `app.painting.draw`.

They go straight on the picture: a layer of their own, as large as the people are, costs more to clear and to
lay over than all the strokes on it. So where a limb fades its outline is two lines beside it, for one line
under it would shine through; and a joint that fades is as solid as others, in a colour mixed with what is
under it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from app.painting.palette import DARK, LIGHT, Bgr, Colours, shades
from app.painting.strokes import Floats
from app.ui.discs import stamp
from app.ui.figures import Figures
from app.ui.inks import ink, mixed, pen

_RING = 1.3  #: width of the ring of a foretold joint, logical pixels
_ROUNDING = 3.0  # of the corners of boxes, logical pixels
_NO_PEN, _NO_BRUSH = Qt.PenStyle.NoPen, Qt.BrushStyle.NoBrush

#: Outline and colour of the middle of the body, of the left, of the right: by side 0, 1, -1
Sides = list[tuple[Bgr, Bgr]]
Limb = tuple[bool, int, bool, float, int, int]  #: drawn, side, of the face, opacity, from and to which joint
#: Drawn, foretold, side, of the face, opacity, what is under it, where
Dot = tuple[bool, bool, int, bool, float, list[float], list[float]]


@dataclass(frozen=True, slots=True)
class _Person:
    """The strokes of one person, ready for Qt."""

    sides: Sides
    width: float  #: of limbs
    rim: float  #: of their outlines
    places: list[QPointF]  #: of the joints
    limbs: Iterable[Limb]
    dots: Iterable[Dot]


def paint_skeletons(painter: QPainter, people: Figures, line_width: float) -> None:
    """Everyone's limbs and joints."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for person in _persons(people, line_width):
        _limbs(painter, person)
        _dots(painter, person)


def paint_boxes(painter: QPainter, people: Figures, line_width: float, only: int = 0) -> None:
    """A frame around everyone, or around one person `only`, in their colour."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(_NO_BRUSH)
    for n, (left, top, right, bottom) in enumerate(people.strokes.boxes.tolist()):
        if only not in (0, people.ids[n]):
            continue
        opacity = float(people.light[n])
        width = line_width * max(1.0, 0.5 * float(people.strokes.stroke[n]))
        frame = QRectF(left, top, right - left, bottom - top)
        for colour, wide in ((DARK, width + 1.5), (shades(int(people.ids[n]), people.colours).middle, width)):
            painter.setPen(QPen(ink(colour, opacity), wide))
            painter.drawRoundedRect(frame, _ROUNDING, _ROUNDING)


def _persons(people: Figures, line_width: float) -> Iterator[_Person]:
    """The nearest, who are the largest, last.

    All of them as lists at once, since asking numpy for one value takes longer than painting it.
    """
    strokes, joined, light = people.strokes, people.joined, people.light[:, None]
    widths, rims = (line_width * strokes.stroke).tolist(), (line_width * strokes.outline).tolist()
    bones, bones_faint = strokes.bones.tolist(), _levels(strokes.bone_opacity * light)
    dots, hollow, faint = strokes.dots.tolist(), strokes.hollow.tolist(), _levels(strokes.opacity * light)
    points, under, ids = strokes.points.tolist(), people.under.tolist(), people.ids.tolist()
    face_bone, start, end = joined.face_bone.tolist(), joined.start.tolist(), joined.end.tolist()
    face_joint = joined.face_joint.tolist()
    for n in np.argsort(strokes.size, kind="stable").tolist():
        places = [QPointF(x, y) for x, y in points[n]]
        limbs = zip(bones[n], joined.bone_side, face_bone, bones_faint[n], start, end, strict=True)
        marks = zip(
            dots[n], hollow[n], joined.joint_side, face_joint, faint[n], under[n], points[n], strict=True
        )
        yield _Person(_sides(ids[n], people.colours), widths[n], rims[n], places, limbs, marks)


def _limbs(painter: QPainter, person: _Person) -> None:
    """Those alike together: first all their outlines, then themselves."""
    alike: dict[tuple[int, bool, float], list[tuple[QPointF, QPointF]]] = {}  # the left comes last
    for drawn, side, face, faint, start, end in person.limbs:
        if drawn:
            ends = person.places[start], person.places[end]
            alike.setdefault((side, face, faint), []).append(ends)
    for (side, face, faint), lines in alike.items():
        outline, colour = person.sides[side]
        width, rim = (0.6 * person.width, 0.6 * person.rim) if face else (person.width, person.rim)
        if faint == 1.0:
            painter.setPen(pen(outline, 1.0, round(16 * (width + 2.0 * rim))))
            for ends in lines:
                painter.drawLine(*ends)
        else:
            painter.setPen(pen(outline, faint, round(16 * rim)))
            for ends in lines:
                for line in _beside(QLineF(*ends), (width + rim) / 2.0):
                    painter.drawLine(line)
        painter.setPen(pen(colour, faint, round(16 * width)))
        for ends in lines:
            painter.drawLine(*ends)


def _beside(line: QLineF, away: float) -> tuple[QLineF, QLineF]:
    """The same line on either side, `away` from itself."""
    share = away / max(line.length(), 1e-6)
    across, down = -share * line.dy(), share * line.dx()
    return line.translated(across, down), line.translated(-across, -down)


def _dots(painter: QPainter, person: _Person) -> None:
    """Joints over the ends of the limbs; those foretold are rings."""
    painter.save()
    painter.setPen(_NO_PEN)
    ratio = painter.device().devicePixelRatio()
    painter.scale(1.0 / ratio, 1.0 / ratio)
    width, rim = ratio * person.width, ratio * person.rim
    for drawn, hollow, side, face, faint, under, (x, y) in person.dots:
        if not drawn:
            continue
        outline, colour = person.sides[side]
        inner = width * (0.5 if face else 0.8)
        outer = inner if face else inner + rim * 0.6
        if faint == 1.0 and not hollow:
            stamp(painter, ratio * x, ratio * y, (outline, colour, outer, inner))
            continue
        centre = QPointF(ratio * x, ratio * y)
        if hollow:
            painter.setBrush(_NO_BRUSH)
            painter.setPen(QPen(ink(colour, faint), ratio * _RING))
            painter.drawEllipse(centre, outer, outer)
            painter.setPen(_NO_PEN)
            continue
        if outer > inner:
            painter.setBrush(mixed(outline, under, faint))
            painter.drawEllipse(centre, outer, outer)
        painter.setBrush(mixed(colour, under, faint))
        painter.drawEllipse(centre, inner, inner)
    painter.restore()


def _levels(opacity: Floats) -> list[list[float]]:
    """In steps that hardly anybody sees, so that many limbs are alike."""
    rounded: list[list[float]] = (np.rint(opacity * 10) / 10).tolist()
    return rounded


def _sides(track_id: int, colours: Colours) -> Sides:
    """Outline and colour of the middle of the body, of the left and of the right: by side 0, 1, -1."""
    shade = shades(track_id, colours)
    return [(DARK, shade.middle), (DARK, shade.left), (LIGHT, shade.right)]
