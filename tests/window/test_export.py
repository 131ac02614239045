"""Exporting from the window: what is asked for, how it goes, and that nothing is overwritten unasked."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from dataclasses import fields
from math import inf
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from canvases import pixels
from pages import page, walk, walked
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QWidget
from pytestqt.qtbot import QtBot
from reading import read

from app import exports
from app.exports import FORMATS, Format, Style
from app.playback.exporting import Material
from app.playback.lanes import EMPTY
from app.store.session import Session
from app.ui.export_choice import RangeChoice
from app.ui.export_dialog import ExportDialog
from app.ui.recorded import RecordedPage
from engine.errors import UserError

__all__ = ["page", "walk", "walked"]


class Exporter:
    """In place of app.exports: goes through the session as slowly as it is let, and writes a word."""

    FORMATS = {  # noqa: RUF012
        "zzz": Format("something else", ".zzz", ""),
        "mp4": Format("a video", ".mp4", "", style=FORMATS["mp4"].style),
        "csv": Format("a table", ".csv", "", style=FORMATS["csv"].style),
    }

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


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Exporter:
    made = Exporter()
    monkeypatch.setattr("app.playback.exporting.FORMATS", made.FORMATS)
    monkeypatch.setattr("app.playback.exporting.export", lambda *args, **how: made.export(*args, **how))
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
    assert offered == ["CSV: a table", "MP4: a video", "ZZZ: something else"]


def test_everything_is_written_and_it_is_said_where(
    dialog: ExportDialog, exporter: Exporter, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog.go.click()
    qtbot.waitUntil(dialog.shown.isVisible)
    out = tmp_path / "runs" / "walk.export.csv"
    (asked,) = exporter.asked
    assert (asked["format"], asked["out"], asked["people"], asked["overwrite"]) == ("csv", out, (), False)
    assert (asked["start_s"], asked["end_s"]) == (-inf, inf)
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
    assert asked["people"] == (1, 3)
    assert (asked["start_s"], asked["end_s"]) == pytest.approx((0.25, 0.75), abs=0.001)
    assert asked["out"].name == "walk 0.25-0.75 s.export.csv"


@pytest.mark.usefixtures("exporter")
def test_the_loop_and_those_chosen_in_the_timeline_are_offered(walked: RecordedPage, qtbot: QtBot) -> None:
    walked.timeline.select((2,))
    walked.opened.ask(lambda review: review.player.set_loop(0.2, 0.4))
    qtbot.waitUntil(lambda: walked.timeline.loop == (0.2, 0.4))
    made = walked._export()
    made.people.tick(walked.timeline.selection)
    made.range.loop.setChecked(True)
    order = made.order()
    assert (order.people, order.start_s, order.end_s) == ((2,), 0.2, 0.4)
    made.close()


def test_both_ends_of_a_range_are_in_it_however_they_are_rounded(qtbot: QtBot) -> None:
    for start, end in ((0.1004, 1.2344), (0.0996, 1.2336)):
        material = Material("", Path(), EMPTY, (), (0.0, 0.0), (start, end), (), Path())
        made = RangeChoice(material)
        qtbot.addWidget(made)
        made.part.setChecked(True)
        assert made.seconds()[0] <= start
        assert made.seconds()[1] >= end


def test_nobody_is_no_export(dialog: ExportDialog) -> None:
    dialog.people.tick(())
    assert not dialog.go.isEnabled()


def test_a_file_that_exists_is_replaced_only_after_asking(
    dialog: ExportDialog, exporter: Exporter, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    out = tmp_path / "runs" / "walk.export.csv"
    out.write_text("precious")
    dialog.go.click()
    assert (out.read_text(), exporter.asked) == ("precious", [])
    assert "walk.export.csv exists already" in dialog.left.text()
    dialog.format.setCurrentIndex(1)  # another file: what was said of the first does not count
    dialog.format.setCurrentIndex(0)
    assert dialog.go.text() == "Export"
    dialog.go.click()
    assert (dialog._errand.busy, exporter.asked) == (False, [])
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
    assert not (tmp_path / "runs" / "walk.export.csv").exists()
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


def test_options_are_those_of_the_format(dialog: ExportDialog, exporter: Exporter, qtbot: QtBot) -> None:
    style = dialog.style_choice
    raw = style.findChild(QCheckBox, "style.raw")
    assert raw.isVisible()
    assert not style.example.isVisible()
    raw.setChecked(True)
    dialog.format.setCurrentIndex(1)
    assert not raw.isVisible()
    assert style.example.isVisible()
    dialog.format.setCurrentIndex(2)
    assert not style.isVisible()
    dialog.format.setCurrentIndex(0)
    dialog.go.click()
    qtbot.waitUntil(dialog.shown.isVisible)
    assert exporter.asked[0]["style"].raw


def example(dialog: ExportDialog, qtbot: QtBot) -> np.ndarray:
    """The example (H, W, 3) red green blue, when it is as it is wanted."""
    style = dialog.style_choice
    qtbot.waitUntil(lambda: not style._painting.busy and not style.example.pixmap().isNull())
    return pixels(style.example.pixmap().toImage().convertToFormat(QImage.Format.Format_RGB32))


def test_the_example_shows_those_who_will_be_in_the_video(dialog: ExportDialog, qtbot: QtBot) -> None:
    with_one = len(np.unique(example(dialog, qtbot).reshape(-1, 3), axis=0))
    dialog.people.tick((3,))  # who is not in this picture
    assert len(np.unique(example(dialog, qtbot).reshape(-1, 3), axis=0)) < with_one


def test_the_example_is_the_very_picture_of_the_video(
    dialog: ExportDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.playback.exporting.export", exports.export)
    dialog.format.setCurrentIndex(1)
    style = dialog.style_choice
    for name, value in (("boxes", True), ("ids", False), ("trails", True)):
        style.findChild(QCheckBox, f"style.{name}").setChecked(value)
    for name, at in (("background", 1), ("colours", 1)):
        style.findChild(QComboBox, f"style.{name}").setCurrentIndex(at)
    style.findChild(QDoubleSpinBox, "style.line_width").setValue(2.5)
    (looked,) = style._material.looked
    shown = example(dialog, qtbot)
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.shown.isVisible() or bool(dialog.trouble.message()))
    _, frames, _ = read(tmp_path / "runs" / "walk.export.mp4")
    (film,) = (frame.image for frame in frames if frame.index == looked.frame.index)
    small = cv2.resize(film, shown.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small[..., ::-1].astype(int) - shown).mean() < 2.0
    assert shown.max() > 150


def test_transparent_videos_have_another_ending(
    dialog: ExportDialog, exporter: Exporter, qtbot: QtBot
) -> None:
    dialog.format.setCurrentIndex(1)
    dialog.style_choice.findChild(QComboBox, "style.background").setCurrentIndex(2)
    ground = example(dialog, qtbot)
    assert {tuple(each) for each in ground[[4, 4, -4, -4], [4, 12, 4, 12]].tolist()} == {
        (105,) * 3,
        (150,) * 3,
    }
    dialog.go.click()
    qtbot.waitUntil(dialog.shown.isVisible)
    assert exporter.asked[0]["out"].name == "walk.export.mov"
    assert exporter.asked[0]["style"].background == "transparent"


def test_every_part_of_the_style_can_be_chosen_and_has_words(dialog: ExportDialog) -> None:
    style = dialog.style_choice
    names = {entry.name for entry in fields(Style)} - {"source"}
    assert {name for name in names if style.findChild(QWidget, f"style.{name}")} == names
    for each in style.findChildren(QComboBox):
        assert all(each.itemText(n) != each.itemData(n) for n in range(each.count()))
    assert names <= set(style._words())


def test_a_table_really_holds_those_and_that_time(
    walked: RecordedPage, qtbot: QtBot, tmp_path: Path, walk: Path
) -> None:
    walked.opened.ask(lambda review: review.swap(1, 2, 0.5))
    qtbot.waitUntil(lambda: walked._account.undoable != "")
    made = walked._export()
    made.people.tick((1,))
    made.range.first.setValue(0.3)
    made.go.click()
    qtbot.waitUntil(lambda: made.shown.isVisible() or bool(made.trouble.message()))
    assert made.trouble.message() == ""
    made.close()
    (out,) = (tmp_path / "runs").glob("*.csv")
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    times = [frame.time for frame in read(walk)[1]]
    late = [n for n in range(40) if times[n] >= 0.3 and (n < 20 or times[n] >= 0.5)]
    assert [int(row["frame"]) for row in rows] == late
    assert {row["track_id"] for row in rows} == {"1"}


def test_a_video_really_holds_every_picture(walked: RecordedPage, qtbot: QtBot, tmp_path: Path) -> None:
    made = walked._export()
    made.format.setCurrentIndex(1)
    made.go.click()
    qtbot.waitUntil(lambda: made.shown.isVisible() or bool(made.trouble.message()))
    assert made.trouble.message() == ""
    made.close()
    _, frames, error = read(tmp_path / "runs" / "walk.export.mp4")
    assert error == ""
    assert len(frames) == 40
