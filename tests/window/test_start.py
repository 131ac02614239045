"""The first page: all is one click or one key away, and no camera is held when it is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import clips
import pytest
from mjpeg import MjpegCamera
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from watching import PATIENCE_S

from app.sources.live import Connection, Lost
from app.sources.stream import Stream
from app.ui.cards import Card
from app.ui.start import StartPage
from app.watch import previews
from app.watch.cameras import IN_USE, Camera
from engine.types import Image

PATIENCE_MS = int(1000 * PATIENCE_S)


class Room:
    """Two cameras, which can be taken away, and how many are held."""

    def __init__(self) -> None:
        self.cameras = [Camera(0, "Front", ""), Camera(2, "Side", "")]
        self.taken: set[int] = set()
        self.open: list[int] = []
        self.looked = 0
        self.slow = threading.Event()  #: cleared while a camera takes its time
        self.slow.set()

    def look(self, *, fresh: bool) -> tuple[Camera, ...]:
        self.looked += fresh
        return tuple(self.cameras)

    def connect(self, number: int) -> Connection:
        self.slow.wait(PATIENCE_S)
        if number in self.taken:
            raise Lost(IN_USE)
        self.open.append(number)
        return Seat(self, number)


class Seat:
    rate = Fraction(30)

    def __init__(self, room: Room, number: int) -> None:
        self.room, self.number = room, number

    def read(self) -> list[Image]:
        return [clips.picture(self.number, 320, 240)]

    def close(self) -> None:
        self.room.open.remove(self.number)


class Heard:
    """What the page told, and whether a camera was held at that moment."""

    def __init__(self, page: StartPage, room: Room) -> None:
        self.all: list[str | list[str]] = []
        self.held: list[list[int]] = []
        page.source_chosen.connect(self.all.append)
        page.source_chosen.connect(lambda _: self.held.append(list(room.open)))
        page.files_chosen.connect(self.all.append)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr(previews, "LOOK_S", 0.02)
    monkeypatch.setattr(previews, "AGAIN_S", 0.02)
    return Room()


@pytest.fixture
def page(room: Room, qtbot: QtBot, tmp_path: Path) -> Iterator[StartPage]:
    made = StartPage(look=room.look, connect=room.connect, cache=tmp_path / "cache")
    qtbot.addWidget(made, before_close_func=lambda page: page.close_page())
    made.resize(1000, 700)
    made.show()
    qtbot.waitExposed(made)
    yield made
    room.slow.set()


@pytest.fixture
def heard(page: StartPage, room: Room) -> Heard:
    return Heard(page, room)


def cards(page: StartPage) -> dict[str, Card]:
    return {card.text(): card for card in page.findChildren(Card) if not card.isHidden()}


def wait(qtbot: QtBot, happened: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(happened()), timeout=PATIENCE_MS)


def seen(page: StartPage, *names: str) -> bool:
    return [name for name, card in cards(page).items() if not card.picture().isNull()] == list(names)


def words(page: StartPage) -> str:
    return "\n".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


def test_every_camera_has_a_card_with_its_name_and_picture(page: StartPage, qtbot: QtBot) -> None:
    wait(qtbot, lambda: seen(page, "Front", "Side"))
    shown = cards(page)["Side"].picture()
    truth = clips.picture(2, 320, 240)
    assert (shown.width(), shown.height()) == (320, 240)
    blue, green, red = truth[120, 160].tolist()
    assert shown.pixelColor(160, 120).getRgb()[:3] == (red, green, blue)


def test_a_chosen_camera_is_let_go_before_that_is_told(page: StartPage, heard: Heard, qtbot: QtBot) -> None:
    wait(qtbot, lambda: seen(page, "Front", "Side"))
    qtbot.mouseClick(cards(page)["Side"], Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: heard.all)
    assert heard.all == ["2"]
    assert heard.held == [[]]


def test_a_camera_that_hangs_while_it_is_opened_freezes_nothing(
    page: StartPage, room: Room, heard: Heard, qtbot: QtBot
) -> None:
    wait(qtbot, lambda: seen(page, "Front", "Side"))
    room.slow.clear()
    page.refresh()
    wait(qtbot, lambda: room.open == [])
    qtbot.mouseClick(cards(page)["Front"], Qt.MouseButton.LeftButton)
    assert cards(page)["Front"].line() == "opening…"
    qtbot.wait(20)
    assert heard.all == []
    room.slow.set()
    wait(qtbot, lambda: heard.all)
    assert (heard.all, heard.held) == (["0"], [[]])


def test_hidden_it_holds_no_camera_and_shown_again_it_looks_again(
    page: StartPage, room: Room, qtbot: QtBot
) -> None:
    wait(qtbot, lambda: len(room.open) == 2)
    page.hide()
    wait(qtbot, page.holds_no_camera)
    assert room.open == []
    before = room.looked
    page.show()
    wait(qtbot, lambda: len(room.open) == 2)
    assert room.looked == before + 1


def test_a_camera_in_use_says_so_on_its_card_and_can_still_be_tried(
    page: StartPage, room: Room, heard: Heard, qtbot: QtBot
) -> None:
    room.taken = {0}
    page.refresh()
    wait(qtbot, lambda: cards(page).get("Front") and "in use" in cards(page)["Front"].line())
    assert "close that program" in cards(page)["Front"].accessibleDescription().lower()
    wait(qtbot, lambda: "Side" in cards(page) and not cards(page)["Side"].picture().isNull())
    cards(page)["Front"].click()
    wait(qtbot, lambda: heard.all == ["0"])


def test_cameras_appear_and_vanish_by_themselves(page: StartPage, room: Room, qtbot: QtBot) -> None:
    wait(qtbot, lambda: list(cards(page)) == ["Front", "Side"])
    room.cameras = [Camera(0, "Front", ""), Camera(4, "New", "")]
    wait(qtbot, lambda: list(cards(page)) == ["Front", "New"])
    room.cameras = []
    wait(qtbot, lambda: cards(page) == {})
    assert "No camera is connected" in words(page)
    room.cameras = [Camera(0, "Front", "")]
    wait(qtbot, lambda: seen(page, "Front"))
    assert "No camera" not in words(page)


def test_a_network_camera_can_be_looked_at_too(qtbot: QtBot, tmp_path: Path, room: Room) -> None:
    with MjpegCamera() as sending:
        room.cameras = [Camera(7, "Loopback", "")]
        made = StartPage(look=room.look, connect=lambda _: Stream(sending.address, 3.0, 1), cache=tmp_path)
        qtbot.addWidget(made)
        made.show()
        wait(qtbot, lambda: seen(made, "Loopback"))
        assert made.close_page()


def test_an_address_is_opened_and_forgotten_in_the_field(page: StartPage, heard: Heard, qtbot: QtBot) -> None:
    field = page._address.field
    qtbot.keyClicks(field, " rtsp://me:secret@192.0.2.1/live ")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert heard.all == ["rtsp://me:secret@192.0.2.1/live"]
    assert field.text() == ""
    field.undo()
    assert field.text() == ""


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("192.0.2.1/live", "rtsp://192.0.2.1/live"),
        ("htp://192.0.2.1", "“htp” is not a protocol"),
        ("rtsp://", "comes after rtsp://"),
    ],
)
def test_an_address_that_is_none_is_explained(
    page: StartPage, heard: Heard, qtbot: QtBot, typed: str, said: str
) -> None:
    qtbot.keyClicks(page._address.field, typed)
    page._address.button.click()
    assert heard.all == []
    assert said in page._address.wrong()
    assert page._address.field.text() == typed
    qtbot.keyClick(page._address.field, Qt.Key.Key_A)
    assert page._address.wrong() == ""


def test_recent_sources_never_show_a_password(page: StartPage, heard: Heard) -> None:
    secret = "rtsp://me:hunter2@192.0.2.1:554/live?token=hunter2"
    page.set_recent([secret, "0", "/films/walk.mp4"])
    everything = [*page.findChildren(QWidget), page]
    shown = [t for w in everything for t in (w.toolTip(), w.accessibleName(), w.accessibleDescription())]
    shown += [card.text() + card.line() for card in page.findChildren(Card)]
    assert not any("hunter2" in text for text in shown)
    cards(page)["192.0.2.1:554/live"].click()
    assert heard.all == [secret]


def test_a_recent_file_shows_its_picture_and_one_that_is_gone_says_so(
    page: StartPage, heard: Heard, qtbot: QtBot, tmp_path: Path
) -> None:
    demo = str(Path(__file__).parents[2] / "assets" / "demo.mp4")
    gone = str(tmp_path / "gone.mp4")
    page.set_recent([demo, gone, str(tmp_path)])
    wait(qtbot, lambda: "demo.mp4" in cards(page) and not cards(page)["demo.mp4"].picture().isNull())
    wait(qtbot, lambda: cards(page)["gone.mp4"].line() == "moved or deleted")
    cards(page)["demo.mp4"].click()
    cards(page)[tmp_path.name].click()
    assert heard.all == [demo, str(tmp_path)]


def test_a_recent_camera_is_let_go_first_too(page: StartPage, room: Room, heard: Heard, qtbot: QtBot) -> None:
    page.set_recent(["2"])
    wait(qtbot, lambda: len(room.open) == 2)
    cards(page)["Camera 2"].click()
    wait(qtbot, lambda: heard.all == ["2"])
    assert heard.held == [[]]


def test_without_recent_sources_there_is_no_heading_for_them(page: StartPage) -> None:
    page.set_recent([])
    assert "Recent" not in words(page)
    page.set_recent(["0"])
    assert "Recent" in words(page)


def test_an_address_can_be_pasted(page: StartPage, heard: Heard, qtbot: QtBot) -> None:
    QGuiApplication.clipboard().setText("https://192.0.2.1/film.mp4")
    page.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert heard.all == ["https://192.0.2.1/film.mp4"]


def test_everything_is_reached_by_tab_in_reading_order_and_opened_by_enter(
    page: StartPage, room: Room, heard: Heard, qtbot: QtBot
) -> None:
    page.set_recent(["rtsp://192.0.2.1/a", "rtsp://192.0.2.1/b"])
    room.cameras.append(Camera(4, "Late", ""))  # comes when the others have their place already
    wait(qtbot, lambda: seen(page, "Front", "Side", "Late") or "Late" in cards(page))
    page.activateWindow()
    page.findChildren(QPushButton)[0].setFocus()
    reached = []
    for _ in range(9):
        focus = QApplication.focusWidget()
        assert focus is not None
        reached.append(focus.accessibleName() or focus.text())  # type: ignore[attr-defined]
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    assert reached == [
        "Open video…", "Open folder…", "Front", "Side", "Late",
        "Address of a network camera", "Open address", "192.0.2.1/a", "192.0.2.1/b",
    ]  # fmt: skip
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
        heard.all.clear()
        qtbot.keyClick(cards(page)["192.0.2.1/b"], key)
        assert heard.all == ["rtsp://192.0.2.1/b"]


def test_the_buttons_ask_for_files_and_folders(
    page: StartPage, heard: Heard, qtbot: QtBot, tmp_path: Path
) -> None:
    for file in ("1.mp4", "2.mp4"):
        (tmp_path / file).touch()
    wanted = [str(tmp_path / "1.mp4"), str(tmp_path / "2.mp4")]
    for do, chosen, told in (
        (page.open_video, wanted[:1], wanted[0]),
        (page.open_video, wanted, wanted),
        (page.open_folder, [str(tmp_path)], str(tmp_path)),
    ):
        heard.all.clear()
        do()
        (dialog,) = [each for each in page.findChildren(QFileDialog) if each.isVisible()]
        dialog.filesSelected.emit(chosen)
        dialog.close()
        wait(qtbot, lambda: heard.all)
        assert heard.all == [told]
        wait(qtbot, lambda: not page.findChildren(QFileDialog))


def test_cards_keep_within_the_page_at_every_width(page: StartPage, qtbot: QtBot) -> None:
    page.set_recent([f"rtsp://192.0.2.1/{n}" for n in range(9)])
    wait(qtbot, lambda: "Side" in cards(page))
    for width in (600, 760, 1000, 2400):
        page.resize(width, 700)
        QApplication.processEvents()
        boxes = [card.rect().translated(card.mapTo(page, QPoint())) for card in cards(page).values()]
        assert all(box.left() >= 0 and box.right() < width for box in boxes), width
        assert not any(a.intersects(b) for n, a in enumerate(boxes) for b in boxes[:n]), width


def test_actions_have_names_and_keys_of_their_own(page: StartPage) -> None:
    names = [each.objectName() for each in page.actions()]
    assert all(name.startswith("start.") for name in names)
    assert len(set(names)) == len(names)
    assert all(each.text() and each.toolTip() and not each.shortcut().isEmpty() for each in page.actions())
