"""A page with a recording in it, for tests of what one can do there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import clips
import played
import pytest
from pytestqt.qtbot import QtBot

from app.ui.recorded import RecordedPage

THERE = {1: (0, 20), 2: (5, 40), 3: (22, 40)}  #: of `walk`: first picture and the one after the last


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """40 pictures of irregular length, 640 x 360."""
    path = tmp_path / "walk.mp4"
    steps = [900, 4500, 3003, 7000, 2500]
    ticks = [sum(steps[n % 5] for n in range(i)) for i in range(40)]
    clips.write(path, [clips.picture(i, 640, 360) for i in range(40)], ticks)
    return path


@pytest.fixture
def page(qtbot: QtBot, tmp_path: Path) -> Iterator[RecordedPage]:
    """Empty."""
    made = RecordedPage()
    made.output_folder = lambda: tmp_path / "runs"
    made.resize(1100, 750)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()


@pytest.fixture
def walked(walk: Path, page: RecordedPage, qtbot: QtBot) -> RecordedPage:
    """With a recording that has been processed."""
    played.session(walk, walk.with_suffix(".kinetrail"), THERE)
    page.open(str(walk))
    qtbot.waitUntil(lambda: bool(page.timeline.chart.rows) and page._state.counted and bool(page._looked))
    return page


def shown(page: RecordedPage) -> int:
    """The number of the picture in view."""
    return clips.number(page._looked[0].frame.image) if page._looked else -1
