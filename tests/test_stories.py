"""The stories that trackers are measured with are true, and their network errs as often as it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from scene import Camera, Scene, Story, Truth, Walker
from scene_acts import GRAVITY, Jump, Spin
from stories import Tale, tales
from stories_film import film
from stories_network import CARE, IN_VIEW, Network, Watcher, size_of
from walkers import Shot

from engine.errors import UserError
from engine.skeleton import KEYPOINTS

SIZE = (160, 90)
JOINT = {name: i for i, name in enumerate(KEYPOINTS)}


def tale(name: str) -> Tale:
    return next(each for each in tales() if each.name == name)


def scene(of: Story) -> Scene:
    return Scene(of.filmed(SIZE, 1))


def test_there_are_twenty_and_everyone_has_a_number_of_their_own():
    every = tales()
    assert len({each.name for each in every}) == len(every) == 20
    for each in every:
        ids = [walker.id for walker in each.story.walkers]
        assert sorted(ids) == list(range(1, len(ids) + 1))


def test_stories_are_chosen_by_a_part_of_their_names():
    assert [each.name for each in tales(["hidden"])] == [
        "hidden for 0.5 s", "hidden for 2 s", "hidden for 8 s",
    ]  # fmt: skip
    with pytest.raises(UserError, match=r"'unicorn'.*crossing"):
        tales(["unicorn"])


@pytest.mark.parametrize(
    ("name", "seconds"), [("hidden for 0.5 s", 0.5), ("hidden for 2 s", 2), ("hidden for 8 s", 8)]
)
def test_who_is_hidden_is_hidden_for_as_long_as_the_story_says(name: str, seconds: float):
    """Begin and end are looked for where the walker is on the way in and out, to 0.04 s."""
    story = tale(name).story
    drawn, end = scene(replace(story, walkers=story.walkers[:1])), story.walkers[0].path[-1][0]

    def seen(t: float) -> float:
        truth = drawn.frame(t)[1]
        return float(truth.seen[0]) if len(truth) else 0.0

    gone = next(t for t in np.arange(1.2, 2.4, 0.04) if seen(t) < IN_VIEW)
    back = next(t for t in np.arange(end - 1.2, end - 2.4, -0.04) if seen(t) < IN_VIEW)
    assert all(seen(t) < IN_VIEW for t in np.linspace(gone, back, 5))
    assert back - gone == pytest.approx(seconds, abs=0.1)


def test_who_leaves_is_out_of_the_picture_for_five_seconds_while_somebody_else_comes_in():
    drawn, when = scene(tale("leaving for 5 s").story), np.arange(1.5, 8.6, 0.2)
    shares = [
        dict(zip(t.ids.tolist(), t.seen.tolist(), strict=True)) for t in (drawn.frame(w)[1] for w in when)
    ]
    gone = [share.get(1, 0.0) < IN_VIEW for share in shares]
    assert 0.2 * sum(gone) == pytest.approx(5, abs=0.4)
    arrived = next(i for i, share in enumerate(shares) if share.get(2, 0.0) > IN_VIEW)
    assert gone[arrived]
    assert gone[arrived + 5]


def test_who_jumps_is_in_the_air_as_long_as_a_stone():
    story = Story((Walker(1, ((0, 0, 4), (1, 0, 4)), jumps=(Jump(1.0, 0.4),)),))
    lowest = {t: scene(story).posed(t)[0].points[:, 1].min() for t in (0.9, 1.0, 1.2, 1.285, 1.5, 1.58, 1.8)}
    assert lowest[1.285] == pytest.approx(0.4, abs=0.02)
    assert lowest[1.2] == pytest.approx(0.4 - GRAVITY / 2 * (np.sqrt(0.8 / GRAVITY) - 0.2) ** 2, abs=0.02)
    assert [lowest[t] for t in (0.9, 1.0, 1.58, 1.8)] == pytest.approx([0] * 4, abs=0.02)


def test_who_turns_round_exchanges_left_and_right():
    story = Story((Walker(1, ((0, 0, 4), (1, 0, 4)), spins=(Spin(1, 2, 0.5),)),))
    truths = [scene(story).frame(t)[1].keypoints[0] for t in (0.9, 2.1)]
    apart = [t[JOINT["left_shoulder"], 0] - t[JOINT["right_shoulder"], 0] for t in truths]
    assert apart[0] > 2
    assert apart[1] == pytest.approx(-apart[0], rel=0.1)


def test_who_falls_lies_on_the_ground_and_stays():
    drawn = scene(Story((Walker(1, ((0, -1, 5), (1, 0, 5)), fall=1.0),)))
    for t in (2.0, 4.0):
        points = drawn.posed(t)[0].points
        assert points[:, 1].min() == pytest.approx(0, abs=1e-6)
        assert points[:, 1].max() < 0.6
    box = drawn.frame(2.0)[1].boxes[0]
    assert box[2] - box[0] > 2 * (box[3] - box[1])


def test_a_camera_that_nods_takes_the_street_and_the_people_along():
    """Two degrees down move what is far up by f tan 2 degrees."""
    camera = Camera(pitch=0.0, size=(320, 180), nods=((0, 0), (1, 2)))
    drawn = Scene(Story((), camera=camera, noise=0.0, jpeg=100, samples=1))
    before, after = (cv2.cvtColor(drawn.frame(t)[0], cv2.COLOR_BGR2GRAY) for t in (0.0, 1.0))
    up = 0.86 * 320 * np.tan(np.radians(2))
    far = np.array([(0.0, 1.75, 50.0)])
    assert camera.project(far, 0.0)[0, 1] - camera.project(far, 1.0)[0, 1] == pytest.approx(up, abs=0.01)
    middle = before[60:100, 100:220].astype(np.float32), after[40:100, 100:220].astype(np.float32)
    found = cv2.matchTemplate(middle[1], middle[0], cv2.TM_CCOEFF_NORMED)
    assert 20 - np.argmax(found.max(axis=1)) == pytest.approx(up, abs=1)


def test_a_film_is_the_same_when_it_is_read_again(tmp_path: Path):
    short = replace(tale("hidden for 0.5 s"), seconds=0.12)
    first, again = film(short, tmp_path), film(short, tmp_path)
    assert len(list(first.images())) == len(again.truths) == 3
    for a, b in zip(first.shots(), again.shots(), strict=True):
        np.testing.assert_array_equal(a.poses.keypoints, b.poses.keypoints)
        np.testing.assert_array_equal(a.who, b.who)
    assert not np.array_equal(first.shots(1)[0].poses.keypoints, first.shots(2)[0].poses.keypoints)


def test_frames_that_drop_are_missing_from_pictures_and_truth_alike(tmp_path: Path):
    whole = replace(tale("hidden for 0.5 s"), seconds=0.32)
    every, some = film(whole, tmp_path), film(replace(whole, dropped=0.3), tmp_path)
    assert 0 < len(some.indices) < len(every.indices)
    kept = [picture for i, picture in enumerate(every.images()) if i in some.indices]
    for i, index in enumerate(some.indices):
        np.testing.assert_array_equal(some.truths[i].keypoints, every.truths[index].keypoints)
        assert some.times[i] == index / whole.fps
    np.testing.assert_array_equal(list(some.images()), kept)


# ------------------------------------------------------------------ the imagined network


def standing(people: int, seen: float = 1.0) -> Truth:
    """So many in a row, all joints visible."""
    left = 100.0 * np.arange(people, dtype=np.float32)[:, None]
    boxes = np.concatenate([left, left * 0 + 50, left + 64, left * 0 + 306], axis=1)
    keypoints = np.random.default_rng(0).uniform(0, 1, (people, 17, 2)) * (64, 256) + boxes[:, None, :2]
    return Truth(
        np.arange(1, people + 1), keypoints.astype(np.float32), np.full((people, 17), 2), boxes,
        np.full(people, seen, np.float32),
    )  # fmt: skip


def watched(network: Network, seen: float = 1.0, frames: int = 400) -> list[Shot]:
    truth = standing(5, seen)
    return Watcher(network, (640, 360)).watch((i / 25, truth) for i in range(frames))


def test_it_misses_doubles_and_makes_up_as_many_as_it_says():
    shots = watched(Network(missed=0.15, false=0.5, doubled=0.1))
    found = np.mean([(shot.who > 0).sum() for shot in shots]) / 5
    nobody = np.mean([(shot.who < 0).sum() for shot in shots])
    assert found == pytest.approx(0.85, abs=0.02)
    assert nobody == pytest.approx(0.5 + 0.1 * 0.85 * 5, abs=0.1)


def test_it_does_not_find_who_is_hidden_and_often_misses_who_is_half_hidden():
    assert not any(len(shot.who) for shot in watched(Network(), seen=0.29))
    half = np.mean([len(shot.who) for shot in watched(Network(missed=0), seen=0.4)]) / 5
    assert half == pytest.approx(0.75, abs=0.03)


def test_joints_tremble_and_drift_by_as_much_as_it_says():
    shots, truth = watched(Network(missed=0, spikes=0)), standing(5)
    size = size_of(truth.boxes[0])
    off = np.array([shot.poses.keypoints[shot.who.argsort()] for shot in shots]) - truth.keypoints
    off /= size * CARE[:, None]
    assert np.diff(off, axis=0).std() / np.sqrt(2) == pytest.approx(0.012, rel=0.1)  # drift changes little
    assert off.std() == pytest.approx(np.hypot(0.012, 0.02), rel=0.1)


def test_hidden_joints_score_low_and_err_more():
    truth = standing(1)
    hidden = Truth(truth.ids, truth.keypoints, np.full((1, 17), 1), truth.boxes, truth.seen)
    network, errors, scores = Network(missed=0, spikes=0), [], []
    for each in (truth, hidden):
        shots = Watcher(network, (640, 360)).watch((i / 25, each) for i in range(200))
        errors.append(np.std([shot.poses.keypoints - truth.keypoints for shot in shots]))
        scores.append(np.mean([shot.poses.scores for shot in shots]))
    assert errors[1] == pytest.approx(3 * errors[0], rel=0.1)
    assert scores == pytest.approx([0.8, 0.35], abs=0.02)


def test_left_and_right_are_exchanged_for_a_moment_and_as_often_as_it_says():
    truth = standing(5)
    ankles = [JOINT["left_ankle"], JOINT["right_ankle"]]
    exchanged = []
    for shot in watched(Network(missed=0, swapped=0.4), frames=1500):
        told, true = (k[:, ankles] for k in (shot.poses.keypoints[shot.who.argsort()], truth.keypoints))
        exchanged.append(
            np.linalg.norm(told - true[:, ::-1], axis=2).sum(1) < np.linalg.norm(told - true, axis=2).sum(1)
        )
    share = 1 - np.exp(-0.4 * 0.25)  # of the time, at 0.4 a second for 0.25 s each
    assert np.mean(exchanged) == pytest.approx(share, abs=0.03)
