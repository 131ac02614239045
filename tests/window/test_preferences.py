"""What the user chose stays, and no file, however odd, stops the program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray

from app.settings import Settings
from app.ui.preferences import RECENT, Preferences
from app.ui.view import View


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings" / "window.ini"


def again(file: Path) -> Preferences:
    """As the next start finds them."""
    return Preferences(file)


def test_everything_is_as_the_program_has_it_until_something_is_chosen(file: Path) -> None:
    found = Preferences(file)
    assert replace(found.settings(), output="") == replace(Settings(), output="")
    assert found.output_folder().name == "Kinetrail"
    assert found.view() == View()
    assert (found.recent(), found.shortcuts(), found.trouble) == ([], {}, "")


def test_the_file_is_in_the_folder_for_settings(tmp_path: Path) -> None:
    Preferences().set_view(View(boxes=True))
    assert (tmp_path / "kinetrail" / "window.ini").is_file()


def test_what_is_chosen_is_there_at_the_next_start(file: Path, tmp_path: Path) -> None:
    first = Preferences(file)
    settings = Settings(
        output=str(tmp_path / "my films, new"),
        pose="hrnet_w32_256x192",
        device="cuda:1",
        flip=True,
        keypoint_threshold=0.45,
        max_people=3,
        detect_every="auto",
        remember=0.0,
        smooth="lag:0.25s",
    )
    first.set_settings(settings)
    first.set_view(View(boxes=True, ids=False, line_width=1.75, colours="side", threshold=0.45))
    first.set_shortcut("live.record", "Ctrl+R")
    first.set_shortcut("live.mirror", "")
    first.set_geometry(QByteArray(b"\x01\xff\x00 geometry"))
    found = again(file)
    assert found.settings() == settings
    assert found.view() == View(boxes=True, ids=False, line_width=1.75, colours="side", threshold=0.45)
    assert found.output_folder() == tmp_path / "my films, new"
    assert found.shortcuts() == {"live.record": "Ctrl+R", "live.mirror": ""}
    assert found.geometry() == QByteArray(b"\x01\xff\x00 geometry")
    assert found.trouble == ""


def test_only_what_differs_is_written_so_that_better_defaults_reach_the_user(file: Path) -> None:
    found = Preferences(file)
    found.set_settings(replace(found.settings(), remember=5.0))
    found.set_view(View(trails=True))
    assert file.read_text().split() == ["[settings]", "remember=5.0", "[view]", "trails=true"]
    found.set_settings(found.usual_settings())
    found.set_view(View())
    assert "remember" not in file.read_text()


def test_whoever_shows_settings_is_told_of_each_change_once(file: Path) -> None:
    found = Preferences(file)
    heard = []
    found.changed.connect(lambda: heard.append(found.settings().keypoint_threshold))
    found.set_settings(found.settings())
    found.set_view(found.view())
    assert heard == []
    found.set_view(View(boxes=True, threshold=0.6))
    assert heard == [0.6]
    found.set_settings(replace(found.settings(), keypoint_threshold=0.2))
    assert heard == [0.6, 0.2]
    assert found.view() == View(boxes=True, threshold=0.2)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("remember=soon", "remember"),
        ("remember=nan", "remember"),
        ("max-people=-4", "max-people"),
        ("max-people=2.5", "max-people"),
        ("keypoint-threshold=7", "keypoint-threshold"),
        ("device=toaster", "device"),
        ("smooth=lag:900s", "smooth"),
        ("decode=@Variant(\\0\\0\\0\\x7f)", "decode"),
        ("flip=perhaps", "flip"),
        ("colour-of-the-moon=blue", "colour-of-the-moon"),
    ],
)
def test_a_bad_value_falls_back_alone_and_is_told(file: Path, line: str, told: str) -> None:
    file.parent.mkdir()
    file.write_text(f"[settings]\n{line}\npose=mine.onnx\n[view]\nboxes=true\n")
    found = Preferences(file)
    assert found.settings() == replace(found.usual_settings(), pose="mine.onnx")
    assert found.view() == View(boxes=True)
    assert told in found.trouble
    assert str(file) in found.trouble
    assert "\n" not in found.trouble


@pytest.mark.parametrize(
    "line",
    ["line_width=0", "line_width=inf", "ids=maybe", "sound=true", "boxes=1, 2", "colours=pink", "colours="],
)
def test_a_bad_view_falls_back_likewise(file: Path, line: str) -> None:
    file.parent.mkdir()
    file.write_text(f"[view]\n{line}\ntrails=yes\n")
    found = Preferences(file)
    assert found.view() == View(trails=True)
    assert line.split("=")[0] in found.trouble


def test_a_file_that_is_none_of_ours_is_kept_aside(file: Path) -> None:
    file.parent.mkdir()
    content = b"\x89PNG\x00\xff this is a picture"
    file.write_bytes(content)
    found = Preferences(file)
    assert "was damaged" in found.trouble
    assert file.with_name("window.ini.damaged").read_bytes() == content
    found.set_view(View(boxes=True))
    assert again(file).view() == View(boxes=True)
    assert again(file).trouble == ""


def test_where_nothing_can_be_written_choices_hold_for_this_run_and_it_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    found = Preferences(tmp_path / "file" / "window.ini")
    told: list[str] = []
    found.troubled.connect(told.append)
    found.set_view(View(boxes=True))
    found.set_view(View(boxes=True, ids=False))
    assert found.view() == View(boxes=True, ids=False)
    assert len(told) == 1
    assert "cannot be written" in told[0]


def test_a_folder_in_place_of_the_file_is_told(file: Path) -> None:
    file.mkdir(parents=True)
    assert "cannot be read" in Preferences(file).trouble


def test_recent_sources_are_newest_first_and_each_once(file: Path, tmp_path: Path) -> None:
    found = Preferences(file)
    walk = tmp_path / "walk, slow.mp4"
    for source in ("0", str(walk), "rtsp://10.0.0.7:554/stream", "0"):
        found.add_recent(source)
    assert again(file).recent() == ["0", "rtsp://10.0.0.7:554/stream", str(walk)]
    found.forget_recent(str(walk))
    assert again(file).recent() == ["0", "rtsp://10.0.0.7:554/stream"]
    found.forget_recent()
    assert again(file).recent() == []


def test_a_single_recent_source_comes_back_as_one(file: Path) -> None:
    Preferences(file).add_recent("0")
    assert again(file).recent() == ["0"]


def test_a_path_is_remembered_from_wherever_the_program_is_started_next(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = Preferences(file)
    found.add_recent("walk.mp4")
    assert found.recent() == [str(tmp_path / "walk.mp4")]


def test_no_more_recent_sources_are_kept_than_a_menu_has_room_for(file: Path) -> None:
    found = Preferences(file)
    for number in range(RECENT + 5):
        found.add_recent(str(number))
    assert found.recent() == [str(number) for number in range(RECENT + 4, 4, -1)]


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://admin:secret@10.0.0.7/stream",
        "rtsp://admin@10.0.0.7/stream",
        "http://10.0.0.7/video?token=secret",
        "rtsp://10.0.0.7/user=admin_password=secret",
        "rtsp://admin:a/secret@10.0.0.7/stream",
    ],
)
def test_an_address_that_may_hold_a_secret_is_not_kept_at_all(file: Path, address: str) -> None:
    found = Preferences(file)
    found.add_recent("0")
    found.add_recent(address)
    assert found.recent() == ["0"]
    assert "secret" not in file.read_text()
    assert "admin" not in file.read_text()


def test_a_shortcut_goes_back_to_the_usual_one(file: Path) -> None:
    found = Preferences(file)
    found.set_shortcut("live.record", "Ctrl+R")
    found.reset_shortcut("live.record")
    assert again(file).shortcuts() == {}
