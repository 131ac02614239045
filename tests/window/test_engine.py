"""Building engines from the window: what is lacking is said, and what goes on can be called off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import networks
import pytest
from gpu_machine import machine
from named import close_all, nameless
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QProgressBar, QPushButton, QWidget
from simulated_tensorrt import MAJORS, SIMULATION

from app.checks.finding import note, ok
from app.checks.nvidia import Gpu, Nvidia
from app.networks import workshop
from app.networks.workshop import Look, Step
from app.ui.engine_dialog import EngineDialog, Maker
from app.ui.preferences import Preferences
from app.ui.trouble import Trouble
from engine.cache import engines
from engine.errors import UserError

HERE = Nvidia((Gpu("Simulated GPU", 8192, 8000, "8.9"),), "580.65", "13.0")
READY = Look("cuda:0", [("GPU", ok("Simulated GPU"))], "", [Path("detector.onnx"), Path("pose.onnx")], [])
LACKING = replace(
    READY,
    findings=[
        ("GPU", ok("Simulated GPU")),
        ("TensorRT", note("not installed", "pip install 'kinetrail[gpu]'")),
    ],
    lacking="engines need TensorRT (No module named 'tensorrt'): pip install 'kinetrail[gpu]'",
)

Open = Callable[..., EngineDialog]


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    return Preferences(tmp_path / "window.ini")


@pytest.fixture
def opened(qtbot, preferences: Preferences) -> Iterator[Open]:
    windows: list[QWidget] = []

    def make(**parts: object) -> EngineDialog:
        made = EngineDialog(preferences, **parts)
        windows.append(made)
        made.show()
        qtbot.waitUntil(lambda: not made._looking.busy)
        return made

    yield make
    close_all(windows)


def button(dialog: EngineDialog, text: str) -> QPushButton:
    """One of those at the foot."""
    [box] = dialog.findChildren(QDialogButtonBox)
    return next(each for each in box.findChildren(QPushButton) if each.text().replace("&", "") == text)


def said(dialog: EngineDialog, name: str = "engine.step") -> str:
    return dialog.findChild(QLabel, name).text()


def press(dialog: EngineDialog, text: str, qtbot) -> None:
    qtbot.mouseClick(button(dialog, text), Qt.MouseButton.LeftButton)


def maker(work: Callable[[Callable[[Step], None], threading.Event], list[str]]) -> Maker:
    def make(
        files: Sequence[Path],
        device: str,
        show: Callable[[Step], None],
        stop: threading.Event,
        *,
        force: bool = False,
    ) -> list[str]:
        del files, device, force
        return work(show, stop)

    return make


def until_stopped(show: Callable[[Step], None], stop: threading.Event) -> list[str]:
    show(Step("pose.onnx", "building", 2, 2, 0.25, 83.0))
    stop.wait(20)
    raise UserError("cancelled; nothing was kept")


def test_without_a_gpu_the_dialog_says_plainly_what_is_missing(opened: Open, monkeypatch) -> None:
    monkeypatch.setattr(workshop.nvidia, "look", lambda: Nvidia())
    dialog = opened()
    assert "No engine can be built here: no NVIDIA GPU was found" in said(dialog, "engine.state")
    assert not button(dialog, "Build").isEnabled()


def test_a_driver_that_is_broken_is_told_with_its_remedy(opened: Open, monkeypatch) -> None:
    trouble = "Driver/library version mismatch"
    monkeypatch.setattr(workshop.nvidia, "look", lambda: Nvidia(trouble=trouble))
    dialog = opened()
    assert trouble in said(dialog, "engine.state")
    assert "restart the machine" in said(dialog, "engine.state")


def test_what_is_missing_beside_a_gpu_is_told_with_what_to_install(opened: Open) -> None:
    dialog = opened(look=lambda *_: LACKING)
    state = said(dialog, "engine.state")
    assert "No module named" in state
    assert state.count("kinetrail[gpu]") == 2
    assert not button(dialog, "Build").isEnabled()


def test_phase_progress_and_time_left_are_shown(opened: Open, qtbot) -> None:
    dialog = opened(look=lambda *_: READY, make=maker(until_stopped))
    press(dialog, "Build", qtbot)
    qtbot.waitUntil(lambda: said(dialog) == "2 of 2: pose.onnx: building, 1:23 left")
    bar = dialog.findChildren(QProgressBar)[0]
    assert (bar.value(), bar.maximum(), bar.isVisible()) == (250, 1000, True)
    assert not button(dialog, "Build").isVisible()


def test_building_is_called_off_and_can_be_started_again(opened: Open, qtbot) -> None:
    dialog = opened(look=lambda *_: READY, make=maker(until_stopped))
    for _ in range(2):
        press(dialog, "Build", qtbot)
        qtbot.waitUntil(lambda: "1:23 left" in said(dialog))
        press(dialog, "Cancel building", qtbot)
        qtbot.waitUntil(lambda: said(dialog).startswith("Cancelled"))
        assert button(dialog, "Build").isVisible()
        assert dialog.findChildren(Trouble)[0].isHidden()


def test_closing_the_dialog_calls_building_off(opened: Open, qtbot) -> None:
    ended = threading.Event()

    def work(show: Callable[[Step], None], stop: threading.Event) -> list[str]:
        show(Step("pose.onnx", "building", 1, 1, -1.0, -1.0))
        stop.wait(20)
        ended.set()
        return []

    dialog = opened(look=lambda *_: READY, make=maker(work))
    press(dialog, "Build", qtbot)
    qtbot.waitUntil(lambda: "building" in said(dialog))
    press(dialog, "Close", qtbot)
    assert ended.wait(20)


def test_a_build_that_fails_says_why(opened: Open, qtbot) -> None:
    def work(*_: object) -> list[str]:
        raise UserError("pose.onnx: not enough memory on the GPU; close what uses it")

    dialog = opened(look=lambda *_: READY, make=maker(work))
    press(dialog, "Build", qtbot)
    qtbot.waitUntil(lambda: "not enough memory" in dialog.findChildren(Trouble)[0].message())
    assert button(dialog, "Build").isVisible()


def test_a_bug_while_building_ends_no_window(opened: Open, qtbot) -> None:
    def work(*_: object) -> list[str]:
        raise ZeroDivisionError

    dialog = opened(look=lambda *_: READY, make=maker(work))
    press(dialog, "Build", qtbot)
    qtbot.waitUntil(lambda: "ran into a bug" in dialog.findChildren(Trouble)[0].message())


def test_everything_has_a_name_and_a_tool_tip(opened: Open) -> None:
    assert nameless(opened(look=lambda *_: READY)) == []


@pytest.fixture
def gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preferences: Preferences) -> Iterator[None]:
    """A simulated GPU with TensorRT, and two small networks in use."""
    pose = networks.heatmaps(tmp_path / "pose.onnx")
    detector = networks.rectangle_detector(tmp_path / "detector.onnx")
    preferences.set_settings(replace(preferences.settings(), pose=str(pose), detector=str(detector)))
    for name, finding in (("cuda", ok("starts")), ("tensorrt", ok("loads")), ("pycuda", ok("loads"))):
        monkeypatch.setattr(workshop.nvidia, name, lambda _, finding=finding: finding)
    monkeypatch.setattr(workshop.nvidia, "look", lambda: HERE)
    with machine(monkeypatch, tmp_path / "cache", MAJORS[-1]):
        yield


@pytest.mark.usefixtures("gpu")
def test_an_engine_is_built_and_proven_once_also_beside_one_that_cannot_be(opened: Open, qtbot) -> None:
    dialog = opened()
    assert "Ready to build for cuda:0: detector.onnx, pose.onnx" in said(dialog, "engine.state")
    told: list[bool] = []
    dialog.built.connect(lambda: told.append(True))
    press(dialog, "Build", qtbot)
    qtbot.waitUntil(lambda: bool(told), timeout=60_000)
    first, detector, pose = said(dialog).splitlines()
    assert first == "Done."
    assert detector.startswith("detector.onnx: no engine: the network has no convolution")
    assert pose.startswith("pose.onnx: built; joints within 0.0")
    assert len(engines()) == SIMULATION.built == 1
    press(dialog, "Build", qtbot)
    qtbot.waitUntil(lambda: len(told) == 2, timeout=60_000)
    assert "pose.onnx: was there already" in said(dialog)
    assert SIMULATION.built == 1


@pytest.mark.usefixtures("gpu")
def test_where_no_engine_can_be_built_it_is_an_error(
    opened: Open, preferences: Preferences, qtbot, tmp_path: Path
) -> None:
    preferences.set_settings(replace(preferences.settings(), pose=str(tmp_path / "gone.onnx")))
    dialog = opened()
    press(dialog, "Build", qtbot)
    bar = dialog.findChildren(Trouble)[0]
    qtbot.waitUntil(lambda: bool(bar.message()), timeout=60_000)
    assert "no convolution" in bar.message()
    assert "gone.onnx" in bar.message()


@pytest.mark.usefixtures("gpu")
def test_what_is_called_off_leaves_no_engine(tmp_path: Path) -> None:
    stop, steps = threading.Event(), list[Step]()

    def show(step: Step) -> None:
        steps.append(step)
        stop.set()

    with pytest.raises(UserError, match=r"^cancelled"):
        workshop.make([tmp_path / "pose.onnx", tmp_path / "detector.onnx"], "cuda:0", show, stop)
    assert {(step.network, step.number, step.count) for step in steps} == {("pose.onnx", 1, 2)}
    assert engines() == []


@pytest.mark.usefixtures("gpu")
def test_a_network_that_is_an_engine_already_is_left_out(opened: Open, preferences: Preferences) -> None:
    preferences.set_settings(replace(preferences.settings(), pose="mine.engine"))
    assert "mine.engine runs as it is" in said(opened(), "engine.state")
