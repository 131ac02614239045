"""What the tracker costs, and how it holds on walkers of numbers (tests/walkers.py), whose truth is exact.

The median CPU time of a frame; how often somebody's id changed, and ids beyond one for each person, summed
over three seeds, for stories at several frame rates; how much less joints tremble, and how late they follow.
Nobody has looks here. `python -m benchmarks.tracking --walkers` prints it.

Tremble: the mean length of the second difference over frames, less the truth's.
"""

from __future__ import annotations

import sys
import time
from statistics import median

import numpy as np
from numpy.typing import NDArray
from walkers import Shot, Walker, dozen, ids_of, names, poses, times, watch

from trackers.tracker import Tracker

Floats = NDArray[np.float64]

CROWDS = (0, 1, 5, 20, 60, 200)
RATES = (5, 15, 30, 120)
SEEDS = range(3)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


# ------------------------------------------------------------------ cost


def crowd(people: int) -> list[Walker]:
    rng, side = np.random.default_rng(0), max(int(np.ceil(np.sqrt(people))), 1)
    return [
        Walker(
            (150 * (i % side) + rng.uniform(-20, 20), 300 + 150 * (i // side)),
            (rng.uniform(-60, 60), 0.0),
            rng.uniform(140, 200),
            rng.random(),
        )
        for i in range(people)
    ]


def cost_ms(people: int) -> float:
    """Of one frame with so many people in view, one in fifty of them missed."""
    tracker, spent = Tracker(), []
    for shot in watch(crowd(people), times(25, 4), hide=False, missed=0.02):
        began = time.thread_time()
        tracker.update(shot.poses, shot.time)
        spent.append(time.thread_time() - began)
    return 1e3 * median(spent)


# ------------------------------------------------------------------ ids


def stories(fps: float, seed: int) -> dict[str, tuple[list[Walker], list[Shot]]]:
    """By name: who walks, and what is seen of them."""
    one, other, third = (
        Walker((100, 400), (140, 0)),
        Walker((900, 385), (-130, 0), 170, 0.3),
        Walker((500, 300)),
    )
    twins = [one, Walker((165, 400), (140, 0), 200.1, 0.1)]
    passing = [one, Walker((0, 395), (230, 0), 195, 0.1)]
    twelve = dozen(np.random.default_rng(seed))

    def hidden(seconds: float) -> list[Walker]:
        return [Walker((100, 400), (140, 0), in_view=((0, 2), (2 + seconds, 9)))]

    whole, gaps = times(fps, 6), times(fps, 6, dropped=0.3, seed=seed)
    return {
        "two cross": ([one, other], watch([one, other], whole, seed=seed)),
        "one overtakes": (passing, watch(passing, whole, seed=seed)),
        "hidden for 0.5 s": (hidden(0.5), watch(hidden(0.5), whole, seed=seed)),
        "hidden for 0.8 s": (hidden(0.8), watch(hidden(0.8), whole, seed=seed)),
        "30 % of frames dropped": ([one, other, third], watch([one, other, third], gaps, seed=seed)),
        "20 % of people missed": ([one, other], watch([one, other], whole, seed=seed, missed=0.2)),
        "noise of 3 %": ([one, other], watch([one, other], whole, seed=seed, tremble=0.03)),
        "twins": (twins, watch(twins, whole, seed=seed, missed=0.1)),
        "crowd of twelve": (twelve, watch(twelve, whole, seed=seed, missed=0.05)),
        "a runner": (
            [Walker((0, 400), (550, 0))],
            watch([Walker((0, 400), (550, 0))], times(fps, 2), seed=seed),
        ),
    }


def mistakes(people: list[Walker], shots: list[Shot]) -> tuple[int, int]:
    """Changes of id, and ids beyond one for each of those who were ever in view."""
    told = names(shots, Tracker())
    seen = {int(i) for shot in shots for i in shot.who}
    changes = sum(max(len(ids_of(told, i)) - 1, 0) for i in range(len(people)))
    return changes, len({i for frame in told for i in frame.values()}) - len(seen)


# ------------------------------------------------------------------ joints


def tremble(joints: Floats) -> float:
    """(F, K, 2) -> pixels."""
    return float(np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1).mean())


def joints_line(fps: float) -> str:
    """Somebody stands; goes at 140 px / s; starts at 2 m / s^2 from standing (200 px are 1.75 m)."""
    ratios = []
    for walker in (Walker((300, 400)), Walker((100, 400), (140, 0))):
        shots, tracker = watch([walker], times(fps, 4)), Tracker()
        told = [tracker.update(shot.poses, shot.time) for shot in shots][round(fps / 2) :]
        truth = np.array([walker.joints(shot.time) for shot in shots])[round(fps / 2) :]
        raw, smooth = (
            np.array([getattr(each, kind)[0] for each in told]) - truth for kind in ("measured", "keypoints")
        )
        ratios += [tremble(raw) / tremble(smooth), np.sqrt((smooth**2).mean() / (raw**2).mean())]
    lag, behind = start(fps)
    return (
        f"{fps:>4} fps: standing, tremble / {ratios[0]:.1f}, error x {ratios[1]:.2f}; walking, tremble / "
        f"{ratios[2]:.1f}, error x {ratios[3]:.2f}; start {1e3 * lag:.0f} ms late ({lag * fps:.2f} frames), "
        f"at most {100 * behind:.1f} cm"
    )


def start(fps: float) -> tuple[float, float]:
    """Seconds by which a start is late, and metres that joints are behind at most."""
    when, standing, metre = times(fps, 2.5), Walker((300, 400)), 200 / 1.75
    going = np.clip(when - 1.0, 0.0, None)
    path = metre * np.where(going < 0.7, going**2, 0.49 + 1.4 * (going - 0.7))
    rng, followed = np.random.default_rng(1), []
    for _ in range(10):
        tracker = Tracker()
        for t, x in zip(when, path, strict=True):
            joints = standing.joints(0) + np.array([x, 0]) + rng.normal(0, 1.2, (17, 2))
            box = standing.box(0) + np.array([x, 0, x, 0])
            told = tracker.update(poses([box], [joints], np.full((1, 17), 0.8), np.array([0.8])), t)
            followed.append(told.keypoints[0, :, 0] - standing.joints(0)[:, 0])
    mean = np.reshape(followed, (10, len(when), 17)).mean((0, 2))
    starting = (when > 1.0) & (when < 1.7)
    lags = np.arange(0, 0.3, 0.001)
    errors = [((np.interp(when[starting] - lag, when, path) - mean[starting]) ** 2).sum() for lag in lags]
    return float(lags[np.argmin(errors)]), float(np.abs(mean - path).max() / metre)


def report() -> None:
    say("ms a frame: " + ", ".join(f"{people} people {cost_ms(people):.2f}" for people in CROWDS))
    say(f"{'changes of id, ids too many':28}" + "".join(f"{fps:>9} fps" for fps in RATES))
    told = {fps: [stories(fps, seed) for seed in SEEDS] for fps in RATES}
    for name in told[RATES[0]][0]:
        sums = [np.sum([mistakes(*each[name]) for each in told[fps]], axis=0) for fps in RATES]
        say(f"{name:28}" + "".join(f"{changes:>9},{extra:>3}" for changes, extra in sums))
    for fps in (10, 25, 30, 60, 120):
        say(joints_line(fps))
