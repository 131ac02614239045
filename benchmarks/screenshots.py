"""The pictures of the window in docs/, taken from the window itself at work on the demo clip.

    python -m benchmarks.screenshots [--folder docs] [--dark]

A camera on loopback films the clip, with the networks that come along. What is measured depends on the moment
it is taken, so the pictures are alike from run to run, not the same.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import cv2

from benchmarks.events import until, wait

sys.path[:0] = [str(Path(__file__).parents[1] / "tests"), str(Path(__file__).parents[1] / "tests" / "window")]

import av  # noqa: E402
import clips  # noqa: E402
from filming import DEMO, StreetCamera  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from PySide6.QtCore import QPoint, QRect, Qt  # noqa: E402
from PySide6.QtGui import QColor, QPainter, QPixmap  # noqa: E402
from PySide6.QtWidgets import QApplication, QDialog  # noqa: E402

from app.ui import start, theme  # noqa: E402
from app.ui.export_dialog import ExportDialog  # noqa: E402
from app.ui.preferences import Preferences  # noqa: E402
from app.ui.window import Window  # noqa: E402
from app.watch import room  # noqa: E402
from app.watch.cameras import IN_USE, Camera  # noqa: E402

SIZE = 1280, 800
MOST = 195_000  #: bytes of a picture
SOUGHT_S = 3.2  #: of the recording: who is shown where it is repaired
Scheme = Qt.ColorScheme
DARK = ("live", "trouble")  #: shown as on a dark desktop
CAMERAS = (Camera(0, "Studio, left", ""), Camera(2, "Studio, right", ""), Camera(4, "Laptop", IN_USE))


@cache
def film() -> list[NDArray]:
    """The demo clip, every second picture."""
    with av.open(str(DEMO)) as clip:
        return [frame.to_ndarray(format="bgr24") for frame in clip.decode(video=0)][::2]


class Street(StreetCamera):
    """Ten pictures a second, to be followed on a small machine too; from the middle of the clip on."""

    def __init__(self) -> None:
        super().__init__(rate=10.0)
        self._jpegs = [cv2.imencode(".jpg", each)[1] for each in film()[:60]]

    def _picture(self) -> NDArray:
        place = self.sent % (2 * len(self._jpegs) - 1)
        return self._jpegs[min(place, 2 * len(self._jpegs) - 2 - place)]


def connected(*, fresh: bool) -> tuple[Camera, ...]:  # noqa: ARG001
    """The cameras of the first page."""
    return CAMERAS


class Preview:
    """A camera of the first page: a part of one picture."""

    rate = Fraction(10)

    def __init__(self, number: int) -> None:
        picture = film()[20 + 10 * number]
        self._picture = picture[60:660, 80:1146] if number else picture

    def read(self) -> list[NDArray]:
        time.sleep(0.1)
        return [self._picture]

    def close(self) -> None:
        pass


class Photographer:
    """Leads the window through its pages, and takes a picture of each."""

    def __init__(self, application: QApplication, folder: Path, work: Path, *, dark: bool) -> None:
        self._application, self._folder, self._dark = application, folder, dark
        self._work = work
        preferences = Preferences(work / "window.ini")
        out = work / "Kinetrail"
        preferences.set_settings(replace(preferences.settings(), output=str(out)))
        for name, first in (("warm-up", 90), ("second lap", 60), ("finish", 20)):
            path = work / f"{name}.mp4"
            clips.write(path, film()[first : first + 5], [3600 * i for i in range(5)])
            preferences.add_recent(str(path))
        self.window = Window(preferences)
        self.window.resize(*SIZE)
        self.window.show()

    def until(self, true: Callable[[], bool]) -> None:
        until(true, self.window.trouble.message, every_s=0.02)

    def take(self, name: str, dialogs: bool = False) -> None:
        """What is seen, small enough for a page on the web."""
        dark = self._dark or name in DARK
        self._application.setPalette(theme.palette(Scheme.Dark if dark else Scheme.Light))
        wait(0.4)
        picture = self.window.grab()
        for dialog in self.window.findChildren(QDialog):
            if dialogs and dialog.isVisible():
                _lay_over(picture, dialog.grab())
        path = self._folder / f"window-{name}.jpg"
        for quality in range(92, 50, -3):
            picture.toImage().save(str(path), "JPG", quality)
            if path.stat().st_size < MOST:
                break
        sys.stdout.write(f"{path}: {path.stat().st_size // 1000} KB\n")

    def first_page(self) -> None:
        wait(3.0)
        self.take("start")

    def live(self, address: str) -> None:
        page, window = self.window.live_page, self.window
        page.show_plots.setChecked(False)
        window.open(address)
        self.until(lambda: page.newest is not None and len(page.newest.tracks) >= 3)
        wait(6.0)
        window.preferences.set_view(replace(window.preferences.view(), trails=True))
        self.until(lambda: len(page.newest.tracks) == 3 and 15 < page.newest.frame.index % 119 < 50)
        self.take("live")
        page.show_plots.setChecked(True)
        tracks = page.newest.tracks
        sizes = tracks.boxes.xyxy[:, 3] - tracks.boxes.xyxy[:, 1]
        page.company.lock(int(tracks.ids[sizes.argmax()]))
        page.company.name(page.company.attention.locked, "Ada")
        page.record.setChecked(True)
        wait(11.0)
        self.until(lambda: page.company.attention.held.state == "held" and len(page.newest.tracks) >= 2)
        self.take("locked")

    def trouble(self) -> None:
        page = self.window.live_page
        free, room.free = room.free, lambda _folder: room.LEAST // 2
        self.until(lambda: not page.recording() and self.window.trouble.isVisible())
        wait(1.0)
        self.take("trouble")
        room.free = free

    def recorded(self) -> None:
        window, page = self.window, self.window.recorded_page
        walk = self._work / "walk.mp4"
        walk.write_bytes(DEMO.read_bytes())
        window.open(str(walk))
        wait(1.0)
        window.process([str(walk)])
        self.until(lambda: {work.state for work in window.queue_panel.works()} == {"done"})
        window.queue_dock.hide()
        self.until(lambda: len(page.timeline.chart.rows) > 3)
        rows = page.timeline.chart.rows
        gone, into = next(
            (a.id, b.id) for a in rows[3:] for b in rows[1:3] if not set(a.positions) & set(b.positions)
        )
        page.opened.ask(lambda review: review.rename(rows[0].id, "Ada"))
        page.opened.ask(lambda review: review.merge(gone, into))
        page.opened.ask(lambda review: review.player.seek(SOUGHT_S))
        self.until(lambda: len(page.timeline.chart.rows) < len(rows))
        self.until(lambda: abs(page.timeline.cursor_s - SOUGHT_S) < 0.05)
        page.timeline.select((rows[1].id, rows[2].id))
        wait(1.0)
        self.take("timeline")
        page.timeline.select(())
        page.export.trigger()
        dialog = page.findChild(ExportDialog)
        dialog.format.setCurrentIndex(dialog.format.findData("mp4"))
        wait(3.0)
        self.take("export", dialogs=True)

    def settings(self) -> None:
        for dialog in self.window.findChildren(QDialog):
            dialog.done(0)
        self.window.keys.actions()["window.settings"].trigger()
        wait(3.0)
        if self._folder.name != "docs":  # to be looked at; no page shows it
            self.take("settings", dialogs=True)

    def close(self) -> None:
        self.window.leave()
        self.until(lambda: not self.window.isVisible())


def _lay_over(below: QPixmap, dialog: QPixmap) -> None:
    """A dialog in the middle of its window, which it dims."""
    painter = QPainter(below)
    painter.fillRect(below.rect(), QColor(0, 0, 0, 90))
    place = QRect(QPoint(0, 0), dialog.size())
    place.moveCenter(below.rect().center())
    painter.fillRect(place.adjusted(-1, -1, 1, 1), QColor(0, 0, 0, 120))
    painter.drawPixmap(place, dialog)
    painter.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(__file__).parents[1] / "docs")
    parser.add_argument("--dark", action="store_true", help="all of them as on a dark desktop")
    args = parser.parse_args()
    application = QApplication(["kinetrail"])
    theme.apply(application)
    start.Cameras = lambda: connected
    start.StartPage.__init__.__kwdefaults__["connect"] = Preview
    args.folder.mkdir(exist_ok=True)
    work = Path(tempfile.gettempdir()) / "Videos"  # is to be read in the pictures
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    with Street() as street:
        os.environ["XDG_CACHE_HOME"] = str(work)
        photographer = Photographer(application, args.folder, work, dark=args.dark)
        photographer.first_page()
        photographer.live(street.address)
        photographer.trouble()
        photographer.recorded()
        photographer.settings()
        photographer.close()
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
