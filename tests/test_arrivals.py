"""What is brought to the window, told apart: recordings of a camera and what was measured of them."""

from __future__ import annotations

from pathlib import Path

from app.arrivals import arrive


def recording(folder: Path) -> Path:
    """The files of one, empty."""
    for name in ("run.mp4", "run.clean.mp4", "run.csv", "run.kinetrail"):
        (folder / name).touch()
    return folder / "run.clean.mp4"


def test_a_recording_comes_with_what_was_measured_while_it_was_made(tmp_path: Path) -> None:
    clean = recording(tmp_path)
    came = arrive([str(clean)])
    assert (came.look, came.session) == (str(clean), str(tmp_path / "run.kinetrail"))


def test_once_it_was_processed_again_it_comes_with_that(tmp_path: Path) -> None:
    clean = recording(tmp_path)
    (tmp_path / "run.clean.kinetrail").touch()
    assert arrive([str(clean)]).session == str(tmp_path / "run.clean.kinetrail")


def test_in_place_of_the_painted_video_its_clean_one_is_shown(tmp_path: Path) -> None:
    clean = recording(tmp_path)
    came = arrive([str(tmp_path / "run.mp4")])
    assert (came.look, came.session) == (str(clean), str(tmp_path / "run.kinetrail"))


def test_a_video_that_is_no_recording_comes_alone(tmp_path: Path) -> None:
    (tmp_path / "walk.mp4").touch()
    came = arrive([str(tmp_path / "walk.mp4")])
    assert (came.look, came.session) == (str(tmp_path / "walk.mp4"), "")
