"""Each option of a video's style changes what it should and nothing else, faces above all."""

from __future__ import annotations

from contextlib import closing
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

import av
import clips
import cv2
import numpy as np
import pytest
from fakes import info
from figures import standing
from figures import tracks as people
from numpy.typing import NDArray

from app import grid
from app.cli import main
from app.exports import Style, export
from app.exports.command import WORDS
from app.exports.painter import straight
from app.painting.palette import DARK, LIGHT, shades
from app.store.about import Recipe, fingerprint
from app.store.session import open_session_file
from app.store.writer import Writer
from app.types import Result, Timings
from engine.errors import UserError
from engine.skeleton import KEYPOINTS, PAIRS
from engine.types import Frame, Image

WIDTH, HEIGHT, FRAMES, MISSED = 480, 360, 12, 6
Pixels = NDArray[np.int64]
#: Where each option may paint: left, top, right, bottom. Who is 1 stands at x 90 to 210, from y 60 on.
PLACES = {
    "skeleton": (85, 60, 222, 330),
    "boxes": (85, 55, 222, 335),
    "ids": (70, 20, 230, 100),
    "joint_names": (0, 40, 345, 345),
    "trails": (80, 130, 222, 335),
    "blur_faces": (90, 30, 210, 125),
}


def body(step: int) -> NDArray[np.float32]:
    """Somebody who walks to the right."""
    return standing(92 + 2 * step, 65, 100, 260)


def picture(index: int) -> Image:
    """Grey with a fine pattern, another in each frame."""
    fine = np.random.default_rng(index).integers(-40, 41, (HEIGHT // 4, WIDTH // 4, 1))
    return np.repeat(np.repeat(np.repeat(128 + fine, 4, 0), 4, 1), 3, 2).astype(np.uint8)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A video and its session: 1 walks, 2 stands still far on the right and is missed in one frame."""
    folder = tmp_path_factory.mktemp("walk")
    video, session = folder / "walk.mp4", folder / "walk.kinetrail"
    clips.write(video, [picture(n) for n in range(FRAMES)], [3600 * n for n in range(FRAMES)])
    known = replace(
        info(), width=WIDTH, height=HEIGHT, rate=Fraction(25), time_base=Fraction(1, 90_000), frames=FRAMES
    )
    recipe = Recipe("walk", str(video), fingerprint(video), KEYPOINTS, {"keypoint_threshold": 0.4})
    with closing(Writer(session, known, recipe)) as writer:
        for index in range(FRAMES):
            both = np.stack([body(index), standing(360, 65, 100, 260)])
            found = 1 if index == MISSED else 2
            crowd = grid.settled_tracks(people([1, 2][:found], both[:found]))
            writer.write(Result(Frame(index, index / 25, picture(index)), crowd, Timings(0, 0, 0, 0)))
    return video, session


def frames(walk: tuple[Path, Path], out: Path, **style: object) -> Pixels:
    """The pictures (F, H, W, 3 or 4) of a video of person 1 in that style."""
    with closing(open_session_file(walk[1])) as session:
        export(session, "mp4", out, people=[1], style=Style(**style), overwrite=True)  # type: ignore[arg-type]
    with av.open(str(out)) as film:
        clear = "a" in film.streams.video[0].codec_context.pix_fmt
        pictures = [each.to_ndarray(format="bgra" if clear else "bgr24") for each in film.decode(video=0)]
    return np.array(pictures).astype(np.int64)


def test_every_option_changes_what_it_should_and_nothing_else(walk, tmp_path) -> None:
    bare = frames(walk, tmp_path / "a.mp4", skeleton=False, ids=False)[-1]
    assert np.abs(bare - picture(FRAMES - 1)).mean() < 9
    for name, (left, top, right, bottom) in PLACES.items():
        style = {"skeleton": False, "ids": False, name: True}
        changed = np.abs(frames(walk, tmp_path / "b.mp4", **style)[-1] - bare).max(axis=2) > 40
        inside = np.zeros_like(changed)
        inside[top:bottom, left:right] = True
        if name == "blur_faces":
            inside[30:125, 360:480] = True  # also of who is not in the video
        assert changed[inside].sum() > 40, name
        assert changed[~inside].sum() < 15, name  # the encoder's
    told = {entry.name for entry in fields(Style)}
    assert told == {*PLACES, "background", "colours", "line_width", "raw", "long", "source"} == set(WORDS)


def test_wide_lines_are_wide_and_thin_ones_thin(walk, tmp_path) -> None:
    widths = [
        (frames(walk, tmp_path / "a.mp4", background="black", ids=False, line_width=width)[3] > 60).sum()
        for width in (0.5, 1.0, 3.0)
    ]
    assert widths[0] < 0.8 * widths[1] < 0.4 * widths[2]


def test_colours_are_of_people_sides_or_nothing(walk, tmp_path) -> None:
    points = body(0)
    for colours in ("person", "side", "one"):
        painted = frames(walk, tmp_path / "a.mp4", background="black", colours=colours, line_width=3.0)[0]
        wanted = shades(1, colours)
        for ends, colour in (((5, 7), wanted.left), ((6, 8), wanted.right)):
            x, y = np.rint(points[list(ends)].mean(axis=0)).astype(int)
            assert np.abs(painted[y, x] - colour).max() < 45, colours


def test_on_black_there_are_people_and_nothing_else_also_where_the_video_is_gone(walk, tmp_path) -> None:
    video, _ = walk
    aside = video.rename(video.with_name("gone.mp4"))
    try:
        black = frames(walk, tmp_path / "a.mp4", background="black")
        with pytest.raises(UserError, match="is not there any more"):
            frames(walk, tmp_path / "b.mp4")
    finally:
        aside.rename(video)
    assert len(black) == FRAMES
    assert black[:, :, 300:].max() < 12, "2 is not in it, nor is the picture"
    assert black[-1, 60:330, 90:222].max() > 200


@pytest.mark.parametrize("line_width", [1.0, 2.0])
def test_transparent_is_clear_where_nobody_is_and_opaque_on_a_bone(walk, tmp_path, line_width) -> None:
    clear = frames(walk, tmp_path / "a.mov", background="transparent", line_width=line_width)
    assert clear.shape == (FRAMES, HEIGHT, WIDTH, 4)
    opaque = clear[..., 3]
    assert not opaque[:, :, 300:].any()
    assert not opaque[:, 336:].any()
    for index in (0, FRAMES - 1):
        points = body(index)
        for a, b in ((5, 7), (6, 8), (11, 13), (12, 14)):
            x, y = np.rint((points[a] + points[b]) / 2).astype(int)
            assert opaque[index, y, x] == 255
    known = np.array([DARK, LIGHT, *(getattr(shades(1), part) for part in ("left", "middle", "right"))])
    for pixel in clear[(opaque > 60) & (opaque < 200)][
        ::7, :3
    ]:  # on the edges: colours, and no black in them
        lines = known[:, None] + np.linspace(0, 1, 20)[:, None, None, None] * (known - known[:, None])
        assert np.abs(lines - pixel).max(axis=-1).min() < 40
    with av.open(str(tmp_path / "a.mov")) as film:
        assert (film.streams.video[0].codec_context.name, len(film.streams.audio)) == ("prores", 0)


def test_painted_on_anything_the_transparent_is_the_same_as_painted_there(walk, tmp_path) -> None:
    style = {"boxes": True, "joint_names": True, "trails": True, "colours": "side"}
    clear = frames(walk, tmp_path / "a.mov", background="transparent", **style)[-1]
    black = frames(walk, tmp_path / "a.mp4", background="black", **style)[-1]
    over_black = clear[..., :3] * clear[..., 3:] / 255
    assert np.abs(over_black - black).mean() < 1.0


def test_colours_of_edges_are_those_of_what_ends_there() -> None:
    painted = np.array([[(0, 0, 0, 0), (10, 20, 64, 128), (1, 2, 3, 255)]], np.uint8)
    np.testing.assert_array_equal(straight(painted), [[(0, 0, 0, 0), (20, 40, 128, 128), (1, 2, 3, 255)]])


def test_no_mp4_is_transparent(walk, tmp_path) -> None:
    with pytest.raises(UserError, match=r"a\.mp4 cannot be transparent.*ends with \.mov"):
        frames(walk, tmp_path / "a.mp4", background="transparent")


def test_lines_out_of_all_proportion_are_refused() -> None:
    for width in (0.0, 4.1, float("nan")):
        with pytest.raises(UserError, match=r"0\.25 to 4 times as wide"):
            Style(line_width=width)


def fine(image: Pixels, left: int, right: int) -> float:
    """How much fine detail there is in the middle of a head: mean square."""
    part = image[70:95, left:right].astype(np.float32)
    return float(((part - cv2.GaussianBlur(part, (0, 0), 4.0)) ** 2).mean())


def test_faces_are_blurred_in_the_file_of_who_is_painted_and_of_who_is_not(walk, tmp_path) -> None:
    plain = frames(walk, tmp_path / "a.mp4", skeleton=False, ids=False)
    blurred = frames(walk, tmp_path / "b.mp4", skeleton=False, ids=False, blur_faces=True)
    for index in range(FRAMES):
        for left in (132 + 2 * index, 400):
            assert fine(blurred[index], left, left + 20) < 0.15 * fine(plain[index], left, left + 20)
        assert np.abs(blurred[index, 150:] - plain[index, 150:]).mean() < 4


def test_who_was_deleted_is_blurred_all_the_same(walk, tmp_path) -> None:
    plain = frames(walk, tmp_path / "a.mp4", skeleton=False, ids=False)
    with closing(open_session_file(walk[1])) as session:
        session.delete(2)
        try:
            blurred = frames(walk, tmp_path / "b.mp4", skeleton=False, ids=False, blur_faces=True)
        finally:
            session.undo()
    assert fine(blurred[4], 400, 420) < 0.15 * fine(plain[4], 400, 420)


def test_what_was_just_before_a_part_is_remembered_in_it(walk, tmp_path) -> None:
    style = {"skeleton": False, "ids": False, "trails": True}
    whole = frames(walk, tmp_path / "a.mp4", **style)[-1]
    with closing(open_session_file(walk[1])) as session:
        export(session, "mp4", tmp_path / "b.mp4", people=[1], start_s=0.42, style=Style(**style))
    with av.open(str(tmp_path / "b.mp4")) as film:
        first = next(film.decode(video=0)).to_ndarray(format="bgr24")
    assert np.abs(first.astype(int) - whole)[150:330, 80:222].mean() < 6


@pytest.mark.parametrize("name", ["Zoë Đặng", "名前", "Ελένη", "שרה", "<b>&\"'%s{0}\\n", "x" * 200, "👩🚀"])
def test_names_stand_in_place_of_numbers_with_whatever_letters(walk, tmp_path, name) -> None:
    numbers = frames(walk, tmp_path / "a.mp4", background="black", skeleton=False)[0]
    with closing(open_session_file(walk[1])) as session:
        session.rename(1, name)
        try:
            named = frames(walk, tmp_path / "b.mp4", background="black", skeleton=False)[0]
        finally:
            session.undo()
    plates = [(image.max(axis=2) > 100).any(axis=0).sum() for image in (numbers, named)]
    assert plates[0] < plates[1] < WIDTH - 100
    assert (named.max(axis=2) > 100).any(axis=1).sum() < 30, "one line"


def test_flags_of_the_command_are_the_fields_of_the_style(walk, tmp_path, capsys) -> None:
    said = ["export", str(walk[1]), "--format", "mp4", "--background", "black", "--blur-faces", "--no-ids"]
    out = tmp_path / "c.mp4"
    assert main([*said, "--line-width", "2", "--colours", "side", "--people", "1", "-o", str(out)]) == 0
    wanted = {"background": "black", "blur_faces": True, "ids": False, "line_width": 2.0, "colours": "side"}
    with av.open(str(out)) as film:
        found = np.array([each.to_ndarray(format="bgr24") for each in film.decode(video=0)]).astype(int)
    np.testing.assert_array_equal(found, frames(walk, tmp_path / "d.mp4", **wanted))
    assert main([*said, "--line-width", "9"]) == 2
    assert "0.25 to 4 times as wide, not 9" in capsys.readouterr().err


@pytest.mark.parametrize("people", ["Ada", "1,", "0", "-1", "1;2"])
def test_people_that_are_no_numbers_are_refused_in_words(walk, people, capsys) -> None:
    assert main(["export", str(walk[1]), f"--people={people}"]) == 2
    assert f"'{people}' is no list of numbers from 1, as in 3,5" in capsys.readouterr().err


def test_sides_of_a_body_are_where_the_test_thinks() -> None:
    assert {(5, 6), (7, 8), (11, 12), (13, 14)} <= set(PAIRS)
