"""The picture and its people in a window: shown at any size, looked at closely, pointed at."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

from PySide6 import QtGui
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from app.types import NO_POSES
from app.ui import plates
from app.ui.gestures import STEP, Gestures
from app.ui.look import Look
from app.ui.pointing import person_at, pointer
from app.ui.scene import Scene, quiet, shown
from app.ui.view import Cast, View
from engine.types import Frame, Poses
from trackers.types import Tracks

_TICK_MS = 16
_PULL = 60.0  # logical pixels that an arrow key moves the picture
_ARROWS = {
    Qt.Key.Key_Left: (1.0, 0.0),
    Qt.Key.Key_Right: (-1.0, 0.0),
    Qt.Key.Key_Up: (0.0, 1.0),
    Qt.Key.Key_Down: (0.0, -1.0),
}


class Canvas(QWidget):
    """A picture and its skeletons, at any size: the picture painted straight from the array, skeletons as
    vectors over it.
    """

    clicked = Signal(float, float)  #: pixels of the picture; left click without dragging
    menu_wanted = Signal(float, float, QPoint)  #: pixels of the picture, global position; right click
    painted = Signal()  #: a result is on the screen for the first time
    following_changed = Signal(int)  #: the id that the view follows now, 0: nobody

    def __init__(
        self, parent: QWidget | None = None, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """`clock` tells seconds, for a view that glides."""
        super().__init__(parent)
        self.shown = 0.0  #: seconds that painting took the last time
        self._view, self._cast = View(), Cast()
        self._line, self._caption, self._hovered = "", "", 0
        self._scene: Scene | None = None
        self._look = Look(clock)
        self._gestures = Gestures(self, self._look, self._steer)
        self._new = False
        self._pointer: QPointF | None = None
        self._pressed: QPointF | None = None
        self._pulled = False
        self._tick = QTimer(self)
        self._tick.setSingleShot(True)
        self._tick.timeout.connect(self.update)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(160, 90)
        self.setAccessibleName(self.tr("Picture"))
        self._changed()

    def show_result(
        self, frame: Frame, tracks: Tracks, *, lost: bool = False, found: Poses = NO_POSES
    ) -> None:
        """A picture and its people; `lost`: without the one locked on; `found`: all whom networks saw."""
        if self._scene is None:
            self._scene = Scene(self._view, self._cast)
        self._scene.show(frame, tracks, lost=lost, found=found)
        height, width = frame.image.shape[:2]
        self._look.change(width=width, height=height)
        self._look.wake()
        self._new = True
        self._changed()

    def clear(self) -> None:
        """Nothing, as in the beginning."""
        self._scene, self._line, self._caption = None, "", ""
        self.fit()
        self._changed()

    def set_view(self, view: View) -> None:
        """What to paint, from now on."""
        self._view = view
        self._look.change(mirror=view.mirror)
        self._changed()

    def set_cast(self, cast: Cast) -> None:
        """Who is who, from now on."""
        self._cast = cast
        self._changed()

    def set_pixel_aspect(self, aspect: float | Fraction) -> None:
        """Width over height of one pixel of the picture, `SourceInfo.pixel_aspect`."""
        self._look.change(aspect=float(aspect))
        self._changed()

    def say(self, text: str) -> None:
        """A line over the picture, or in place of it; "" for none."""
        self._line = text
        self._changed()

    def caption(self, text: str) -> None:
        """A small line below, "" for none."""
        self._caption = text
        self._changed()

    def zoom_in(self) -> None:
        """Nearer to the middle."""
        self._zoom(STEP, QPointF(self.rect().center()))

    def zoom_out(self) -> None:
        """And back."""
        self._zoom(1.0 / STEP, QPointF(self.rect().center()))

    def fit(self) -> None:
        """The whole picture; nobody is followed any more."""
        self._steer(self._look.fit)

    def follow(self, track_id: int) -> None:
        """Glide to that person and with them, near enough to fill the view; 0: nobody, and stay here."""
        self._steer(lambda: self._look.follow(track_id))

    @property
    def following(self) -> int:
        """The id of whom the view follows, 0: nobody."""
        return self._look.following

    def person_at(self, x: float, y: float) -> int:
        """The id of who is at that point of the picture now, or nearest to it; 0: nobody."""
        if self._scene is None:
            return 0
        return person_at(self._scene.tracks, self._cast.hidden, self._view.threshold, x, y)

    def picture(self) -> QtGui.QImage:
        """What is shown of the picture with everything on it, as fine as picture or screen, the finer."""
        return QtGui.QImage() if self._scene is None else self._scene.image(self._look.place)

    def paintEvent(self, _event: QtGui.QPaintEvent) -> None:  # noqa: N802
        began = time.perf_counter()
        ratio = self.devicePixelRatioF()
        self._look.change(across=float(self.width()), down=float(self.height()), ratio=ratio)
        painter = QtGui.QPainter(self)
        try:
            self._paint(painter)
        finally:
            painter.end()  # Qt does not survive one that is left open
        self.shown = time.perf_counter() - began
        if self._new:
            self._new = False
            self.painted.emit()

    def _paint(self, painter: QtGui.QPainter) -> None:
        if self._scene is None:
            quiet(painter, QRectF(self.rect()), QRectF())
        else:
            if len(box := self._scene.box(self.following)) and self._look.glide(box[0]):
                self._tick.start(_TICK_MS)
            quiet(painter, QRectF(self.rect()), shown(self._look.place))
            self._scene.paint(painter, self._look.place, self._hovered)
        area = (0.0, 0.0, float(self.width()), float(self.height()))
        plates.paint_lines(painter, self._line, self._caption, area, alone=self._scene is None)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed, self._pulled = event.position(), event.button() == Qt.MouseButton.MiddleButton
            self._changed()

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802
        self._pointer = event.position()
        if self._pressed is not None and self._scene is not None:
            way = event.position() - self._pressed
            self._pulled |= way.manhattanLength() >= QApplication.startDragDistance()
            if self._pulled:
                self._pressed = event.position()
                self._steer(lambda: self._look.pull(way.x(), way.y()))
        self._hover()

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802
        pressed, pulled = self._pressed is not None, self._pulled
        self._pressed, self._pulled = None, False
        self._changed()
        if pressed and not pulled and event.button() == Qt.MouseButton.LeftButton and self._scene is not None:
            self.clicked.emit(*self._look.place.point(event.position().x(), event.position().y()))

    def leaveEvent(self, _event: QEvent) -> None:  # noqa: N802
        self._pointer = None
        self._changed()

    def contextMenuEvent(self, event: QtGui.QContextMenuEvent) -> None:  # noqa: N802
        if self._scene is None:
            return
        at = QPointF(event.pos())
        point = self._look.place.point(at.x(), at.y())
        if event.reason() == QtGui.QContextMenuEvent.Reason.Keyboard and len(
            box := self._scene.box(self._cast.locked)
        ):
            point = float(box[0, ::2].mean()), float(box[0, 1::2].mean())
        self.menu_wanted.emit(*point, event.globalPos())

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802
        way = _ARROWS.get(Qt.Key(event.key()))
        if way is not None and self._look.place.zoom > 1.0:
            self._steer(lambda: self._look.pull(_PULL * way[0], _PULL * way[1]))
        else:
            super().keyPressEvent(event)

    def _zoom(self, factor: float, at: QPointF) -> None:
        self._steer(lambda: self._look.zoom(factor, at.x(), at.y()))

    def _steer(self, how: Callable[[], None]) -> None:
        """Look elsewhere, and say so where the view follows somebody else then."""
        before = self.following
        how()
        if self.following != before:
            self.following_changed.emit(self.following)
        self._changed()

    def _changed(self) -> None:
        """Paint again, and tell it to those who cannot see it."""
        if self._scene is not None:
            self._scene.view, self._scene.cast = self._view, self._cast
        self._hover()
        people = self.tr("no picture")
        if self._scene is not None:
            count = len(self._scene.tracks)
            people = self.tr("1 person") if count == 1 else self.tr("{0} people").format(count)
        told = "; ".join(text for text in (people, self._line, self._caption) if text)
        if told != self.accessibleDescription():
            self.setAccessibleDescription(told)
        self.update()

    def _hover(self) -> None:
        """A pointer that shows what can be done where it is; who is under it is framed."""
        before, self._hovered, there = self._hovered, 0, self._scene is not None
        if there and self._pointer is not None and not self._pulled:
            self._hovered = self.person_at(*self._look.place.point(self._pointer.x(), self._pointer.y()))
        larger = there and self._look.place.zoom > 1.0
        shape = pointer(pulled=there and self._pulled, somebody=bool(self._hovered), larger=larger)
        if self.cursor().shape() != shape:
            self.setCursor(shape)
        if self._hovered != before:
            self.update()
