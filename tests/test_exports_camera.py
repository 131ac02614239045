"""Videos made again of what a camera showed, whose recording has more pictures than were measured."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import clips
import numpy as np
import pytest
from fakes import info
from figures import standing, tracks

from app import grid
from app.cli import main
from app.exports import Style, export
from app.report.thumbs import video_of
from app.store.about import Recipe
from app.store.session import open_session_file
from app.store.writer import Writer
from app.types import Result, Timings
from engine.errors import UserError
from engine.skeleton import KEYPOINTS
from engine.types import Frame

MEASURED = (1, 2, 4, 5, 8)  #: of ten pictures
NUMBERS = (20, 21, 25, 26, 33)  #: that the camera gave them
TICKS = [0, 3600, 7300, 10900, 14500, 18000, 21700, 25200, 28900, 32400]


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Of a camera, with its clean recording beside it; somebody is at the right edge in picture 4 alone."""
    clips.write(tmp_path / "a.b.clean.mp4", [clips.picture(n) for n in range(10)], TICKS)
    known = replace(
        info(live=True, size=(clips.WIDTH, clips.HEIGHT)), name="camera", time_base=Fraction(1, 90_000)
    )
    path = tmp_path / "a.b.kinetrail"
    with closing(Writer(path, known, Recipe("camera", "", "", KEYPOINTS, {}))) as writer:
        for picture, number in zip(MEASURED, NUMBERS, strict=True):
            image = clips.picture(picture)
            there, box = ([standing(100, 10, 20, 80)], [100, 10, 120, 90]) if picture == 4 else ([], [])
            crowd = grid.settled_tracks(
                tracks([1][: len(there)], np.reshape(there, (-1, 17, 2)), boxes=np.reshape(box, (-1, 4)))
            )
            writer.write(Result(Frame(number, TICKS[picture] / 90_000, image), crowd, Timings(0, 0, 0, 0)))
    return path


def numbers(path: Path) -> list[int]:
    with av.open(str(path)) as film:
        return [clips.number(each.to_ndarray(format="bgr24")) for each in film.decode(video=0)]


def test_the_pictures_that_were_measured_are_found_in_the_recording_by_their_times(session: Path) -> None:
    plain = ["--no-skeleton", "--no-ids", "--quiet"]
    assert main(["export", str(session), "--format", "mp4", *plain]) == 0
    assert numbers(session.with_name("a.b.export.mp4")) == list(MEASURED)
    moved = session.with_name("moved.mp4")
    session.with_name("a.b.clean.mp4").rename(moved)
    out = session.with_name("again.mp4")
    assert (
        main(["export", str(session), "--format", "mp4", *plain, "--source", str(moved), "-o", str(out)]) == 0
    )
    assert numbers(out) == list(MEASURED)


def test_people_are_painted_on_the_picture_in_which_they_were(session: Path) -> None:
    out = session.with_name("boxes.mp4")
    with closing(open_session_file(session)) as opened:
        export(opened, "mp4", out, style=Style(skeleton=False, ids=False, boxes=True, line_width=2.0))
    with av.open(str(out)) as film:
        shown = [each.to_ndarray(format="bgr24").astype(int) for each in film.decode(video=0)]
    changed = [abs(each[70:90, 95:] - shown[0][70:90, 95:]).max() > 40 for each in shown]
    assert changed == [picture == 4 for picture in MEASURED]


def test_a_video_of_another_size_is_not_what_the_camera_showed(session: Path) -> None:
    other = session.with_name("other.mp4")
    clips.constant(other, 3, width=64, height=48)
    with (
        closing(open_session_file(session)) as opened,
        pytest.raises(UserError, match="is not the video that was measured"),
    ):
        export(opened, "mp4", session.with_name("x.mp4"), style=Style(source=str(other)))
    assert not session.with_name("x.mp4").exists()


def test_without_its_recording_a_camera_has_no_video_to_paint_on(session: Path) -> None:
    session.with_name("a.b.clean.mp4").unlink()
    with closing(open_session_file(session)) as opened, pytest.raises(UserError, match="is no file"):
        export(opened, "mp4", session.with_name("x.mp4"))


def test_the_report_of_a_camera_takes_its_pictures_from_the_recording(session: Path) -> None:
    with closing(open_session_file(session)) as opened:
        assert video_of(opened, "") == (str(session.with_name("a.b.clean.mp4")), "")
        session.with_name("a.b.clean.mp4").unlink()
        assert video_of(opened, "") == ("", "The source was no file, so there are no pictures.")
