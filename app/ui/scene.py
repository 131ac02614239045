"""Everything that is painted of one result, in order: picture, faces, light, trails, skeletons, words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter

from app.painting.faces import Heads, heads
from app.painting.palette import DARK
from app.painting.trails import Trails
from app.ui import plates
from app.ui.figures import Figures, figures
from app.ui.inks import ink
from app.ui.layer import Layer
from app.ui.overlay import paint_boxes, paint_skeletons
from app.ui.picture import Picture, spotlight
from app.ui.privacy import cover
from app.ui.trails import paint_trails
from app.ui.view import Cast, View
from app.ui.viewport import Floats, Viewport
from engine.types import Frame, Poses
from trackers.types import Tracks

_BLACK = np.zeros((1, 1, 3), np.uint8)


class Scene:
    """One result and what of it is wanted; knows how to paint itself, and nothing of widgets."""

    frame: Frame
    tracks: Tracks
    lost: bool
    found: Poses

    def __init__(self, view: View, cast: Cast) -> None:
        self.view, self.cast = view, cast
        self._trails, self._heads = Trails(), Heads()
        self._picture, self._layer = Picture(), Layer()

    def show(self, frame: Frame, tracks: Tracks, *, lost: bool, found: Poses) -> None:
        """The next result; `found`: everybody in it. Its picture is neither copied nor changed."""
        self.frame, self.tracks, self.lost, self.found = frame, tracks, lost, found
        self._picture.show(frame.image)
        self._trails.add(frame.time, tracks, self.view.threshold)
        self._heads.add(frame.time, tracks)

    def box(self, track_id: int) -> Floats:
        """The box (1, 4) of one person now, pixels of the picture; (0, 4) where they are not in it."""
        boxes: Floats = self.tracks.boxes.xyxy[self.tracks.ids == track_id].astype(np.float64)
        return boxes

    def paint(self, painter: QPainter, place: Viewport, hovered: int) -> None:
        """Into the widget that `place` is about; `hovered` is whom the pointer is on, 0: nobody."""
        if self.view.picture:
            self._picture.paint(painter, place)
            if self.view.blur_faces:
                cover(painter, self.frame.image, self._faces(), place)
        else:
            painter.fillRect(shown(place), Qt.GlobalColor.black)
        painter.setClipRect(shown(place).toAlignedRect())
        if self.cast.locked and self.view.picture:
            spotlight(painter, place.visible, self._lit(place))
        wanted = ~np.isin(self.tracks.ids, list(self.cast.hidden))
        people = figures(
            self.tracks,
            np.flatnonzero(wanted),
            place,
            self.view.threshold,
            self.cast.locked,
            self.view.colours,
            self.frame.image if self.view.picture else _BLACK,
        )
        self._vectors(painter, people, place, hovered)
        self._words(painter, people, place)
        painter.setClipping(False)

    def image(self, place: Viewport) -> QImage:
        """What is in view, painted for itself: without what is beside the picture, and with all its lines."""
        left, top, right, bottom = place.visible
        ratio = max(place.ratio, 1.0 / place.scale)
        size = max(1, round((right - left) * ratio)), max(1, round((bottom - top) * ratio))
        made = QImage(*size, QImage.Format.Format_RGB32)
        made.setDevicePixelRatio(ratio)
        alone = replace(place, across=size[0] / ratio, down=size[1] / ratio, ratio=ratio)
        painter = QPainter(made)
        try:
            quiet(painter, QRectF(0.0, 0.0, alone.across, alone.down), QRectF())
            self.paint(painter, replace(alone, zoom=place.scale / alone.fitting), 0)
        finally:
            painter.end()
        return made

    def is_lost(self) -> bool:
        """Whether the one person is out of sight."""
        return self.lost or bool(self.cast.locked and self.cast.locked not in self.tracks.ids)

    def _faces(self) -> Floats:
        """Heads (M, 4) of all there are: of those shown, and of whoever was deleted or has no number yet."""
        known = self._heads.places(self.view.threshold)
        return np.concatenate([known, heads(self.found, self.view.threshold)])

    def _lit(self, place: Viewport) -> QRectF | None:
        box = self.box(self.cast.locked)
        if not len(box):
            return None
        corners = np.sort(place.place(box.reshape(2, 2)), axis=0)
        return QRectF(QPointF(*corners[0].tolist()), QPointF(*corners[1].tolist()))

    def _vectors(self, painter: QPainter, people: Figures, place: Viewport, hovered: int) -> None:
        view = self.view
        if not len(people.ids) or not (view.skeleton or view.boxes or view.trails or hovered):
            return
        if view.trails:
            paint_trails(painter, self._layer, self._trails, people, place, view.line_width)
        if view.boxes or hovered:
            paint_boxes(painter, people, view.line_width, only=0 if view.boxes else hovered)
        if view.skeleton:
            paint_skeletons(painter, people, view.line_width)

    def _words(self, painter: QPainter, people: Figures, place: Viewport) -> None:
        if self.view.joint_names:
            plates.paint_joint_names(painter, people)
        if self.view.ids:
            plates.paint_names(painter, people, self.cast.names, place)
        if self.is_lost():
            plates.paint_banner(painter, "lost", place.visible)


def quiet(painter: QPainter, area: QRectF, picture: QRectF) -> None:
    """What is beside a picture, or there without one: nearly black, dark or light the window may be."""
    if picture.contains(area):
        return
    inner = picture.adjusted(1.0, 1.0, -1.0, -1.0) if picture.isValid() else QRectF(area.topLeft(), QSizeF())
    for left, top, right, bottom in (
        (area.left(), area.top(), area.right(), inner.top()),
        (area.left(), inner.bottom(), area.right(), area.bottom()),
        (area.left(), inner.top(), inner.left(), inner.bottom()),
        (inner.right(), inner.top(), area.right(), inner.bottom()),
    ):
        painter.fillRect(QRectF(left, top, right - left, bottom - top), ink(DARK))


def shown(place: Viewport) -> QRectF:
    """Where the picture is in the widget."""
    left, top, right, bottom = place.visible
    return QRectF(QPointF(left, top), QPointF(right, bottom))
