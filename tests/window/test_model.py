"""Published networks in the window, from a publisher on loopback that can fail in every way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fetching import (  # noqa: F401  (fixtures)
    CONTENT,
    HALF,
    server_,
    straight_and_quick,
)
from named import close_all, nameless
from publisher import Publisher, refusal
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QProgressBar, QPushButton, QTreeWidget, QWidget

from app.ui.model_dialog import ModelDialog
from app.ui.trouble import Trouble
from engine.catalogue import CATALOGUE, Published
from engine.errors import UserError

Open = Callable[[], ModelDialog]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KINETRAIL_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture(autouse=True)
def _published(server: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(server.address, monkeypatch)


def publish(address: str, monkeypatch: pytest.MonkeyPatch, arch: str = "") -> None:
    """The network that tests fetch, the last in the list."""
    entry = Published(
        name="net",
        kind="pose",
        about="A small network",
        arch=arch,
        input_size=(128, 96),
        address=address,
        page="https://example.org/net",
        licence="MIT",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=len(CONTENT),
        ap=61.5,
    )
    monkeypatch.setitem(CATALOGUE, "net", entry)


@pytest.fixture
def opened(qtbot) -> Iterator[Open]:
    windows: list[QWidget] = []

    def make() -> ModelDialog:
        made = ModelDialog()
        windows.append(made)
        made.show()
        qtbot.waitUntil(lambda: not made._listing.busy)
        choose(made)
        return made

    yield make
    close_all(windows)


def choose(dialog: ModelDialog) -> None:
    tree = dialog.findChildren(QTreeWidget)[0]
    for item in tree.findItems("A small network", Qt.MatchFlag.MatchExactly):
        tree.setCurrentItem(item)


def cells(dialog: ModelDialog) -> list[str]:
    """The line of the network that tests fetch."""
    tree = dialog.findChildren(QTreeWidget)[0]
    [item] = tree.findItems("A small network", Qt.MatchFlag.MatchExactly)
    return [item.text(n) for n in range(tree.columnCount())]


def button(dialog: ModelDialog, text: str) -> QPushButton:
    """One of those at the foot."""
    [box] = dialog.findChildren(QDialogButtonBox)
    return next(each for each in box.findChildren(QPushButton) if each.text().replace("&", "") == text)


def press(dialog: ModelDialog, text: str, qtbot) -> None:
    assert button(dialog, text).isEnabled()
    qtbot.mouseClick(button(dialog, text), Qt.MouseButton.LeftButton)


def said(dialog: ModelDialog, name: str = "models.said") -> str:
    return dialog.findChild(QLabel, name).text()


def trouble(dialog: ModelDialog) -> str:
    return dialog.findChildren(Trouble)[0].message()


def wait_idle(dialog: ModelDialog, qtbot) -> None:
    qtbot.waitUntil(lambda: not dialog._working.busy and not dialog._listing.busy, timeout=20_000)


def test_each_network_stands_with_size_licence_ap_and_whether_it_is_here(opened: Open) -> None:
    dialog = opened()
    assert cells(dialog) == ["A small network", "pose", "128 x 96", "61.5", "0 MB", "MIT", "no"]
    assert dialog.findChildren(QTreeWidget)[0].topLevelItemCount() == len(CATALOGUE)
    assert "https://example.org/net" in said(dialog, "models.about")


def test_a_network_is_fetched_and_then_is_here(opened: Open, folder: Path, qtbot) -> None:
    dialog = opened()
    press(dialog, "Download", qtbot)
    wait_idle(dialog, qtbot)
    assert cells(dialog)[-1] == "yes"
    assert said(dialog) == "net is here (0.3 MB, MIT)"
    assert (folder / "net.onnx").read_bytes() == CONTENT
    assert not button(dialog, "Download").isEnabled()
    assert trouble(dialog) == ""


def test_progress_is_shown_and_a_download_that_is_stopped_goes_on_later(
    opened: Open, server: Publisher, folder: Path, qtbot
) -> None:
    server.stall_after = HALF
    dialog = opened()
    press(dialog, "Download", qtbot)
    qtbot.waitUntil(lambda: said(dialog) == f"{HALF / 1e6:.1f} / 0.3 MB", timeout=20_000)
    bar = dialog.findChildren(QProgressBar)[0]
    assert bar.isVisible()
    assert bar.value() == 1000 * HALF // len(CONTENT)
    press(dialog, "Cancel", qtbot)
    wait_idle(dialog, qtbot)
    assert said(dialog).startswith("Stopped")
    assert trouble(dialog) == ""
    assert cells(dialog)[-1] == "no"
    server.stall_after = None
    press(dialog, "Download", qtbot)
    wait_idle(dialog, qtbot)
    assert (folder / "net.onnx").read_bytes() == CONTENT
    assert server.asked[-1]["Range"] == f"bytes={HALF}-"


def test_closing_the_dialog_stops_the_download(opened: Open, server: Publisher, qtbot) -> None:
    server.stall_after = HALF
    dialog = opened()
    press(dialog, "Download", qtbot)
    qtbot.waitUntil(lambda: "MB" in said(dialog), timeout=20_000)
    press(dialog, "Close", qtbot)


def test_a_network_failure_is_one_line_with_the_way_around_it(opened: Open, server: Publisher, qtbot) -> None:
    server.special["/file.pth"] = refusal(503)
    dialog = opened()
    press(dialog, "Download", qtbot)
    qtbot.waitUntil(lambda: "answers 503" in trouble(dialog), timeout=20_000)
    assert "by hand from https://example.org/net" in trouble(dialog)
    assert "\n" not in trouble(dialog)
    wait_idle(dialog, qtbot)
    assert button(dialog, "Download").isEnabled()


def test_a_server_that_is_not_there_is_told(opened: Open, monkeypatch: pytest.MonkeyPatch, qtbot) -> None:
    publish("http://127.0.0.1:9/file.pth", monkeypatch)
    dialog = opened()
    press(dialog, "Download", qtbot)
    qtbot.waitUntil(lambda: "cannot be reached" in trouble(dialog), timeout=20_000)


def test_a_file_that_is_another_is_refused(opened: Open, server: Publisher, folder: Path, qtbot) -> None:
    server.content = CONTENT[::-1]
    dialog = opened()
    press(dialog, "Download", qtbot)
    qtbot.waitUntil(lambda: "sha256" in trouble(dialog), timeout=20_000)
    assert not (folder / "net.onnx").exists()


def test_a_network_is_taken_from_a_file_that_was_fetched_by_hand(
    opened: Open, server: Publisher, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot
) -> None:
    (tmp_path / "fetched").write_bytes(CONTENT)
    name = str(tmp_path / "fetched")
    monkeypatch.setattr("app.ui.model_dialog.QFileDialog.getOpenFileName", lambda *_: (name, ""))
    dialog = opened()
    press(dialog, "From file…", qtbot)
    wait_idle(dialog, qtbot)
    assert (folder / "net.onnx").read_bytes() == CONTENT
    assert server.asked == []


def test_a_checkpoint_says_what_it_takes_to_run_it(
    opened: Open, server: Publisher, monkeypatch: pytest.MonkeyPatch, qtbot
) -> None:
    publish(server.address, monkeypatch, arch="hrnet_tiny")
    monkeypatch.setattr("app.networks.shelf.find_spec", lambda _: None)
    dialog = opened()
    assert "kinetrail[train]" in said(dialog, "models.about")
    press(dialog, "Download", qtbot)
    wait_idle(dialog, qtbot)
    assert cells(dialog)[-1] == "checkpoint"
    assert "has to be turned into ONNX" in said(dialog)
    assert 'needs torch and onnx: pip install "kinetrail[train]"' in said(dialog, "models.about")
    assert not button(dialog, "Turn into ONNX").isEnabled()


def test_a_checkpoint_is_turned_into_onnx_where_that_can_be_done(
    opened: Open, server: Publisher, monkeypatch: pytest.MonkeyPatch, folder: Path, qtbot
) -> None:
    publish(server.address, monkeypatch, arch="hrnet_tiny")
    monkeypatch.setattr("app.networks.shelf.find_spec", lambda _: True)
    wrong = ["it is damaged; fetch it again"]

    def convert(each: Published, checkpoint: Path, *_: object) -> bool:
        if wrong:
            raise UserError(wrong.pop())
        checkpoint.with_name(each.onnx).touch()
        return True

    monkeypatch.setattr("app.networks.shelf.convert", convert)
    dialog = opened()
    press(dialog, "Download", qtbot)
    wait_idle(dialog, qtbot)
    press(dialog, "Turn into ONNX", qtbot)
    qtbot.waitUntil(lambda: trouble(dialog) == "it is damaged; fetch it again")
    wait_idle(dialog, qtbot)
    press(dialog, "Turn into ONNX", qtbot)
    wait_idle(dialog, qtbot)
    assert said(dialog) == f"net can run now; it is in {folder}"
    assert cells(dialog)[-1] == "yes"


def test_a_folder_that_cannot_be_read_is_told(opened: Open, monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KINETRAIL_MODELS", str(tmp_path / "file"))
    assert "no folder that can be read" in trouble(opened())


def test_everything_has_a_name_and_a_tool_tip(opened: Open) -> None:
    assert nameless(opened()) == []
