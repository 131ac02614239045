"""The renderer of people tells the truth about what it draws."""

from __future__ import annotations

import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from scene import Camera, Look, Pillar, Scene, Story, Walker, crossing, demo, hidden, nobody
from scene_clips import Clips, clip, write_mp4

from engine.skeleton import KEYPOINTS

ASSETS = Path(__file__).parents[1] / "assets"
JOINT = {name: i for i, name in enumerate(KEYPOINTS)}
PLAIN = {"noise": 0.0, "blur": 0.3, "jpeg": 100}
LEVEL = Camera(pitch=0.0, size=(320, 180))


def standing(x: float, z: float, look: Look | None = None, camera: Camera = LEVEL, samples: int = 1) -> Scene:
    """Someone who stands at x, z and faces the camera."""
    walker = Walker(1, ((0.0, x, z), (1.0, x, z)), look or Look())
    return Scene(Story((walker,), camera=camera, samples=samples, **PLAIN))


def middle(points: np.ndarray, joint: str) -> np.ndarray:
    """Between the left and the right one."""
    return (points[JOINT[f"left_{joint}"]] + points[JOINT[f"right_{joint}"]]) / 2


def test_someone_in_the_middle_is_in_the_middle_of_the_pixels():
    """320 pixels are centred on 159.5 where the first pixel's centre is 0."""
    image, truth = standing(0.0, 6.0, samples=2).frame(0.0)
    empty, _ = Scene(Story((), camera=LEVEL, **PLAIN)).frame(0.0)
    points = truth.keypoints[0]
    for joint in ("eye", "ear", "shoulder", "hip", "knee", "ankle"):
        assert middle(points, joint)[0] == pytest.approx(159.5, abs=0.01)
    rows = slice(round(middle(points, "eye")[1]), round(middle(points, "hip")[1]))  # above all shadows
    drawn = np.abs(image[rows].astype(int) - empty[rows]).max(axis=2) > 25
    ends = [np.nonzero(row)[0][[0, -1]] for row in drawn]
    assert np.mean(ends) == pytest.approx(159.5, abs=0.25)


@pytest.mark.parametrize(("x", "z"), [(1.0, 5.0), (-1.5, 6.0)])
def test_hips_are_where_a_pinhole_camera_sees_them(x: float, z: float):
    """Hips 0.92 m above ground, from a camera 1.75 m above it with a focal length of 0.86 widths."""
    _, truth = standing(x, z).frame(0.0)
    focal_px = 0.86 * 320
    found = middle(truth.keypoints[0], "hip")
    assert found[0] == pytest.approx(focal_px * x / z + 159.5, abs=0.01)
    assert found[1] == pytest.approx(focal_px * (1.75 - 0.92) / z + 89.5, abs=focal_px / z * 0.015)  # 15 mm


@pytest.mark.parametrize(
    ("joint", "height", "clothes"),
    [("knee", 0.5, {"cuff": 0.5}), ("elbow", 1.18, {"sleeve": 0.278})],  # skin begins 12 mm below a sleeve
)
def test_a_joint_lies_where_the_picture_shows_it(joint: str, height: float, clothes: dict[str, float]):
    """Clothes end at the joint; the camera is as high as the joint, so that it sees their edge face on."""
    look = Look(skin=(0.05, 0.9, 0.05), top=(0.9, 0.05, 0.05), bottom=(0.9, 0.05, 0.05), **clothes)
    scene = standing(0.0, 3.0, look, replace(LEVEL, height=height, size=(640, 360)), samples=2)
    image, truth = scene.frame(0.0)
    for side in ("left", "right"):
        x, y = truth.keypoints[0, JOINT[f"{side}_{joint}"]]
        column = image[round(y) - 20 : round(y) + 20, round(x)].astype(int)
        skin = (column[:, 1] > column[:, 0]).nonzero()[0]
        assert skin.min() - 0.5 + round(y) - 20 == pytest.approx(y, abs=1.5)  # 1 px is 5 mm


def test_left_and_right_are_the_persons_own():
    """Someone who faces us and waves with the right hand raises it on our left."""
    walker = Walker(1, ((0.0, 0.0, 4.0), (1.0, 0.0, 4.0)), wave=(-2.0, 3.0))
    _, truth = Scene(Story((walker,), camera=LEVEL, samples=1)).frame(0.5)
    points = truth.keypoints[0]
    assert points[JOINT["right_wrist"], 1] < points[JOINT["right_shoulder"], 1]
    assert points[JOINT["left_wrist"], 1] > points[JOINT["left_hip"], 1] - 5
    assert points[JOINT["right_wrist"], 0] < points[JOINT["left_wrist"], 0]


def test_a_box_holds_every_sample_of_the_person_and_no_more():
    """With two samples to a pixel an edge is exact to a quarter of a pixel."""
    scene = standing(0.3, 6.0, samples=2)
    x, y, _ = LEVEL.project(scene.posed(0.0)[0].points, 0.0).T
    _, truth = scene.frame(0.0)
    np.testing.assert_allclose(truth.boxes[0], [x.min(), y.min(), x.max(), y.max()], atol=0.3)


def test_twice_the_size_is_the_same_scene_with_twice_the_pixels():
    small, large = crossing().filmed((160, 90), 2), crossing().filmed((320, 180), 1)
    (_, a), (_, b) = Scene(small).frame(0.7), Scene(large).frame(0.7)
    np.testing.assert_allclose((a.keypoints + 0.5) * 2 - 0.5, b.keypoints, atol=1e-3)
    np.testing.assert_array_equal(a.visibility, b.visibility)
    np.testing.assert_allclose((a.boxes + 0.5) * 2 - 0.5, b.boxes, atol=1e-3)
    np.testing.assert_allclose(a.seen, b.seen, atol=1e-3)


def test_who_is_behind_a_pillar_is_known_and_reported_hidden(rendered: Clips):
    before, behind, after = rendered.of(hidden(), fps=Fraction(2, 3), seconds=4.5).truths
    assert [len(t) for t in (before, behind, after)] == [1, 1, 1]
    assert before.seen[0] > 0.99
    assert behind.seen[0] == 0
    assert after.seen[0] > 0.99
    assert (before.visibility > 0).all()
    assert (before.visibility == 2).sum() >= 10
    assert (behind.visibility == 1).all()
    assert np.ptp(behind.boxes[0, [1, 3]]) > 50
    assert behind.poses().scores.max() < before.poses().scores.max()
    assert len(behind.poses(seen=0.5)) == 0


def test_half_behind_a_pillar_is_half_seen():
    """Someone stands on the line of sight that touches the pillar's left side."""
    pillar = Pillar(0.5, 3.0, 0.5)
    touching = np.arctan2(pillar.x, pillar.z) - np.arcsin(pillar.radius / np.hypot(pillar.x, pillar.z))
    scene = standing(5.0 * np.tan(touching), 5.0)
    _, truth = Scene(replace(scene.story, pillars=(pillar,))).frame(0.0)
    assert truth.seen[0] == pytest.approx(0.5, abs=0.08)
    for side, seen in (("left", 1), ("right", 2)):  # facing us, the person's left is on our right
        joints = [JOINT[f"{side}_{name}"] for name in ("shoulder", "hip", "knee")]
        assert truth.visibility[0, joints].tolist() == [seen] * 3


def test_who_stands_in_the_edge_of_the_picture_is_cut_there():
    _, truth = standing(-3.5, 6.0).frame(0.0)
    outside = truth.keypoints[0, :, 0] < -0.5
    assert 0 < outside.sum() < 17
    np.testing.assert_array_equal(truth.visibility[0] == 0, outside)
    assert truth.boxes[0, 0] == -0.5
    assert 0.2 < truth.seen[0] < 0.8


def test_a_foot_on_the_ground_stays_where_it_is():
    """Someone walks 1 m/s to the right; what is below 8 mm of them hardly moves."""
    walker = Walker(1, ((0.0, -2.0, 5.0), (4.0, 2.0, 5.0)), phase=0.2)
    scene = Scene(Story((walker,), camera=LEVEL))
    moved = []
    for t in np.arange(1.0, 3.0, 0.04):
        before, after = (scene.posed(at)[0].points for at in (t, t + 0.02))
        standing_on = (before[:, 1] < 0.008) & (after[:, 1] < 0.008)
        moved.append(np.linalg.norm((after - before)[standing_on][:, [0, 2]], axis=1).mean() / 0.02)
    assert np.mean(moved) < 0.08


def test_one_walks_past_the_other():
    scene = Scene(crossing().filmed((320, 180), 1))
    truths = [scene.frame(t)[1] for t in (0.0, 0.96, 1.96)]
    assert [t.ids.tolist() for t in truths] == [[1, 2]] * 3
    order = [np.sign(t.boxes[1, 0] - t.boxes[0, 0]) for t in truths]
    assert (order[0], order[2]) == (1, -1)
    assert truths[0].seen.min() == truths[2].seen.min() == 1
    assert truths[1].seen[0] == 1
    assert truths[1].seen[1] < 0.6


@pytest.mark.parametrize("story", [nobody(), Story((Walker(1, ((0, 40.0, 4.0), (1, 40.0, 4.0))),))])
def test_nobody_in_view_is_a_crowd_of_zero(story: Story):
    image, truth = Scene(story.filmed((160, 90), 1)).frame(0.0)
    assert image.shape == (90, 160, 3)
    assert len(truth) == len(truth.poses()) == 0
    assert [a.shape for a in (truth.keypoints, truth.visibility, truth.boxes)] == [
        (0, 17, 2),
        (0, 17),
        (0, 4),
    ]


def test_the_same_moment_is_the_same_picture_whatever_was_drawn_before():
    story = crossing().filmed((160, 90), 1)
    first, second = Scene(story), Scene(story)
    for t in (1.2, 0.3):
        first.frame(t)
    (image, truth), (again, same) = first.frame(0.8), second.frame(0.8)
    np.testing.assert_array_equal(image, again)
    np.testing.assert_array_equal(truth.keypoints, same.keypoints)


def test_a_clip_is_drawn_once_and_then_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked = {"fps": Fraction(30000, 1001), "seconds": 0.2, "size": (160, 90)}
    drawn = Clips(tmp_path).of(crossing(), **asked)
    file = Clips(tmp_path).mp4(crossing(), **asked)
    monkeypatch.setattr("scene_clips.Scene", None)
    kept = Clips(tmp_path).of(crossing(), **asked)
    assert Clips(tmp_path).mp4(crossing(), **asked) == file
    assert (
        [f.time for f in kept.frames]
        == [f.time for f in drawn.frames]
        == [i * 1001 / 30000 for i in range(6)]
    )
    for a, b in zip(drawn.truths, kept.truths, strict=True):
        np.testing.assert_array_equal(a.keypoints, b.keypoints)
    with av.open(str(file)) as box:
        for frame, sent in zip(box.decode(video=0), drawn.frames, strict=True):
            assert frame.pts * frame.time_base == sent.index * Fraction(1001, 30000)
            assert np.abs(frame.to_ndarray(format="bgr24").astype(int) - sent.image).mean() < 6


def test_frames_that_are_missing_leave_a_gap_in_the_file(tmp_path: Path):
    frames = [frame for frame, _ in clip(nobody(), 10, 0.6, (160, 90)) if frame.index not in (2, 3)]
    write_mp4(tmp_path / "gap.mp4", frames, 10)
    with av.open(str(tmp_path / "gap.mp4")) as box:
        assert [round(float(f.time) * 10, 6) for f in box.decode(video=0)] == [0, 1, 4, 5]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (ASSETS / "demo.truth.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_demo_truth_has_a_row_for_everyone_in_every_frame(rows: list[dict[str, str]]):
    head = ["frame", "time_s", "track_id", "person_score", "bbox_x", "bbox_y", "bbox_w", "bbox_h"]
    joints = [f"{name}_{part}" for name in KEYPOINTS for part in ("x", "y", "score")]
    assert list(rows[0]) == head + joints
    assert sorted({int(r["frame"]) for r in rows}) == list(range(250))
    assert {r["track_id"] for r in rows} == {"1", "2", "3"}
    assert len({(r["frame"], r["track_id"]) for r in rows}) == len(rows)
    for row in rows:
        for name in KEYPOINTS:
            assert row[f"{name}_score"] in ("0", "1", "2")
            blank = [row[f"{name}_x"] == "", row[f"{name}_y"] == ""]
            assert blank == [row[f"{name}_score"] == "0"] * 2


def test_the_demo_truth_has_the_times_of_the_demo_clip(rows: list[dict[str, str]]):
    with av.open(str(ASSETS / "demo.mp4")) as box:
        stream = box.streams.video[0]
        assert (stream.width, stream.height, stream.format.name) == (1280, 720, "yuv420p")
        times = sorted(float(p.pts * p.time_base) for p in box.demux(stream) if p.pts is not None)
    assert len(times) == 250
    for row in rows:
        assert float(row["time_s"]) == pytest.approx(times[int(row["frame"])], abs=1e-6)


def test_the_demo_clip_is_what_the_renderer_draws(rows: list[dict[str, str]]):
    """At 5.2 s: two have crossed, the third comes from behind the pillar."""
    image, truth = Scene(demo()).frame(130 / 25)
    mine = [r for r in rows if r["frame"] == "130"]
    assert [int(r["track_id"]) for r in mine] == truth.ids.tolist() == [1, 2, 3]
    for n, row in enumerate(mine):
        found = [[float(row[f"{name}_{axis}"]) for axis in "xy"] for name in KEYPOINTS]
        np.testing.assert_allclose(found, truth.keypoints[n], atol=0.02)
        left, top, wide, high = (float(row[f"bbox_{part}"]) for part in "xywh")
        np.testing.assert_allclose([left, top, left + wide, top + high], truth.boxes[n], atol=0.51)
        assert float(row["person_score"]) == pytest.approx(truth.seen[n], abs=0.01)
    with av.open(str(ASSETS / "demo.mp4")) as box:
        decoded = next(f for i, f in enumerate(box.decode(video=0)) if i == 130)
    difference = np.abs(decoded.to_ndarray(format="bgr24").astype(int) - image)
    assert difference.mean() < 6
