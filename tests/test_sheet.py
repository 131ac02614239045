"""A contact sheet shows each track in a row of its own, or says in one line why it cannot."""

from __future__ import annotations

from pathlib import Path

import clips
import cv2
import numpy as np
import pytest

from app.cli import main
from engine.skeleton import KEYPOINTS

GREEN, RED = (40, 200, 40), (40, 40, 200)
HEADER = "frame,time_s,track_id,person_score,bbox_x,bbox_y,bbox_w,bbox_h"
FRAMES = 20


def film(path: Path, frames=FRAMES, rate=25, size=(160, 96)):
    """A green person goes to the right, a red one stands."""
    images = []
    for n in range(frames):
        image = np.full((size[1], size[0], 3), 128, np.uint8)
        image[20:80, 10 + 3 * n : 40 + 3 * n] = GREEN
        image[10:50, 130:150] = RED
        images.append(image)
    clips.write(path, images, [n * 90000 // rate for n in range(frames)])
    return path


def table(path: Path, ids=(1, 2), frames=FRAMES, rate=25, scale=1):
    lines = [HEADER]
    for n in range(frames):
        boxes = {1: (10 + 3 * n, 20, 30, 60), 2: (130, 10, 20, 40)}
        lines += [
            f"{n},{n / rate:.9f},{who},0.9,"
            + ",".join(str(scale * side) for side in boxes[1 + (who - 1) % 2])
            for who in ids
        ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def sheet(tmp_path, capsys, monkeypatch):
    """`kinetrail tracks`: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code = main(["tracks", *map(str, arguments)])
        return (code, *capsys.readouterr())

    return call


def rows_of(page, colour):
    """Rows of the sheet in which a clothing colour takes much room."""
    near = (np.abs(page.astype(int) - colour).max(axis=2) < 40).sum(axis=1)
    return np.flatnonzero(near > 100)


def test_each_track_has_a_row_with_the_same_person_all_along(sheet, tmp_path):
    film(tmp_path / "two.mp4")
    (tmp_path / "runs").mkdir()
    table(tmp_path / "runs" / "two.csv")
    code, said, told = sheet("two.mp4")
    assert (code, told) == (0, "")
    assert said == "2 tracks -> runs/two.tracks.png\n"
    page = cv2.imread("runs/two.tracks.png")
    green, red = rows_of(page, GREEN), rows_of(page, RED)
    assert green.max() < red.min()
    # twelve crops of each: the person is in the middle of every one
    middle = page[(green.min() + green.max()) // 2, 130 + 48 :: 102]
    assert len(middle) == 12
    assert (np.abs(middle.astype(int) - GREEN).max(axis=1) < 60).all()


def test_bones_are_on_whoever_has_joints(sheet, tmp_path):
    film(tmp_path / "two.mp4", 2)
    names = ",".join(f"{name}_{part}" for name in KEYPOINTS for part in ("x", "y", "score"))
    rng = np.random.default_rng(1)
    joints = ",".join(f"{x:.1f},{y:.1f},0.9" for x, y in rng.uniform((12, 22), (38, 78), (17, 2)))
    (tmp_path / "a.csv").write_text(f"{HEADER},{names}\n0,0.0,1,0.9,10,20,30,60,{joints}\n")
    (tmp_path / "b.csv").write_text(f"{HEADER},{names}\n0,0.0,1,0.9,10,20,30,60{',' * 51}\n")
    for name in "ab":
        assert sheet("two.mp4", "--csv", f"{name}.csv", "-o", f"{name}.png")[0] == 0
    a, b = cv2.imread("a.png"), cv2.imread("b.png")
    assert a.shape == b.shape
    assert (a != b).any()


def test_many_tracks_are_pages_and_too_many_are_the_longest(sheet, tmp_path, monkeypatch):
    import app.sheet

    film(tmp_path / "two.mp4", 3)
    table(tmp_path / "many.csv", ids=range(1, 26), frames=3)
    with (tmp_path / "many.csv").open("a") as file:
        file.write("2,0.080000000,99,0.9,10,20,30,60\n")
    assert sheet("two.mp4", "--csv", "many.csv", "-o", "s.png")[1] == "26 tracks -> s.png, s-2.png\n"
    monkeypatch.setattr(app.sheet, "MOST_PAGES", 1)
    monkeypatch.setattr(app.sheet, "ROWS", 25)
    said = sheet("two.mp4", "--csv", "many.csv", "-o", "t.png")[1]
    assert said == "25 tracks, the 1 shortest left out -> t.png\n"


def _other_rate(path):
    table(path, rate=24)


def _longer(path):
    table(path, frames=FRAMES + 9)


def _larger(path):
    table(path, scale=8)


def _nobody(path):
    path.write_text(HEADER + "\n")


def _another_table(path):
    path.write_text("a,b\n1,2\n")


def _broken_row(path):
    path.write_text(HEADER + "\n0,0.0,one,0.9,1,2,3,4\n")


def _short_row(path):
    path.write_text(HEADER + "\n0,0.0\n")


def _cut_row(path):
    names = [f"{name}_{part}" for name in KEYPOINTS for part in ("x", "y", "score")]
    path.write_text(f"{HEADER},{','.join(names)}\n0,0.0,1,0.9,1,2,3,4,12.5,13")


def _no_time(path):
    path.write_text(HEADER + "\n0,nan,1,0.9,1,2,3,4\n")


def _same_row_twice(path):
    path.write_text(HEADER + 2 * "\n0,0.0,1,0.9,1,2,3,4" + "\n")


def _far_to_the_left(path):
    path.write_text(HEADER + "\n0,0.0,1,0.9,-1e30,2,3,4\n")


def _no_text(path):
    path.write_bytes(b"\xff\xfe\x00\x01")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "there is no such file; `kinetrail run` writes it, --csv says where"),
        (_other_rate, "is of another video than two.mp4, which has no frame at 0.0"),
        (_longer, "is of another video than two.mp4, which has no frame at"),
        (_larger, "is of another video than two.mp4; people are at"),
        (_nobody, "nobody is in it"),
        (_another_table, "is no CSV of `kinetrail run`; there is no column frame"),
        (_broken_row, "line 2 is no row of a run"),
        (_short_row, "line 2 is no row of a run"),
        (_cut_row, "line 2 is no row of a run (it is cut off)"),
        (_no_time, "line 2 is no row of a run (a time or a box that is no number)"),
        (_same_row_twice, "line 3 is no row of a run (number 1 is in frame 0 twice)"),
        (_far_to_the_left, "is of another video than two.mp4; people are at"),
        (_no_text, "is no CSV of `kinetrail run`"),
        (lambda path: path.mkdir(), "cannot be read"),
    ],
)
def test_a_csv_that_does_not_fit_is_one_line_and_leaves_no_sheet(sheet, tmp_path, make, message):
    film(tmp_path / "two.mp4")
    make(tmp_path / "two.csv")
    code, said, told = sheet("two.mp4", "--csv", "two.csv", "-o", "sheet.png")
    assert (code, said) == (2, "")
    assert told.startswith("kinetrail: two.csv: ")
    assert message in told
    assert told.count("\n") == 1
    assert not list(tmp_path.glob("sheet*"))


def test_a_sheet_that_exists_is_kept_and_its_name_must_be_that_of_a_png(sheet, tmp_path):
    film(tmp_path / "two.mp4", 3)
    table(tmp_path / "two.csv", frames=3)
    (tmp_path / "sheet.png").write_text("precious")
    code, _, told = sheet("two.mp4", "--csv", "two.csv", "-o", "sheet.png")
    assert code == 2
    assert "--overwrite replaces it" in told
    assert (tmp_path / "sheet.png").read_text() == "precious"
    assert sheet("two.mp4", "--csv", "two.csv", "-o", "sheet.png", "--overwrite")[0] == 0
    code, _, told = sheet("two.mp4", "--csv", "two.csv", "-o", "sheet.jpg")
    assert code == 2
    assert "give it a name that ends in .png" in told


def test_a_sheet_never_takes_the_place_of_what_it_is_made_of(sheet, tmp_path):
    cv2.imwrite("walk.png", np.full((96, 160, 3), 128, np.uint8))
    table(tmp_path / "table.png", frames=1)
    before = [Path(name).read_bytes() for name in ("walk.png", "table.png")]
    for name in ("walk.png", "table.png"):
        code, said, told = sheet("walk.png", "--csv", "table.png", "-o", name, "--overwrite")
        assert (code, said) == (2, "")
        assert told == f"kinetrail: {name}: is what the sheet is made of; choose another file with -o\n"
    assert [Path(name).read_bytes() for name in ("walk.png", "table.png")] == before


def test_a_csv_that_a_spreadsheet_has_saved_is_read(sheet, tmp_path):
    film(tmp_path / "two.mp4", 3)
    table(tmp_path / "two.csv", frames=3)
    lines = (tmp_path / "two.csv").read_text().replace("\n", "\r\n")
    (tmp_path / "two.csv").write_bytes(lines.encode("utf-8-sig"))
    assert sheet("two.mp4", "--csv", "two.csv", "-o", "s.png")[1] == "2 tracks -> s.png\n"


def test_a_missing_video_is_one_line(sheet, tmp_path):
    table(tmp_path / "two.csv")
    code, _, told = sheet("gone.mp4", "--csv", "two.csv", "-o", "sheet.png")
    assert (code, told) == (2, "kinetrail: there is no file 'gone.mp4'\n")
