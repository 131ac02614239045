"""People who are looked for in some frames only are followed in all of them, and never lost for long."""

from __future__ import annotations

import numpy as np
import pytest
from walkers import Walker

from app.pace import Pace
from app.seldom import Seldom
from engine.types import Boxes, Frame, Poses
from trackers.tracker import Tracker

STREET = np.full((720, 1280, 3), 90, np.uint8)
STUDIO = np.full((720, 1280, 3), 160, np.uint8)


class World:
    """Detector and pose network at once: they see walkers as they are at the time of the frame."""

    def __init__(self, *walkers):
        self.walkers, self.now, self.looks = walkers, 0.0, []

    def people(self):
        joints = [w.joints(self.now) for w in self.walkers if w.seen(self.now)]
        return np.array(joints, np.float32).reshape(-1, 17, 2)

    def boxes(self):
        people = self.people()
        return np.concatenate([people.min(axis=1) - 4, people.max(axis=1) + 4], axis=1)

    def detect(self, images):
        self.looks.append(self.now)
        found = self.boxes()
        return [Boxes(found, np.full(len(found), 0.9, np.float32)) for _ in images]

    def __call__(self, _image, boxes):
        """The joints of whoever is in the box for the most part; else chance, and hardly any score."""
        people = self.people()
        keypoints = np.zeros((len(boxes), 17, 2), np.float32)
        scores = np.full((len(boxes), 17), 0.05, np.float32)
        for n, box in enumerate(boxes.xyxy):
            inside = [np.mean((p > box[:2] - 9).all(1) & (p < box[2:] + 9).all(1)) for p in people]
            keypoints[n] = (box[:2] + box[2:]) / 2
            if inside and max(inside) > 0.6:
                keypoints[n], scores[n] = people[int(np.argmax(inside))], 0.9
        return Poses(boxes, keypoints, scores)


def follow(world, every, *, seconds=4.0, fps=25, live=False, picture=lambda _: STREET, step=1):
    """Tracks by time; `step`: only every so manieth frame arrives."""
    seldom = Seldom(world, world, Tracker(), Pace(every, live=live))
    told = {}
    for index in range(0, round(seconds * fps), step):
        world.now = index / fps
        told[world.now] = seldom.follow(Frame(index, world.now, picture(world.now)), 0.0)[0]
    return told


def there(told, seconds):
    """How many people each frame from then on tells of."""
    return [len(tracks) for time, tracks in told.items() if time >= seconds]


PAIR = Walker((200, 400), (120, 0)), Walker((1000, 450), (-100, 0), 170, 0.4)


@pytest.mark.parametrize("every", [1, 2, 3, 5])
def test_people_are_looked_for_in_every_nth_frame_and_followed_in_all(every):
    world = World(*PAIR)
    told = follow(world, every)
    assert world.looks == [n / 25 for n in range(0, 100, every)]
    assert there(told, 0.0) == [2] * 100
    assert {int(i) for tracks in told.values() for i in tracks.ids} == {1, 2}


def test_joints_in_between_are_measured_not_guessed():
    world = World(*PAIR)
    told = follow(world, 5)
    for time, tracks in told.items():
        world.now = time
        np.testing.assert_allclose(tracks.measured, world.people(), atol=1e-3)


def test_somebody_new_is_seen_after_n_frames_at_most_and_somebody_gone_is_told_of_no_more():
    comes = Walker((500, 400), (60, 0), in_view=((1.02, 3.02),))
    told = follow(World(PAIR[0], comes), 5)
    assert 1.02 <= min(t for t, tracks in told.items() if len(tracks) == 2) <= 1.02 + 5 / 25
    assert max(t for t, tracks in told.items() if len(tracks) == 2) <= 3.02
    assert len(there(told, 3.04)) > 20


@pytest.mark.parametrize("every", [0, 2, 5])
def test_when_everyone_is_gone_nobody_is_told_of_where_they_were(every):
    alone = Walker((500, 400), (20, 0), in_view=((0.0, 1.0),))
    told = follow(World(alone), every, picture=lambda time: STREET if time <= 1.0 else STUDIO)
    assert min(there(told, 1.0 + 5 / 25)) == 0 == max(there(told, 1.0 + 5 / 25))


def test_auto_looks_seldom_where_all_goes_as_expected_and_at_least_twice_a_second():
    world = World(*PAIR)
    told = follow(world, 0, seconds=6.0)
    assert len(world.looks) < 150 / 5
    assert np.diff(world.looks).max() <= 0.5 + 1 / 25
    assert there(told, 0.0) == [2] * 150


class Jumper(Walker):
    def joints(self, t):
        return super().joints(t) + np.array([400 if t >= 5.0 else 0, 0], np.float32)


def test_auto_finds_who_is_not_where_expected_at_once():
    jumper = Jumper((200, 400), (20, 0))
    told = follow(World(PAIR[1], jumper), 0, seconds=6.0)
    gone = [time for time, tracks in told.items() if time >= 5.0 and len(tracks) < 2]
    assert len(gone) <= 1


def test_auto_looks_when_the_scene_changes():
    world = World(*PAIR)
    follow(world, 0, seconds=6.0, picture=lambda time: STREET if time < 5.16 else STUDIO)
    assert 5.16 in world.looks


def test_the_same_film_is_looked_at_in_the_same_way():
    first, second = World(*PAIR), World(*PAIR)
    one, other = follow(first, 0), follow(second, 0)
    assert first.looks == second.looks
    assert all(np.array_equal(one[t].keypoints, other[t].keypoints) for t in one)


def test_a_camera_that_is_too_fast_is_looked_at_less_even_in_a_busy_street():
    busy = [Walker((300 * n, 400), (100, 0), in_view=((n / 3, n / 3 + 0.3),)) for n in range(12)]
    calm, hasty = World(*busy), World(*busy)
    follow(calm, 0, live=False, step=2)
    follow(hasty, 0, live=True, step=2)
    assert len(hasty.looks) < 0.7 * len(calm.looks)


def test_nobody_at_all_is_no_trouble():
    world = World()
    assert there(follow(world, 0), 0.0) == [0] * 100
    assert there(follow(World(), 3), 0.0) == [0] * 100
