"""A report finds what was planted, at its time, and nothing in people who just walk."""

from __future__ import annotations

import csv
import math
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bodies import truths
from report_sessions import exchanged, opened, tracks

from app.report import pieces
from app.report.findings import Findings
from app.report.joints import accelerations
from app.report.measure import measure
from engine.skeleton import KEYPOINTS

ROOT = Path(__file__).parents[1]
FPS = 25
LEFT_WRIST, LEFT_LEG, RIGHT_LEG = KEYPOINTS.index("left_wrist"), [13, 15], [14, 16]

Frames = list[tuple[int, float, object]]
Plant = Callable[[int, dict[int, np.ndarray]], dict[int, np.ndarray]]


def as_it_is(_frame: int, people: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    return people


def walk(
    story: str = "demo",
    seen: Plant = as_it_is,
    told: Plant = as_it_is,
    tremble: float = 0.0,
    fps: float = FPS,
) -> Frames:
    """Rendered walkers; `seen` and `told` say what becomes of the measured and of the smoothed joints."""
    paths, rng, frames = truths(story, fps), np.random.default_rng(0), []
    for n, time in enumerate(paths[0].time.tolist()):
        true = {who: path.measured[n] for who, path in enumerate(paths, 1)}
        shaken = {
            who: joints + rng.normal(size=joints.shape) * tremble * height(joints)
            for who, joints in true.items()
        }
        measured = seen(n, shaken)
        calm = {who: joints for who, joints in told(n, true).items() if who in measured}
        frames.append((n, time, tracks(measured, calm)))
    return frames


def height(joints: np.ndarray) -> float:
    return float(np.ptp(joints[:, 1]))


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Findings]:
    def make(frames: Frames, **more: object) -> Findings:
        session = opened(tmp_path / f"{len(list(tmp_path.iterdir()))}.kinetrail", frames, **more)
        try:
            return measure(session, threading.Event())
        finally:
            session.close()

    return make


def changed(who: int, first: int, last: int, change: Callable[[np.ndarray], None]) -> Plant:
    """A plant that changes the joints of somebody in the frames from `first` to `last`."""

    def plant(frame: int, people: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        if first <= frame <= last and who in people:
            joints = people[who].copy()
            change(joints)
            return {**people, who: joints}
        return people

    return plant


def legs(joints: np.ndarray) -> None:
    joints[LEFT_LEG + RIGHT_LEG] = joints[RIGHT_LEG + LEFT_LEG]


def thrown(share: float) -> Callable[[np.ndarray], None]:
    def change(joints: np.ndarray) -> None:
        joints[LEFT_WRIST] += (share * height(joints), 0.0)

    return change


def test_the_truth_of_the_demo_has_nothing_to_say(report: Callable[..., Findings]):
    frames: dict[int, tuple[float, dict[int, np.ndarray]]] = {}
    with (ROOT / "assets" / "demo.truth.csv").open() as file:
        for row in csv.DictReader(file):
            joints = np.array(
                [(float(row[f"{k}_x"] or "nan"), float(row[f"{k}_y"] or "nan")) for k in KEYPOINTS]
            )
            people = frames.setdefault(int(row["frame"]), (float(row["time_s"]), {}))[1]
            if np.isfinite(joints).all():
                people[int(row["track_id"])] = joints
    found = report([(n, time, tracks(people)) for n, (time, people) in sorted(frames.items())])
    assert len(found.people) == 3
    assert found.suspicions == ()
    assert not [doubt for doubt in found.doubts if doubt.grave]


@pytest.mark.parametrize("tremble", [0.0, 0.01])
@pytest.mark.parametrize("story", ["demo", "crossing", "turning"])
def test_who_walks_crosses_or_turns_is_not_suspected(
    report: Callable[..., Findings], story: str, tremble: float
):
    found = report(walk(story, tremble=tremble))
    assert [each for each in found.suspicions if each.kind != "spike" and not each.mended] == []
    assert found.doubts == ()


@pytest.mark.parametrize("frame", [60, 61, 130])
def test_a_spike_is_found_with_its_joint_and_its_speed(report: Callable[..., Findings], frame: int):
    found = report(walk(seen=changed(1, frame, frame, thrown(0.3))))
    (spike,) = found.suspicions
    assert (spike.kind, spike.people, spike.joints) == ("spike", (1,), (LEFT_WRIST,))
    assert spike.start_s == pytest.approx(frame / FPS)
    assert spike.mended
    assert spike.speed == pytest.approx(0.3 * FPS / 1.08, rel=0.2)  # the box is wider than the joints
    assert found.doubts == ()
    joint = next(person for person in found.people if person.id == 1).joints[LEFT_WRIST]
    assert joint.spikes == 1


def test_a_spike_that_smoothing_kept_is_not_to_be_trusted(report: Callable[..., Findings]):
    plant = changed(1, 70, 70, thrown(0.8))
    found = report(walk(seen=plant, told=plant))
    (spike,) = found.suspicions
    assert not spike.mended
    (doubt,) = found.doubts
    assert doubt.grave
    assert doubt.start_s < 70 / FPS < doubt.end_s


def test_left_and_right_legs_that_were_exchanged_are_found(report: Callable[..., Findings]):
    plant = changed(2, 100, 112, legs)
    kept, mended = report(walk(seen=plant, told=plant)), report(walk(seen=plant))
    for found in (kept, mended):
        (swap,) = [each for each in found.suspicions if each.kind == "swap"]
        assert set(swap.joints) == {*LEFT_LEG, *RIGHT_LEG}
        assert swap.start_s == pytest.approx(100 / FPS, abs=0.09)
        assert swap.end_s == pytest.approx(112 / FPS, abs=0.09)
        assert swap.people == (2,)
    assert [each.mended for each in kept.suspicions if each.kind == "swap"] == [False]
    assert [doubt.grave for doubt in kept.doubts] == [True]
    assert [each.mended for each in mended.suspicions if each.kind == "swap"] == [True]
    assert mended.doubts == ()


def test_gaps_of_people_and_of_joints_have_their_times(report: Callable[..., Findings]):
    frames = walk(seen=lambda n, people: {w: j for w, j in people.items() if w != 3 or not 100 < n < 130})
    sure = np.full(17, 0.9, np.float32)
    hidden = sure.copy()
    hidden[LEFT_WRIST] = 0.1
    dim = []
    for n, time, people in frames:
        shown = {int(who): people.measured[row] for row, who in enumerate(people.ids.tolist())}
        dim.append((n, time, tracks(shown, scores={1: hidden if 50 <= n < 70 else sure})))
    found = {person.id: person for person in report(dim).people}
    assert [(gap.start_s, gap.end_s) for gap in found[3].gaps] == [(4.0, 5.2)]
    assert found[1].gaps == ()
    joint = found[1].joints[LEFT_WRIST]
    assert joint.coverage == pytest.approx(1 - 20 / 250)
    assert joint.score == pytest.approx((230 * 0.9 + 20 * 0.1) / 250, abs=1e-4)
    assert joint.gaps == 1
    assert (joint.longest[0].start_s, joint.longest[0].end_s) == (49 / FPS, 70 / FPS)
    assert found[1].joints[0].gaps == 0


def test_numbers_exchanged_where_two_cross_are_found(report: Callable[..., Findings]):
    frames = walk("crossing")
    middle = [[joints[[5, 6, 11, 12], 0].mean() for joints in people.measured[:2]] for _, _, people in frames]
    meet = int(np.argmin([abs(a - b) for a, b in middle]))
    found = report(exchanged(frames, 1, 2, meet / FPS))
    (switch,) = [each for each in found.suspicions if each.kind == "exchange"]
    assert set(switch.people) == {1, 2}
    assert switch.start_s <= meet / FPS <= switch.end_s + 0.1
    assert switch.sure > 0.8
    assert any(doubt.grave and doubt.start_s <= meet / FPS <= doubt.end_s for doubt in found.doubts)


def test_numbers_exchanged_across_the_picture_are_found_once(report: Callable[..., Findings]):
    frames = walk("turning")
    found = report(exchanged(frames, 1, 2, 2.0))
    (switch,) = found.suspicions
    assert (switch.kind, switch.people) == ("exchange", (1, 2))
    assert switch.end_s == pytest.approx(2.0)
    assert switch.sure > 0.95


def test_who_gets_a_second_number_is_found(report: Callable[..., Findings]):
    def renamed(n: int, people: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        out = {who: joints for who, joints in people.items() if who != 1}
        return {**out, 1: people[1]} if n < 100 else {**out, 9: people[1]} if n >= 108 else out

    def both(_: int, people: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        return {**people, 9: people[1]}

    found = report(walk(seen=renamed, told=both))
    (handover,) = [each for each in found.suspicions if each.kind == "handover"]
    assert handover.people == (1, 9)
    assert (handover.start_s, handover.end_s) == (99 / FPS, 108 / FPS)
    assert handover.sure > 0.7


def test_a_number_that_leaps_to_somebody_else_is_found(report: Callable[..., Findings]):
    def stolen(n: int, people: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        return {1: people[1] if n < 60 else people[2]}

    found = report(walk("turning", seen=stolen, told=stolen))
    (jump,) = [each for each in found.suspicions if each.kind == "jump"]
    assert jump.people == (1,)
    assert jump.end_s == pytest.approx(60 / FPS)
    assert any(doubt.grave for doubt in found.doubts)


def test_a_repair_ends_the_suspicion(tmp_path: Path):
    session = opened(tmp_path / "a.kinetrail", exchanged(walk("turning"), 1, 2, 2.0))
    assert measure(session, threading.Event()).counts["exchange"] == 1
    session.swap(1, 2, 2.0)
    assert measure(session, threading.Event()).suspicions == ()
    session.close()


def test_one_of_many_does_not_condemn_the_picture(report: Callable[..., Findings]):
    def crowd(people: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        return {who: people[1] + (0, 40 * who) for who in range(1, 13)}

    plant = changed(5, 70, 70, thrown(0.8))
    frames = walk(seen=lambda n, p: plant(n, crowd(p)), told=lambda n, p: plant(n, crowd(p)))
    found = report(frames)
    assert found.counts["spike"] == 1
    assert found.doubts == ()


@pytest.mark.parametrize("fps", [20.0, 25.0, 60.0, 240.0])
@pytest.mark.parametrize("uneven", [0.0, 0.3])
def test_jitter_of_an_even_acceleration_is_that_acceleration(fps: float, uneven: float):
    rng = np.random.default_rng(1)
    times = np.cumsum((1 + rng.uniform(-uneven, uneven, 200)) / fps)
    joints = (90.0 * times**2 / 2)[:, None, None] * np.array([0.6, 0.8]) + 40.0
    found = accelerations(times, joints, np.ones((200, 1), bool))
    known = found[np.isfinite(found)]
    assert len(known) > 150
    np.testing.assert_allclose(known, 90.0, rtol=1e-6)


def test_the_same_tremble_looks_no_worse_at_a_higher_rate():
    rng, told = np.random.default_rng(2), []
    for fps in (30, 60, 120):
        times = np.arange(4000) / fps
        joints = rng.normal(0, 2, (4000, 1, 2))
        told.append(np.nanmean(accelerations(times, joints, np.ones((4000, 1), bool))))
    assert max(told) / min(told) < 1.05


def test_smoothed_and_raw_jitter_are_told_apart(report: Callable[..., Findings]):
    person = report(walk("turning", tremble=0.01)).people[0]
    # Second differences of white noise have a deviation of sqrt(6) on each axis; the mean norm of two is
    # sqrt(pi / 2) times that. At 25 frames a second a frame of 1/30 s counts (25/30)^2 of it.
    expected = 10 * np.sqrt(6) * np.sqrt(np.pi / 2) * (25 / 30) ** 2 / 1.08
    assert person.raw == pytest.approx(expected, rel=0.15)
    assert person.smoothed < 0.3 * person.raw


def test_long_people_are_measured_in_pieces_as_they_are_at_once(
    report: Callable[..., Findings], monkeypatch: pytest.MonkeyPatch
):
    swap, spikes = changed(2, 110, 140, legs), [changed(1, n, n, thrown(0.3)) for n in (87, 90, 127, 130)]

    def plant(n: int, people: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        for each in (swap, *spikes):
            people = each(n, people)
        return people

    frames = walk(seen=plant, told=swap, tremble=0.004)
    whole = report(frames)
    monkeypatch.setattr(pieces, "FRAMES", 60)
    parts = report(frames)
    assert parts.counts == whole.counts == {**whole.counts, "spike": 4, "swap": 1}
    for a, b in zip(whole.people, parts.people, strict=True):
        assert a.coverage == b.coverage
        assert a.raw == pytest.approx(b.raw, rel=0.02)  # body heights differ a little at the ends of pieces
    told = [[(e.kind, e.people, e.start_s, e.end_s) for e in found.suspicions] for found in (whole, parts)]
    assert sorted(told[0]) == sorted(told[1])


def test_a_live_session_tells_what_was_dropped_and_where_it_stood_still(report: Callable[..., Findings]):
    frames = [(n + (40 if n >= 100 else 0), t + (2.0 if n >= 100 else 0.0), p) for n, t, p in walk("turning")]
    found = report(frames, live=True)
    assert found.flow.dropped == 40
    assert found.flow.rate == pytest.approx(25)
    (pause,) = found.flow.pauses
    assert (pause.start_s, pause.end_s) == (pytest.approx(99 / FPS), pytest.approx(6.0))
    (doubt,) = found.doubts
    assert doubt.grave
    assert doubt.reasons == ("there are no frames",)


def test_how_late_a_live_session_was_is_told_with_the_moment_of_the_worst(report: Callable[..., Findings]):
    late = {n: 0.040 + 0.0001 * n for n in range(250)} | {77: 1.5}
    del late[0], late[1]
    told = report(walk(), live=True, late=late).flow.latency
    ordered = sorted(late.values())
    assert told.median_s == pytest.approx((ordered[123] + ordered[124]) / 2, rel=1e-3)
    assert told.p95_s == pytest.approx(ordered[235], rel=2e-3)
    assert (told.worst_s, told.worst_at_s) == (1.5, pytest.approx(77 / FPS))
    assert told.known == pytest.approx(248 / 250)
    assert len(told.course) == 248
    for start, median, worst in told.course:  # ten seconds in 250 stretches: a frame in each
        assert median == worst == pytest.approx(late[math.ceil(start * FPS - 1e-6)], rel=1e-3)


def test_how_late_a_session_was_is_no_reason_to_mistrust_it(report: Callable[..., Findings]):
    late = {n: 0.05 if n < 100 else 4.0 for n in range(250)}
    assert report(walk(), live=True, late=late).doubts == ()


def test_how_late_results_were_is_told_of_live_sessions_alone(report: Callable[..., Findings]):
    assert report(walk(), late=dict.fromkeys(range(250), 0.05)).flow.latency.known == 0.0
    assert report(walk(), live=True).flow.latency.known == 0.0


def test_sessions_of_nobody_of_other_skeletons_and_of_no_numbers_are_told_of(report: Callable[..., Findings]):
    assert report([(n, n / 25, tracks({})) for n in range(5)]).people == ()
    assert report([]).people == ()
    five = [(n, n / 25, tracks({1: np.arange(10.0).reshape(5, 2) * (20 + n)})) for n in range(40)]
    other = report(five, keypoints=("a", "b", "c", "d", "e"))
    assert len(other.people[0].joints) == 5
    lost = np.full((17, 2), np.nan)
    nowhere = report([(n, n / 25, tracks({1: lost})) for n in range(40)])
    assert nowhere.people[0].coverage == 0.0
    assert report(walk()[:1]).people[0].frames == 1
