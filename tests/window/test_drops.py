"""What is dropped on the window is told apart, and while it hovers the window shows where it may go."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent
from PySide6.QtWidgets import QApplication
from windows import networks, out, window

from app.ui.drops import DropFrame, dropped
from app.ui.window import Window

__all__ = ["networks", "out", "window"]


def carrying(*paths: str | Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl(str(p)) if "://" in str(p) else QUrl.fromLocalFile(str(p)) for p in paths])
    return mime


def saying(text: str) -> QMimeData:
    mime = QMimeData()
    mime.setText(text)
    return mime


@pytest.mark.parametrize(
    ("carried", "expected"),
    [
        (["/f/b.mp4"], ["/f/b.mp4"]),
        (["/f/films/"], ["/f/films"]),
        (["/f/clip 10 ä%20.mp4", "/f/clip 9 ä%20.mp4", "/f/clip 9 ä%20.mp4"],
         ["/f/clip 9 ä%20.mp4", "/f/clip 10 ä%20.mp4"]),
        (["http://192.0.2.1:8080/video?x=1"], ["http://192.0.2.1:8080/video?x=1"]),
        (["rtsp://192.0.2.1/live", "/f/b.mp4"], ["/f/b.mp4", "rtsp://192.0.2.1/live"]),
        (["ftp://192.0.2.1/film.mp4"], []),
    ],
)  # fmt: skip
def test_files_come_once_and_in_their_order_before_addresses(carried: list[str], expected: list[str]) -> None:
    assert dropped(carrying(*carried)) == expected


def test_an_address_may_come_as_text_and_prose_is_none() -> None:
    assert dropped(saying("rtsp://192.0.2.1/live\n")) == ["rtsp://192.0.2.1/live"]
    assert dropped(saying("Dear reader,\nmailto:someone")) == []


def hover(window: Window, mime: QMimeData) -> bool:
    """Drag this over the first page; whether it was welcome."""
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(20, 20), copy, mime, left, none)
    enter.ignore()
    QApplication.sendEvent(window.start_page, enter)
    return enter.isAccepted()


def test_the_window_shows_where_to_drop_over_any_page_of_it(window: Window) -> None:
    (frame,) = window.findChildren(DropFrame)
    before = window.grab().toImage()
    assert not hover(window, saying("Dear reader"))
    assert not frame.isVisible()
    assert hover(window, carrying("/f/b.mp4"))
    assert frame.isVisible()
    assert frame.geometry() == window.rect()
    assert window.grab().toImage() != before
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not frame.isVisible()
