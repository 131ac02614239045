"""The whole window, with networks and a queue that do what a test wants, and no camera of this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import played
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app import job, processing
from app.ui import start
from app.ui.preferences import Preferences
from app.ui.window import Window
from engine.skeleton import KEYPOINTS
from engine.types import Boxes, Image, Poses

PATIENCE_MS = 60_000

#: In place of `kinetrail work`: what it does depends on the name of the recording.
WORKER = """
import json, signal, os, pathlib, sys, time
signal.signal(signal.SIGTERM, signal.default_int_handler)
task = json.loads(sys.stdin.read())
source = pathlib.Path(task["source"])
out = pathlib.Path(task["settings"]["output"])
out.mkdir(parents=True, exist_ok=True)
def say(**what):
    print(json.dumps(what), flush=True)
if source.suffix == ".txt":
    say(kind="failed", line=source.name + ": no video; pass a video file")
    sys.exit(2)
(out / (source.stem + ".pid")).write_text(str(os.getpid()))
try:
    say(kind="going", frames=30, total=120, fps=15.0, people=2, doing="")
    if source.stem.startswith("long"):
        time.sleep(120)
except KeyboardInterrupt:
    (out / (source.stem + ".completed")).touch()
    sys.exit(130)
say(kind="said", line=source.name + ": 120 frames read")
"""


class Networks:
    """Find the same three people in every picture, until they are to fail."""

    keypoints = KEYPOINTS
    on_cpu = True

    def __init__(self) -> None:
        self.trouble: list[Exception] = []  #: raised by the next picture

    def detect(self, images: Sequence[Image]) -> list[Boxes]:
        return [self._three(image).boxes for image in images]

    def __call__(self, image: Image, _boxes: Boxes) -> Poses:
        return self._three(image)

    def estimate(self, images: Sequence[Image], boxes: Sequence[Boxes]) -> list[Poses]:
        for error in self.trouble:
            raise error
        return [self._of(image, each) for image, each in zip(images, boxes, strict=True)]

    def close(self) -> None:
        pass

    def _of(self, image: Image, boxes: Boxes) -> Poses:
        three = self._three(image)
        return Poses(boxes, three.keypoints[: len(boxes)], three.scores[: len(boxes)])

    @staticmethod
    def _three(image: Image) -> Poses:
        seen = played.people({1: 0.9, 2: 0.9, 3: 0.9}, 0, (image.shape[1], image.shape[0]))
        return Poses(seen.boxes, seen.keypoints, seen.scores)


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> Networks:
    made = Networks()
    monkeypatch.setattr(job, "open_detector", lambda *_, **__: made)
    monkeypatch.setattr(job, "open_estimator", lambda *_, **__: made)
    return made


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where recordings and results go."""
    return tmp_path / "out"


@pytest.fixture
def window(
    qtbot: QtBot,
    tmp_path: Path,
    out: Path,
    networks: Networks,  # noqa: ARG001 (a window without them loads real ones)
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Window]:
    """Shown, on its first page. At the end it is closed, if the test has not done so."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(start, "Cameras", lambda: nowhere)
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    monkeypatch.setattr(processing, "program", lambda: [sys.executable, str(script)])
    preferences = Preferences(tmp_path / "window.ini")
    preferences.set_settings(replace(preferences.settings(), output=str(out)))
    made = Window(preferences)
    made.show()
    yield made
    made.leave()
    qtbot.waitUntil(lambda: not made.isVisible(), timeout=PATIENCE_MS)
    made.deleteLater()


def nowhere(*, fresh: bool) -> tuple[()]:  # noqa: ARG001
    """No camera is connected."""
    return ()


def drop(target: QWidget, paths: Sequence[Path | str]) -> None:
    """As if these were dragged from a file manager or a browser and let go over a widget."""
    mime = QMimeData()
    mime.setUrls([QUrl(str(path)) if "://" in str(path) else QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(20, 20), copy, mime, left, none)
    enter.ignore()
    QApplication.sendEvent(target, enter)
    assert enter.isAccepted(), "nothing can be dropped here"
    QApplication.sendEvent(target, QDropEvent(QPointF(20, 20), copy, mime, left, none))


def until(qtbot: QtBot, true: Callable[[], bool]) -> None:
    qtbot.waitUntil(true, timeout=PATIENCE_MS)


def states(window: Window) -> dict[str, str]:
    """How it stands with everything in the queue, by file name."""
    return {Path(work.source).name: work.state for work in window.queue_panel.works()}
