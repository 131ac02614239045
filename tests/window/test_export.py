"""Exporting from the window: what is asked for, how it goes, and that nothing is overwritten unasked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
from pages import page, walk, walked
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from app.store.session import Session
from app.ui.export_dialog import ExportDialog
from app.ui.recorded import RecordedPage
from engine.errors import UserError

__all__ = ["page", "walk", "walked"]


@dataclass(frozen=True)
class Style:
    """As a style may be."""

    skeleton: bool = True
    line_width: float = 1.0
    background: Literal["picture", "black"] = "picture"


class Exporter:
    """In place of app.exports: goes through the session as slowly as it is let, and writes a word."""

    FORMATS = {  # noqa: RUF012
        "zzz": SimpleNamespace(description="Something else", ending=".zzz"),
        "mp4": SimpleNamespace(description="Video", ending=".mp4"),
        "csv": SimpleNamespace(description="Table", ending=".csv"),
    }
    Style = Style

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.thread = ""

    def export(self, session: Session, kind: str, out: Path, **how: Any) -> list[Path]:
        show, stop = how.pop("show"), how.pop("stop")
        self.asked.append({"format": kind, "out": out, **how})
        self.thread = threading.current_thread().name
        if out.exists() and not how["overwrite"]:
            raise UserError(f"{out} exists already")
        total = len(session.times())
        for n, _ in enumerate(session.each()):
            show(n, total)
            while not (self.go_on.wait(0.01) or stop.is_set()):
                pass
            if stop.is_set():
                return []
        out.write_text("done")
        return [out]

    @staticmethod
    def painted(image: np.ndarray, tracks: Any, style: Style) -> np.ndarray:
        """Green with everybody, blue with nobody, black as it may be."""
        colour = (0, 0, 0) if style.background == "black" else (0, 200, 0) if len(tracks) else (200, 0, 0)
        return np.full_like(image, colour)


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Exporter:
    made = Exporter()
    monkeypatch.setattr("app.exporting._exports", lambda: made)
    return made


@pytest.fixture
def dialog(walked: RecordedPage, exporter: Exporter) -> Iterator[ExportDialog]:
    walked.export.trigger()
    (made,) = walked.findChildren(ExportDialog)
    yield made
    exporter.go_on.set()
    for each in walked.findChildren(ExportDialog):
        each.close()


def test_table_and_video_come_first_and_other_formats_by_themselves(dialog: ExportDialog) -> None:
    offered = [dialog.format.itemText(n) for n in range(dialog.format.count())]
    assert offered == ["Table", "Video", "Something else"]


def test_everything_is_written_and_it_is_said_where(
    dialog: ExportDialog, exporter: Exporter, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog.go.click()
    qtbot.waitUntil(dialog.shown.isVisible)
    out = tmp_path / "runs" / "walk.csv"
    assert exporter.asked == [
        {"format": "csv", "out": out, "overwrite": False, "people": (), "style": Style()}
    ]
    assert exporter.thread == "export"
    assert dialog.left.text() == f"Written: {out}"
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    dialog.shown.click()
    assert [Path(url.toLocalFile()) for url in opened] == [out.parent]


def test_people_and_range_are_those_chosen(dialog: ExportDialog, exporter: Exporter, qtbot: QtBot) -> None:
    dialog.people.list.item(1).setCheckState(Qt.CheckState.Unchecked)
    dialog.range.first.setValue(0.25)
    dialog.range.last.setValue(0.75)
    assert dialog.range.part.isChecked()
    dialog.go.click()
    qtbot.waitUntil(dialog.shown.isVisible)
    (asked,) = exporter.asked
    assert (asked["people"], asked["start_s"], asked["end_s"]) == ((1, 3), 0.25, 0.75)
    assert asked["out"].name == "walk 0.25-0.75 s.csv"


@pytest.mark.usefixtures("exporter")
def test_the_loop_and_those_chosen_in_the_timeline_are_offered(walked: RecordedPage, qtbot: QtBot) -> None:
    walked.timeline.select((2,))
    walked._with_player(lambda review: review.player.set_loop(0.2, 0.4))
    qtbot.waitUntil(lambda: walked.timeline.loop == (0.2, 0.4))
    made = walked._export()
    made.people.tick(walked.timeline.selection)
    made.range.loop.setChecked(True)
    order = made.order()
    assert (order.people, order.start_s, order.end_s) == ((2,), 0.2, 0.4)
    made.close()


def test_nobody_is_no_export(dialog: ExportDialog) -> None:
    dialog.people.tick(())
    assert not dialog.go.isEnabled()


def test_a_file_that_exists_is_replaced_only_after_asking(
    dialog: ExportDialog, exporter: Exporter, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    out = tmp_path / "runs" / "walk.csv"
    out.write_text("precious")
    dialog.go.click()
    assert (out.read_text(), exporter.asked) == ("precious", [])
    assert "walk.csv exists already" in dialog.left.text()
    dialog.format.setCurrentIndex(1)  # another file: what was said of the first does not count
    dialog.format.setCurrentIndex(0)
    dialog.go.click()
    assert exporter.asked == []
    assert dialog.go.text() == "Replace"
    dialog.go.click()
    qtbot.waitUntil(dialog.shown.isVisible)
    assert (out.read_text(), exporter.asked[0]["overwrite"]) == ("done", True)


def test_cancel_stops_it_and_leaves_nothing(
    dialog: ExportDialog, exporter: Exporter, qtbot: QtBot, tmp_path: Path
) -> None:
    exporter.go_on.clear()
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.progress.maximum() == 40)
    assert not dialog.go.isEnabled()
    dialog.cancel.click()
    qtbot.waitUntil(lambda: dialog.left.text() == "Stopped; nothing was written")
    assert not (tmp_path / "runs" / "walk.csv").exists()
    assert dialog.isVisible()
    dialog.cancel.click()
    assert not dialog.isVisible()


def test_an_error_is_told_with_its_remedy(
    dialog: ExportDialog, exporter: Exporter, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise UserError("walk.csv: the disk is full; make room")

    monkeypatch.setattr(exporter, "export", full)
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.trouble.message() == "walk.csv: the disk is full; make room")
    assert dialog.go.isEnabled()


def middle(dialog: ExportDialog) -> tuple[int, int, int]:
    picture = dialog.style_choice.example.pixmap().toImage()
    at = picture.pixelColor(picture.width() // 2, picture.height() // 2)
    return at.red(), at.green(), at.blue()


def test_the_example_follows_style_and_people(dialog: ExportDialog, exporter: Exporter, qtbot: QtBot) -> None:
    assert not dialog.style_choice.isVisible()
    dialog.format.setCurrentIndex(1)
    assert dialog.style_choice.isVisible()
    assert middle(dialog) == (0, 200, 0)
    dialog.people.tick((3,))  # who is not in this picture
    assert middle(dialog) == (0, 0, 200)
    dialog.style_choice.findChild(QCheckBox).setChecked(False)
    (box,) = [each for each in dialog.style_choice.children() if each.objectName() == "style.background"]
    box.setCurrentText("black")
    assert middle(dialog) == (0, 0, 0)
    dialog.go.click()
    qtbot.waitUntil(dialog.shown.isVisible)
    assert exporter.asked[0]["style"] == Style(skeleton=False, background="black")
