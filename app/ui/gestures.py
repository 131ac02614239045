"""Wheel, touchpad and fingers on a picture: nearer, farther, elsewhere; a tap clicks, a long one asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import (
    QContextMenuEvent,
    QEventPoint,
    QGuiApplication,
    QMouseEvent,
    QNativeGestureEvent,
    QTouchEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from app.ui.look import Look

STEP = 1.25  #: one step of zooming
_CLICK = 120.0  # of a wheel, in Qt's eighths of a degree
_APART_PX = 20.0  # fingers nearer to each other than that are too unsteady to zoom by
_TOUCHES = (
    QEvent.Type.TouchBegin,
    QEvent.Type.TouchUpdate,
    QEvent.Type.TouchEnd,
    QEvent.Type.TouchCancel,
)


class Gestures(QObject):
    """Steers how a picture is looked at by what fingers do on its widget."""

    def __init__(self, widget: QWidget, look: Look, steer: Callable[[Callable[[], None]], None]) -> None:
        """`steer` does something to the `look`, and shows what came of it."""
        super().__init__(widget)
        self._widget, self._look, self._steer = widget, look, steer
        self._fingers: dict[int, QPointF] = {}  # where each was last, by its number
        self._still = QPointF()  # where the first came down
        self._tapping = False  # one finger, not moved so far
        self._held = QTimer(self)
        self._held.setSingleShot(True)
        self._held.setInterval(QGuiApplication.styleHints().mousePressAndHoldInterval())
        self._held.timeout.connect(self._hold)
        widget.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        kind = event.type()
        if kind == QEvent.Type.Wheel:
            wheel = cast(QWheelEvent, event)
            self._zoom(STEP ** (wheel.angleDelta().y() / _CLICK), wheel.position())
        elif kind == QEvent.Type.NativeGesture:
            self._pad(cast(QNativeGestureEvent, event))
        elif kind in _TOUCHES:
            self._touch(cast(QTouchEvent, event))
        else:
            return False
        event.accept()
        return True

    def _pad(self, event: QNativeGestureEvent) -> None:
        """Two fingers on a touchpad, where the system tells of them."""
        if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self._zoom(max(0.1, 1.0 + event.value()), event.position())
        elif event.gestureType() == Qt.NativeGestureType.PanNativeGesture:
            self._pull(event.delta())

    def _touch(self, event: QTouchEvent) -> None:
        """Fingers on the screen: all that were there before, and still are, move the picture with them."""
        before, ended = self._fingers, event.type() in (QEvent.Type.TouchEnd, QEvent.Type.TouchCancel)
        up = QEventPoint.State.Released
        there = {} if ended else {each.id(): each for each in event.points() if each.state() != up}
        self._fingers = {number: each.position() for number, each in there.items()}
        if event.type() == QEvent.Type.TouchBegin:
            self._begin()
        elif ended:
            self._end(tapped=self._tapping and event.type() == QEvent.Type.TouchEnd)
        if len(self._fingers) > 1:
            self._leave_tapping()
        if self._fingers.keys() == before.keys():
            self._move(list(before.values()), list(self._fingers.values()))

    def _begin(self) -> None:
        self._still = next(iter(self._fingers.values()), QPointF())
        self._tapping = True
        self._held.start()

    def _move(self, before: Sequence[QPointF], now: Sequence[QPointF]) -> None:
        if not now:
            return
        if self._tapping:
            if (now[0] - self._still).manhattanLength() < QApplication.startDragDistance():
                return
            self._leave_tapping()
            before = [self._still]
        if len(now) > 1 and min(_apart(before), _apart(now)) > _APART_PX:
            self._zoom(_apart(now) / _apart(before), _middle(before))
        if len(now) == 1 or not self._look.following:
            self._pull(_middle(now) - _middle(before))

    def _end(self, *, tapped: bool) -> None:
        self._leave_tapping()
        if tapped:
            for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
                self._click(kind)

    def _leave_tapping(self) -> None:
        self._tapping = False
        self._held.stop()

    def _hold(self) -> None:
        """A finger that stays where it is asks for the menu."""
        self._tapping = False
        at = self._still.toPoint()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, self._widget.mapToGlobal(at))
        QApplication.sendEvent(self._widget, event)

    def _click(self, kind: QEvent.Type) -> None:
        left, world = Qt.MouseButton.LeftButton, self._widget.mapToGlobal(self._still)
        keys = QGuiApplication.keyboardModifiers()
        QApplication.sendEvent(self._widget, QMouseEvent(kind, self._still, world, left, left, keys))

    def _zoom(self, factor: float, at: QPointF) -> None:
        self._steer(lambda: self._look.zoom(factor, at.x(), at.y()))

    def _pull(self, way: QPointF) -> None:
        self._steer(lambda: self._look.pull(way.x(), way.y()))


def _middle(places: Sequence[QPointF]) -> QPointF:
    x, y = sum(each.x() for each in places), sum(each.y() for each in places)
    return QPointF(x / len(places), y / len(places))


def _apart(places: Sequence[QPointF]) -> float:
    """How far fingers are from their middle, logical pixels."""
    middle = _middle(places)
    ways = [each - middle for each in places]
    return sum(float((way.x() ** 2 + way.y() ** 2) ** 0.5) for way in ways) * 2.0 / len(places)
