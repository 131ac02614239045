"""Joints as small pictures that are made once and stamped on: five times as fast as two ellipses each."""

from __future__ import annotations

import math
from functools import lru_cache

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QPainter

from app.painting.palette import Bgr
from app.ui.inks import ink

Disc = tuple[Bgr, Bgr, float, float]  #: colours of outline and inside, radii of both, device pixels

_STEPS = 4  # to a device pixel: nobody sees that a joint is an eighth of a pixel off
_FINE = 8  # steps to a device pixel of a radius


def stamp(painter: QPainter, x: float, y: float, disc: Disc) -> None:
    """Around a point in device pixels; `painter` counts in them too."""
    outline, inside, outer, inner = disc
    across, aside = divmod(round(_STEPS * x), _STEPS)
    down, below = divmod(round(_STEPS * y), _STEPS)
    made, middle = _made(outline, inside, round(_FINE * outer), round(_FINE * inner), aside, below)
    painter.drawImage(QPoint(across - middle, down - middle), made)


@lru_cache(maxsize=4096)
def _made(outline: Bgr, inside: Bgr, outer: int, inner: int, aside: int, below: int) -> tuple[QImage, int]:
    """The picture of a disc, and which of its pixels the point is in."""
    middle = math.ceil(max(outer, inner) / _FINE) + 1
    made = QImage(2 * middle + 2, 2 * middle + 2, QImage.Format.Format_ARGB32_Premultiplied)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    centre = QPointF(middle + aside / _STEPS, middle + below / _STEPS)
    for colour, radius in ((outline, outer), (inside, inner)):
        if colour is inside or outer > inner:
            painter.setBrush(ink(colour))
            painter.drawEllipse(centre, radius / _FINE, radius / _FINE)
    painter.end()
    return made, middle
