"""The rows of the queue: what is read of a recording that is over, and what can be done about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app import processing
from app.settings import Settings
from app.ui.queue_panel import QueuePanel

PROGRAM = """
import json, pathlib, sys
task = json.loads(sys.stdin.read())
place = pathlib.Path(task["settings"]["output"])
name = pathlib.Path(task["source"]).stem
def say(**what):
    print(json.dumps(what), flush=True)
if name == "again":
    say(kind="skipped", line="again.mp4: finished before, nothing to do")
elif name == "changed" and not task["settings"]["overwrite"]:
    line = "changed.csv exists already; --overwrite replaces it"
    say(kind="failed", line=line, occupied="changed.csv exists already", details="")
    sys.exit(2)
elif name == "anew":
    say(kind="said", line="runs on the processor")
    say(kind="said", line="anew.mp4: begins anew; the 40 frames of an earlier run are kept in anew.1")
    say(kind="said", line="is live, or with --jobs; choose another folder with -o")
    say(kind="done", line="anew.mp4: 120 frames read")
elif name == "full" and not (place / "room").exists():
    (place / "room").touch()
    say(kind="failed", line="full.mp4: the disk is full; make room", occupied="", details="")
    sys.exit(2)
else:
    say(kind="done", line=name + ".mp4: 120 frames read")
"""


@pytest.fixture
def panel(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QueuePanel]:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    monkeypatch.setattr(processing, "program", lambda: [sys.executable, str(script)])
    made = QueuePanel()
    made.resize(360, 300)
    made.show()
    yield made
    made.close_queue()
    qtbot.waitUntil(made.closed)
    made.deleteLater()


def work_on(qtbot: QtBot, panel: QueuePanel, tmp_path: Path, name: str) -> None:
    panel.queue.add(f"{name}.mp4", Settings(output=str(tmp_path)))
    qtbot.waitUntil(lambda: told(panel) != "" and panel.works()[-1].over, timeout=20_000)


def told(panel: QueuePanel) -> str:
    """The last line of the only row, if there is one."""
    rows = [each for each in panel.findChildren(QLabel) if each.isVisible() and each.wordWrap()]
    return rows[0].text() if rows and panel.works() else ""


def notices(panel: QueuePanel) -> list[str]:
    """What else is said in the only row."""
    rows = [each for each in panel.findChildren(QLabel) if each.isVisible() and each.wordWrap()]
    return rows[1].text().split("\n") if len(rows) > 1 else []


def buttons(panel: QueuePanel) -> list[str]:
    return [
        each.text()
        for each in panel.findChildren(QPushButton)
        if each.isVisible() and "over" not in each.text()
    ]


def press(panel: QueuePanel, text: str) -> None:
    next(each for each in panel.findChildren(QPushButton) if each.isVisible() and each.text() == text).click()


def test_what_was_finished_before_is_told_as_such_and_can_be_looked_at(qtbot, panel, tmp_path):
    work_on(qtbot, panel, tmp_path, "again")
    qtbot.waitUntil(lambda: told(panel) == "again.mp4: finished before, nothing to do")
    qtbot.waitUntil(lambda: buttons(panel) == ["Show"], timeout=20_000)


def test_a_file_that_somebody_changed_is_named_and_replaced_only_when_asked(qtbot, panel, tmp_path):
    work_on(qtbot, panel, tmp_path, "changed")
    qtbot.waitUntil(lambda: told(panel) == "changed.csv exists already; Replace makes it anew")
    qtbot.waitUntil(lambda: buttons(panel) == ["Replace"], timeout=20_000)
    press(panel, "Replace")
    qtbot.waitUntil(lambda: told(panel) == "changed.mp4: 120 frames read", timeout=20_000)
    assert [work.number for work in panel.works()] == [2]


def test_what_went_wrong_is_told_and_can_be_tried_again(qtbot, panel, tmp_path):
    work_on(qtbot, panel, tmp_path, "full")
    qtbot.waitUntil(lambda: told(panel) == "full.mp4: the disk is full; make room")
    qtbot.waitUntil(lambda: buttons(panel) == ["Try again"], timeout=20_000)
    press(panel, "Try again")
    qtbot.waitUntil(lambda: told(panel) == "full.mp4: 120 frames read", timeout=20_000)
    assert not panel.works()[0].settings.overwrite


def test_what_becomes_of_earlier_results_stays_to_be_read_in_the_row(qtbot, panel, tmp_path):
    work_on(qtbot, panel, tmp_path, "anew")
    qtbot.waitUntil(lambda: told(panel) == "anew.mp4: 120 frames read")
    assert notices(panel) == [
        "runs on the processor",
        "anew.mp4: begins anew; the 40 frames of an earlier run are kept in anew.1",
        "is live; choose another folder",
    ]


def test_a_row_without_anything_else_to_say_has_no_room_for_it(qtbot, panel, tmp_path):
    work_on(qtbot, panel, tmp_path, "again")
    qtbot.waitUntil(lambda: told(panel) == "again.mp4: finished before, nothing to do")
    assert notices(panel) == []
