"""Joint angles and speed: of poses made by hand, of turned and mirrored bodies, of walkers that are known."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scene_body import COCO_BONE, coco_points
from scene_gait import Motion, Walker, pose, turn

from app.angles import ANGLES, COLUMNS, Course, angles, course, measured, speeds
from app.rows import read_rows
from engine.skeleton import KEYPOINTS, PAIRS
from engine.types import Boxes
from trackers.types import Tracks

ALL = np.ones(17, bool)
DEMO = Path(__file__).parents[1] / "assets" / "demo.truth.csv"
#: Somebody who stands upright, seen from the side, facing right; pixels.
SIDE = {
    "nose": (110, 20), "eye": (106, 15), "ear": (98, 17), "shoulder": (100, 60), "elbow": (100, 110),
    "wrist": (100, 155), "hip": (100, 160), "knee": (100, 240), "ankle": (100, 320),
}  # fmt: skip


def body(**moved: tuple[float, float]) -> np.ndarray:
    """The standing body with some joints elsewhere."""
    return np.array([moved.get(name, SIDE[name.split("_")[-1]]) for name in KEYPOINTS], float)


def told(joints: np.ndarray, known: np.ndarray = ALL) -> dict[str, float]:
    return dict(zip(ANGLES, angles(joints, known).tolist(), strict=True))


def test_whoever_stands_upright_is_bent_nowhere() -> None:
    assert told(body()) == pytest.approx(dict.fromkeys(ANGLES, 0.0), abs=1e-9)


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        ({"left_ankle": (20.0, 240.0)}, {"left_knee": 90.0}),  # the heel behind, at the height of the knee
        ({"left_ankle": (180.0, 240.0)}, {"left_knee": 90.0}),  # it bends the other way: there is no sign
        ({"right_wrist": (100.0, 61.0)}, {"right_elbow": 180.0}),  # the hand at the shoulder
        ({"left_elbow": (150.0, 60.0), "left_wrist": (150.0, 105.0)},
         {"left_shoulder": 90.0, "left_elbow": 90.0}),
        ({"left_elbow": (100.0, 10.0), "left_wrist": (100.0, -35.0)},
         {"left_shoulder": 180.0, "left_elbow": 0.0}),
        ({"right_knee": (180.0, 160.0), "right_ankle": (180.0, 240.0)},
         {"right_hip": 90.0, "right_knee": 90.0, "right_thigh": 90.0}),  # sits, to the right
        ({"right_knee": (20.0, 160.0), "right_ankle": (20.0, 240.0)},
         {"right_hip": 90.0, "right_knee": 90.0, "right_thigh": -90.0}),
    ],
)  # fmt: skip
def test_angles_of_poses_made_by_hand(
    moved: dict[str, tuple[float, float]], expected: dict[str, float]
) -> None:
    found = told(body(**moved))
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_a_trunk_that_leans_to_the_right_of_the_picture_is_positive() -> None:
    leaning = body(left_shoulder=(100 + 57.735, 60.0), right_shoulder=(100 + 57.735, 60.0))
    found = told(leaning)
    assert found["trunk"] == pytest.approx(30.0, abs=0.01)
    assert found["left_hip"] == pytest.approx(30.0, abs=0.01)


people = st.lists(
    st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=17, max_size=17, unique=True
).map(lambda rows: np.array(rows, float))


@given(people, st.floats(-180, 180), st.floats(0.2, 5), st.floats(-1000, 1000))
def test_turning_moving_and_scaling_the_picture_changes_no_angle_at_a_joint(
    joints: np.ndarray, by: float, scale: float, shift: float
) -> None:
    c, s = math.cos(math.radians(by)), math.sin(math.radians(by))
    turned = scale * joints @ np.array([(c, s), (-s, c)]) + shift
    before, after = angles(joints, ALL)[:8], angles(turned, ALL)[:8]
    firm = _firm(joints)[:8]
    np.testing.assert_allclose(after[firm], before[firm], atol=1e-3)


@given(people)
def test_mirrored_bodies_swap_left_and_right_and_leans_change_their_sign(joints: np.ndarray) -> None:
    mirrored = joints * (-1, 1)
    for left, right in PAIRS:
        mirrored[[left, right]] = mirrored[[right, left]]
    swapped = [
        ANGLES.index(n.replace("left", "R").replace("right", "left").replace("R", "right")) for n in ANGLES
    ]
    expected = angles(joints, ALL)[swapped] * ([1] * 8 + [-1] * 3)
    firm = _firm(joints)[swapped]
    np.testing.assert_allclose(np.mod(angles(mirrored, ALL) - expected + 180, 360)[firm], 180, atol=1e-6)


@given(people)
def test_angles_at_joints_never_leave_the_half_circle_and_leans_the_whole(joints: np.ndarray) -> None:
    found = angles(joints, ALL)
    assert not np.isinf(found).any()
    bends, leans = found[:8][np.isfinite(found[:8])], found[8:][np.isfinite(found[8:])]
    assert ((bends >= 0) & (bends <= 180)).all()
    assert (np.abs(leans) <= 180).all()


def _firm(joints: np.ndarray) -> np.ndarray:
    """Angles whose segments are long enough to be turned without rounding: centres may fall together."""
    middles = [(joints[5] + joints[6]) / 2, (joints[11] + joints[12]) / 2]
    whole = np.concatenate([joints, middles])
    long = np.hypot(*(whole[:, None] - whole[None]).transpose(2, 0, 1)) > 1e-3
    names = {n: i for i, n in enumerate(KEYPOINTS)}
    firm = []
    for angle in ANGLES:
        side, _, joint = angle.partition("_")
        near = {
            "knee": ("hip", "knee", "ankle"), "elbow": ("shoulder", "elbow", "wrist"), "hip": ("hip", "knee"),
            "shoulder": ("shoulder", "elbow"), "thigh": ("hip", "knee"), "": (),
        }[joint]  # fmt: skip
        chain = [names[f"{side}_{n}"] for n in near]
        ok = all(long[a, b] for a, b in pairwise(chain))
        firm.append(ok and bool(long[17, 18] or joint in ("knee", "elbow", "thigh")))
    return np.array(firm)


def test_what_lacks_a_joint_is_no_number_and_the_rest_is_as_before() -> None:
    known = ALL.copy()
    known[KEYPOINTS.index("left_ankle")] = False
    lacking = {name for name, value in told(body(), known).items() if math.isnan(value)}
    assert lacking == {"left_knee"}
    known[KEYPOINTS.index("right_hip")] = False
    lacking = {name for name, value in told(body(), known).items() if math.isnan(value)}
    assert lacking == {"left_knee", "right_knee", "left_hip", "right_hip", "left_shoulder", "right_shoulder",
                       "right_thigh", "trunk"}  # fmt: skip


@pytest.mark.parametrize("wild", [np.nan, np.inf])
def test_joints_that_are_no_numbers_and_joints_on_their_neighbours_give_no_angle(wild: float) -> None:
    assert math.isnan(told(body(left_knee=(wild, 3.0)))["left_knee"])
    assert math.isnan(told(body(left_knee=SIDE["hip"]))["left_knee"])
    assert math.isnan(told(body(left_knee=SIDE["hip"]))["left_thigh"])


def test_foretold_joints_and_those_below_the_threshold_do_not_count() -> None:
    scores = np.full((1, 17), 0.9, np.float32)
    scores[0, 3], foretold = 0.2, np.zeros((1, 17), bool)
    foretold[0, 5] = True
    joints = body()[None].astype(np.float32)
    boxes = Boxes(np.array([[0, 0, 9, 9]], np.float32), np.ones(1, np.float32))
    tracks = Tracks(np.array([1]), boxes, joints, joints.copy(), scores, foretold)
    assert np.flatnonzero(~measured(tracks, 0.3)[0]).tolist() == [3, 5]


def test_many_people_are_told_as_each_alone_and_other_skeletons_as_nothing() -> None:
    rng = np.random.default_rng(1)
    crowd = rng.uniform(0, 500, (4, 5, 17, 2))
    known = rng.random((4, 5, 17)) < 0.9
    together = angles(crowd, known)
    assert together.shape == (4, 5, len(ANGLES))
    for n in np.ndindex(4, 5):
        np.testing.assert_array_equal(together[n], angles(crowd[n], known[n]))
    assert np.isnan(angles(np.zeros((2, 21, 2)), np.ones((2, 21), bool))).all()
    assert angles(np.zeros((0, 17, 2)), np.zeros((0, 17), bool)).shape == (0, len(ANGLES))
    assert len(COLUMNS) == len(ANGLES) + 2


def _walk(t: np.ndarray) -> np.ndarray:
    """Joints (M, 17, 3), metres, of somebody who walks to the right; x right, y up."""
    walker = Walker(1, ((0.0, -4.0, 6.0), (7.0, 4.05, 6.0)))
    motion = Motion(walker)
    made = []
    for moment in t:
        step = motion.at(float(moment))
        rotation, shift = pose(1.0, step)
        face = turn(yaw=math.degrees(step.heading))
        bones = list(COCO_BONE)
        local = (rotation[bones] @ coco_points()[..., None])[..., 0] + shift[bones]
        made.append(local @ face.T + (step.x, step.rise, step.z))
    return np.array(made)


def _far(joints: np.ndarray) -> np.ndarray:
    """Pixels as a camera far away sees it from the side: 200 to a metre."""
    return joints[..., :2] * (200, -200) + (1000, 500)


def test_the_knees_of_a_walker_bend_as_those_of_the_skeleton_in_space() -> None:
    t = np.arange(2.0, 5.0, 0.02)
    space = _walk(t)
    found = angles(_far(space), np.ones((len(t), 17), bool))
    for name in ("left_knee", "right_knee"):
        side = name.split("_")[0]
        hip, knee, ankle = (space[:, KEYPOINTS.index(f"{side}_{j}")] for j in ("hip", "knee", "ankle"))
        one, other = knee - hip, ankle - knee
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        true = np.degrees(np.arccos((one * other).sum(axis=1) / lengths))
        bend = found[:, ANGLES.index(name)]
        assert np.abs(bend - true).max() < 2.5  # the legs are not quite in the plane of the picture
        assert 0 <= bend.min() < 15
        assert 55 < bend.max() < 75


def test_a_walker_in_the_demo_bends_knees_and_hips_in_a_plausible_range() -> None:
    rows = read_rows(DEMO)[3]
    joints = np.array([row.joints for row in rows])
    whole = course(np.array([row.time for row in rows]), joints, np.isfinite(joints).all(axis=-1))
    knee = whole.angles[:, ANGLES.index("left_knee")]
    assert 50 < np.nanmax(knee) < 75
    assert np.nanmin(knee) < 12
    steps = np.abs(np.diff(whole.angles[:, :4], axis=0))
    assert np.nanmax(steps) < 15  # degrees a picture, 25 pictures a second


@pytest.mark.parametrize("rate", [5.0, 12.5, 30.0, 120.0])
def test_speed_of_a_walker_is_that_of_the_path_at_any_rate(rate: float) -> None:
    t = np.arange(2.0, 5.0, 1 / rate)
    found = speeds(t, _far(_walk(t)), np.ones((len(t), 17), bool))
    steady = slice(len(t) // 4, -len(t) // 4)
    assert np.median(found[steady, 0]) == pytest.approx(
        1.15 * 200, rel=0.03
    )  # metres a second, pixels a metre
    assert np.median(found[steady, 1]) == pytest.approx(1.15 / 1.75, rel=0.06)  # and the body is 1.75 m


def test_uneven_times_do_not_bend_a_steady_speed() -> None:
    rng = np.random.default_rng(3)
    t = np.sort(rng.uniform(0, 4, 90))
    joints = body()[None] + np.stack([120 * t, 50 * t], axis=1)[:, None]
    found = speeds(t, joints, np.ones((len(t), 17), bool))
    np.testing.assert_allclose(found[5:-5, 0], 130.0, rtol=1e-6)


def test_trembling_hardly_moves_somebody_who_stands_and_a_stray_joint_does_not_at_all() -> None:
    rng = np.random.default_rng(2)
    t = np.arange(0, 6, 1 / 30)
    joints = np.repeat(body()[None], len(t), axis=0)
    trembling = joints + rng.normal(0, 1.5, joints.shape)
    height = 260 / 0.779  # trunk and leg of the body are 260 pixels
    assert np.nanpercentile(speeds(t, trembling, np.ones((len(t), 17), bool))[:, 1], 95) < 6 / height
    joints[60, 11:13] += 150.0  # one picture in which the hips are elsewhere
    assert np.nanmax(speeds(t, joints, np.ones((len(t), 17), bool))[:, 0]) == pytest.approx(0.0, abs=1e-6)


def test_somebody_behind_a_desk_has_a_speed_too_and_changing_over_is_no_motion() -> None:
    t = np.arange(0, 4, 0.05)
    joints = np.repeat(body()[None], len(t), axis=0)
    known = np.ones((len(t), 17), bool)
    known[40:, 11:] = False
    found = speeds(t, joints, known)
    assert np.nanmax(found[:, 0]) == pytest.approx(0.0, abs=1e-9)
    assert np.isfinite(found[:, 0]).all()


def test_out_of_sight_there_is_no_speed_and_too_few_pictures_make_none() -> None:
    t = np.arange(0, 4, 0.05)
    joints, known = np.repeat(body()[None], len(t), axis=0), np.ones((len(t), 17), bool)
    known[30:50] = False
    assert np.isnan(speeds(t, joints, known)[30:50]).all()
    assert np.isnan(speeds(t[:2], joints[:2], known[:2])).all()
    assert speeds(t[:0], joints[:0], known[:0]).shape == (0, 2)


def test_an_hour_in_costs_no_digits() -> None:
    t = np.arange(0, 10, 1 / 60)
    joints = body()[None] + np.stack([30 * np.sin(t), 50 * t], axis=1)[:, None]
    known = np.ones((len(t), 17), bool)
    np.testing.assert_allclose(
        speeds(t + 36000.0, joints, known)[:, 0], speeds(t, joints, known)[:, 0], rtol=1e-4
    )


def test_gaps_in_a_course_get_a_row_of_nothing() -> None:
    t = np.array([0.0, 0.04, 0.08, 1.0, 1.04])
    whole = Course(t, np.ones((5, len(ANGLES))), np.ones((5, 2)))
    parted = whole.with_gaps()
    assert np.flatnonzero(np.isnan(parted.angles[:, 0])).tolist() == [3]
    assert parted.times.tolist() == pytest.approx([0.0, 0.04, 0.08, 0.54, 1.0, 1.04])
    assert (
        whole.at(0.05),
        whole.at(9.0),
        whole.at(-1.0),
        Course(t[:0], np.ones((0, 11)), np.ones((0, 2))).at(0),
    ) == (1, 4, 0, -1)
