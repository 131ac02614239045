"""Every format says what the session says, read back with a few lines from the layout in docs/exports.md."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from export_story import FRAMES, NAMES, ODD, PICTURE, SIZE, Truth, frames, opened, write_story
from fakes import info
from figures import standing, tracks

from app import grid
from app.angles import COLUMNS, course
from app.exports import FORMATS, export
from app.store.about import Recipe
from app.store.writer import Writer
from app.types import Result, Timings
from engine.skeleton import KEYPOINTS
from engine.types import Frame

PIXEL = 1e-3
BODY_25 = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow",
    "left_wrist", "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    path = tmp_path_factory.mktemp("story") / "a.kinetrail"
    return path, write_story(path)


def exported(session: Path, name: str, out: Path, **options: object) -> Path:
    with opened(session) as there:
        (made,) = export(there, name, out / f"x{FORMATS[name].ending}", **options)  # type: ignore[arg-type]
    return made


def near(found: object, wanted: object, tolerance: float = PIXEL) -> None:
    np.testing.assert_allclose(
        np.asarray(found, float), np.asarray(wanted, float), rtol=0, atol=tolerance, equal_nan=True
    )


def place(text: str) -> float:
    assert text == "" or text[-1].isdigit()  # nobody's "nan"
    return float(text) if text else np.nan


def test_coco_has_every_joint_of_everybody_in_frames_from_0(
    story: tuple[Path, Truth], tmp_path: Path
) -> None:
    path, truth = story
    entries = json.loads(exported(path, "coco", tmp_path).read_text())
    assert [(each["image_id"], each["track_id"]) for each in entries] == sorted(truth)
    for each in entries:
        person = truth[each["image_id"], each["track_id"]]
        x, y, sure = np.reshape(each["keypoints"], (17, 3)).T
        near(np.where(person.somewhere, [x, y], np.nan).T, person.joints)
        near(sure, np.where(person.foretold | ~person.somewhere, 0, person.scores), 1e-4)
        assert not x[~person.somewhere].any()
        left, top, right, bottom = person.box
        near(each["bbox"], [left, top, right - left, bottom - top])
        clear = sure[sure > 0.2]
        near(each["score"], person.box_score * (clear.mean() if clear.size else 0), 1e-4)
        assert each["category_id"] == 1
        assert each.get("name", "") == NAMES[each["track_id"]]


def test_openpose_has_a_file_for_every_frame_with_zeros_for_what_is_missing(
    story: tuple[Path, Truth], tmp_path: Path
) -> None:
    path, truth = story
    folder = exported(path, "openpose", tmp_path)
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f"made-up_{frame:012d}_keypoints.json" for frame in frames()]
    found = {}
    for frame, file in zip(frames(), files, strict=True):
        for person in json.loads(file.read_text())["people"]:
            (who,) = person["person_id"]
            found[frame, who] = dict(
                zip(BODY_25, np.reshape(person["pose_keypoints_2d"], (25, 3)), strict=False)
            )
            assert not any(person["pose_keypoints_2d"][19 * 3 :])
    assert sorted(found) == sorted(truth)
    for key, body in found.items():
        person = truth[key]
        wanted = np.concatenate([person.joints, person.scores[:, None]], axis=1)
        wanted = np.where(person.seen[:, None], wanted, 0)
        near([body[name] for name in KEYPOINTS], wanted)
        for name, joint in (("neck", "shoulder"), ("mid_hip", "hip")):
            pair = wanted[[KEYPOINTS.index(f"{side}_{joint}") for side in ("left", "right")]]
            both = (pair[:, :2] != 0).any(axis=1).all()
            near(body[name], [*pair[:, :2].mean(axis=0), pair[:, 2].min()] if both else [0, 0, 0])


def test_trc_has_a_file_for_each_person_with_y_upwards_and_a_thousand_pixels_to_the_metre(
    story: tuple[Path, Truth], tmp_path: Path
) -> None:
    path, truth = story
    folder = exported(path, "trc", tmp_path)
    names = {
        1: "made-up_person01.trc",
        2: "made-up_person02_Fernanda _Nan__ the 2nd.trc",
        3: "made-up_person03.trc",
        12: "made-up_person12_Ana.trc",
    }
    assert {file.name for file in folder.iterdir()} == set(names.values())
    for who, name in names.items():
        lines = [line.split("\t") for line in (folder / name).read_text().splitlines()]
        theirs = [frame for frame, each in sorted(truth) if each == who]
        span = frames(theirs[0], theirs[-1] + 1)
        assert lines[0] == ["PathFileType", "4", "(X/Y/Z)", name]
        assert dict(zip(lines[1], lines[2], strict=True)) == {
            "DataRate": "25", "CameraRate": "25", "NumFrames": str(len(span)), "NumMarkers": "19",
            "Units": "m", "OrigDataRate": "25", "OrigDataStartFrame": "0", "OrigNumFrames": str(len(span)),
        }  # fmt: skip
        markers = lines[3][2::3]
        assert markers[:7] == ["Nose", "LEye", "REye", "LEar", "REar", "LShoulder", "RShoulder"]
        assert markers[15:] == ["LAnkle", "RAnkle", "Neck", "Hip"]
        assert lines[4][2:] == [f"{axis}{n}" for n in range(1, 20) for axis in "XYZ"]
        assert [int(line[0]) for line in lines[5:]] == span
        for line, frame in zip(lines[5:], span, strict=True):
            assert float(line[1]) == pytest.approx(frame / 25)
            x, y, z = np.array(line[2:], float).reshape(19, 3).T
            person = truth.get((frame, who))
            wanted = np.full((17, 2), np.nan)
            if person is not None:
                wanted = np.where(person.told[:, None], person.joints, np.nan)
            near(
                np.stack([x, y], axis=1)[:17] * 1000, np.stack([wanted[:, 0], SIZE[1] - 1 - wanted[:, 1]], 1)
            )
            near(x[17], x[5:7].mean(), 2e-6)
            near(y[18], y[11:13].mean(), 2e-6)
            near(z, np.where(np.isnan(x), np.nan, 0))


def test_mot_counts_frames_and_pixels_from_1(story: tuple[Path, Truth], tmp_path: Path) -> None:
    path, truth = story
    rows = [line.split(",") for line in exported(path, "mot", tmp_path).read_text().splitlines()]
    assert [(int(row[0]) - 1, int(row[1])) for row in rows] == sorted(truth)
    for row in rows:
        person = truth[int(row[0]) - 1, int(row[1])]
        left, top, right, bottom = person.box
        near([float(each) for each in row[2:6]], [left + 1, top + 1, right - left, bottom - top])
        near(float(row[6]), person.box_score, 1e-4)
        assert row[7:] == ["-1", "-1", "-1"]


def test_dlc_has_a_row_for_every_frame_and_everybody_side_by_side(
    story: tuple[Path, Truth], tmp_path: Path
) -> None:
    path, truth = story
    with exported(path, "dlc", tmp_path).open(newline="") as file:
        rows = list(csv.reader(file))
    who = dict(zip(["person1", ODD, "person3", "Ana"], (1, 2, 3, 12), strict=True))
    assert [row[0] for row in rows[:4]] == ["scorer", "individuals", "bodyparts", "coords"]
    assert [int(row[0]) for row in rows[4:]] == list(range(FRAMES))
    for row in rows[4:]:
        found = {}
        for name, part, coord, text in zip(*(each[1:] for each in rows[1:4]), row[1:], strict=True):
            found[who[name], KEYPOINTS.index(part), coord] = place(text)
        for each in who.values():
            values = np.array([[found[each, k, c] for c in ("x", "y", "likelihood")] for k in range(17)])
            person = truth.get((int(row[0]), each))
            if person is None:
                assert np.isnan(values).all()
                continue
            near(values[:, :2], np.where(person.somewhere[:, None], person.joints, np.nan))
            sure = np.where(person.foretold, 0, person.scores)
            near(values[:, 2], np.where(person.somewhere, sure, np.nan), 1e-4)


def test_dlc_of_one_person_has_the_layout_of_one_animal(story: tuple[Path, Truth], tmp_path: Path) -> None:
    path, truth = story
    out = exported(path, "dlc", tmp_path, people=[2], start_s=4.0, end_s=6.0)
    rows = [line.split(",") for line in out.read_text().splitlines()]
    assert [row[0] for row in rows[:3]] == ["scorer", "bodyparts", "coords"]
    assert [int(row[0]) for row in rows[3:]] == list(range(100, 150))  # 150 was dropped
    for row in rows[3:]:
        if person := truth.get((int(row[0]), 2)):
            values = np.array([place(text) for text in row[1:]]).reshape(17, 3)
            near(values[:, :2], np.where(person.somewhere[:, None], person.joints, np.nan))


@pytest.mark.parametrize("people", [[2, 12], [12]])
def test_pandas_reads_of_dlc_also_a_first_frame_with_nobody_in_it(
    story: tuple[Path, Truth], tmp_path: Path, people: list[int]
) -> None:
    path, truth = story
    with opened(path) as session:
        first = next(n for n in session.indices().tolist() if not any((n, who) in truth for who in people))
        start_s = session.times()[session.indices() == first][0]
        export(session, "dlc", tmp_path / "x.csv", people=people, start_s=start_s)
    lines = (tmp_path / "x.csv").read_text().splitlines()
    header = next(n for n, line in enumerate(lines) if line[0].isdigit())
    table = pd.read_csv(tmp_path / "x.csv", header=list(range(header)), index_col=0)
    assert table.index.tolist() == [int(line.split(",")[0]) for line in lines[header:]]
    assert table.index[0] == first
    assert table.iloc[0].isna().all()


def test_sleap_has_a_row_for_each_instance(story: tuple[Path, Truth], tmp_path: Path) -> None:
    path, truth = story
    with exported(path, "sleap", tmp_path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    who = {"person1": 1, ODD: 2, "person3": 3, "Ana": 12}
    assert [(int(row["frame_idx"]), who[row["track"]]) for row in rows] == sorted(truth)
    for row in rows:
        person = truth[int(row["frame_idx"]), who[row["track"]]]
        near(float(row["instance.score"]), person.box_score, 1e-4)
        found = np.array([[place(row[f"{name}.{c}"]) for c in ("x", "y", "score")] for name in KEYPOINTS])
        sure = np.where(person.foretold, 0, person.scores)
        wanted = np.concatenate([person.joints, sure[:, None]], axis=1)
        near(found, np.where(person.told[:, None], wanted, np.nan))


def test_angles_are_those_of_the_places_of_three_joints(story: tuple[Path, Truth], tmp_path: Path) -> None:
    path, truth = story
    with exported(path, "angles", tmp_path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["frame", "time_s", "track_id", "name", *COLUMNS]
    assert [(int(row["frame"]), int(row["track_id"])) for row in rows] == sorted(truth)
    known = 0
    for row in rows:
        person = truth[int(row["frame"]), int(row["track_id"])]
        assert float(row["time_s"]) == pytest.approx(person.time)
        assert row["name"] == NAMES[int(row["track_id"])]
        chain = [KEYPOINTS.index(f"left_{joint}") for joint in ("hip", "knee", "ankle")]
        hip, knee, ankle = person.joints[chain].astype(float)
        if not person.seen[chain].all():
            assert not row["left_knee_deg"]
            continue
        known += 1
        cosine = (hip - knee) @ (ankle - knee) / np.linalg.norm(hip - knee) / np.linalg.norm(ankle - knee)
        near(float(row["left_knee_deg"]), 180 - np.degrees(np.arccos(cosine)), 1e-3)
    assert known > 50


def test_speed_is_the_same_across_the_groups_in_which_angles_are_worked_out(tmp_path: Path) -> None:
    path, frames_in = tmp_path / "w.kinetrail", 2200  # a group is 16 blocks of 128 frames
    sway = 300 * np.sin(np.arange(frames_in) / 7)
    walker = np.stack([standing(500 + x, 100, 80, 200) for x in sway])
    with closing(Writer(path, info(size=SIZE), Recipe("w", "", "", KEYPOINTS, {}))) as writer:
        for frame, joints in enumerate(walker):
            people = grid.settled_tracks(tracks([1], joints))
            writer.write(Result(Frame(frame, frame / 25, PICTURE), people, Timings(0, 0, 0, 0)))
    with exported(path, "angles", tmp_path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = course(np.arange(frames_in) / 25, walker, np.ones((frames_in, 17), np.bool_)).speeds
    near([[float(row[name]) for name in ("speed_px_s", "speed_heights_s")] for row in rows], wanted, 0.05)


@pytest.mark.parametrize("name", ["coco", "mot", "sleap", "angles", "openpose", "dlc", "trc"])
def test_only_those_chosen_and_only_the_range_are_told_of(
    story: tuple[Path, Truth], tmp_path: Path, name: str
) -> None:
    path, truth = story
    made = exported(path, name, tmp_path, people=[1, 12], start_s=4.0, end_s=5.2)
    wanted = sorted((frame, who) for frame, who in truth if who in (1, 12) and 100 <= frame <= 130)
    if name == "coco":
        found = [(each["image_id"], each["track_id"]) for each in json.loads(made.read_text())]
    elif name == "mot":
        found = [(int(a) - 1, int(b)) for a, b, *_ in (x.split(",") for x in made.read_text().splitlines())]
    elif name == "openpose":
        files = [(int(file.name.split("_")[-2]), json.loads(file.read_text())) for file in made.iterdir()]
        assert sorted(frame for frame, _ in files) == frames(100, 131)
        found = sorted((frame, who["person_id"][0]) for frame, each in files for who in each["people"])
    elif name == "trc":
        files = {int(file.name[14:16]): file.read_text().splitlines()[5:] for file in made.iterdir()}
        some = [(int(x.split("\t")[0]), who, x) for who, each in files.items() for x in each]
        assert {(frame, who) for frame, who, _ in some} >= set(wanted)
        found = sorted((frame, who) for frame, who, line in some if "." in line.replace("NaN", "")[8:])
    else:
        with made.open(newline="") as file:
            rows = list(csv.DictReader(file)) if name != "dlc" else []
        if name == "dlc":
            assert [row.split(",")[0] for row in made.read_text().splitlines()[4:]] == [
                str(each) for each in range(100, 131)
            ]
            return
        who = {"person1": 1, "Ana": 12}
        found = [
            (int(row["frame"]), int(row["track_id"]))
            if name == "angles"
            else (int(row["frame_idx"]), who[row["track"]])
            for row in rows
        ]
    assert found == wanted
