"""Lanes of a timeline: who is there in which pixel, how sure the network was, and what a ruler says."""

from __future__ import annotations

from pathlib import Path

import clips
import numpy as np
import played
import pytest

from app.playback.lanes import Chart, Row, bins, chart, columns, handovers, moment, tick_step
from app.playback.remedies import reasons
from app.store.session import open_session_file


def row(who: int, positions: list[int], confidence: float = 0.5) -> Row:
    return Row(who, "", np.array(positions, np.int64), np.arange(len(positions) + 1) * confidence)


def test_a_pixel_shows_somebody_who_is_in_any_of_its_frames_as_brute_force_has_it() -> None:
    chance = np.random.default_rng(4)
    times = np.cumsum(chance.uniform(0.01, 0.2, 60))
    there = np.flatnonzero(chance.random(60) < 0.5)
    sure = chance.random(len(there))
    someone = Row(1, "", there, np.concatenate([[0.0], np.cumsum(sure)]))
    ends = np.append(times[1:], 2 * times[-1] - times[-2])
    for left, right, wide in [(0.0, 8.0, 37), (1.0, 1.5, 90), (times[0], times[-1], 7)]:
        edges = np.linspace(left, right, wide + 1)
        shown, mean = bins(someone, columns(times, edges))
        for n in range(wide):
            inside = [k for k in range(60) if times[k] < edges[n + 1] - 1e-6 and ends[k] > edges[n] + 1e-6]
            hit = [float(sure[list(there).index(k)]) for k in inside if k in there]
            assert shown[n] == bool(hit), (n, edges[n])
            assert mean[n] == pytest.approx(np.mean(hit) if hit else 0.0, abs=1e-6)


def test_nobody_and_no_frames_are_no_special_case() -> None:
    shown, mean = bins(row(1, []), columns(np.zeros(0), np.linspace(0, 1, 5)))
    assert not shown.any()
    assert not mean.any()
    assert handovers(np.zeros(0), []) == []


def test_who_begins_soon_after_somebody_ended_may_be_the_same_and_each_is_told_of_once() -> None:
    times = np.arange(200) / 25
    rows = [
        row(1, list(range(100))),  # ends at 3.96 s
        row(2, list(range(200))),  # never ends
        row(3, list(range(110, 150))),  # 0.44 s later
        row(4, list(range(115, 200))),  # later still
        row(5, list(range(60, 200))),  # while 1 was there
    ]
    found = handovers(times, rows)
    assert [(each.gone, each.come, each.time) for each in found] == [(1, 3, 4.4)]


def test_marks_of_a_ruler_are_round_and_never_closer_than_their_texts() -> None:
    for span, pixels in [(0.5, 800), (10, 800), (600, 300), (3 * 3600, 1900)]:
        step = tick_step(span, pixels)
        assert pixels * step / span >= 80
        assert step in (0.05, 1, 5, 10, 300, 600, 200) or pixels * step / span < 250


@pytest.mark.parametrize(
    ("seconds", "step", "text"),
    [
        (0, 1, "0:00"),
        (65.4, 0.01, "1:05.40"),
        (59.999, 0.01, "1:00.00"),
        (7403.25, 0.1, "2:03:23.2"),
        (3599.6, 1, "1:00:00"),
        (-2.5, 0.01, "-0:02.50"),
    ],
)
def test_a_time_is_as_exact_as_it_is_wanted(seconds: float, step: float, text: str) -> None:
    assert moment(seconds, step) == text


def test_a_chart_holds_everybody_in_the_order_they_come(tmp_path: Path) -> None:
    clips.constant(tmp_path / "a.mp4")
    path = played.session(tmp_path / "a.mp4", tmp_path / "a.kinetrail", {7: (0, 30), 2: (10, 20), 5: (3, 30)})
    session = open_session_file(path)
    session.rename(5, "Ada")
    made = chart(session)
    session.close()
    assert [(each.id, each.called()) for each in made.rows] == [(7, "7"), (5, "Ada"), (2, "2")]
    assert made.rows[2].positions.tolist() == list(range(10, 20))
    assert made.confidence(2, 12 * 1001 / 30000) == pytest.approx(0.8, abs=0.01)
    assert made.confidence(2, 25 * 1001 / 30000) < 0


def test_every_repair_that_makes_no_sense_says_why() -> None:
    times = np.arange(100) / 25
    made = Chart(
        times, (row(1, list(range(50))), row(2, list(range(40, 100))), row(3, list(range(60, 100)))), ()
    )
    nothing = reasons(Chart(np.zeros(0), (), ()), (), 0.0)
    assert nothing.swap == nothing.delete == "Nobody has been found yet; process the recording first"
    nobody, one, two, apart = (reasons(made, who, 1.0) for who in ((), (1,), (1, 2), (1, 3)))
    assert nobody.delete == nobody.rename == "Choose a person: click a lane"
    assert (one.split, one.rename, one.delete) == ("", "", "")
    assert "Choose two people" in one.swap
    assert (two.swap, two.delete) == ("", "")
    assert two.merge.startswith("Both are in the picture at 0:01.60")
    assert two.split == two.rename == "Choose one person only"
    assert apart.merge == ""
    assert reasons(made, (1,), 3.0).split == "1 is there from 0:00.00 to 0:01.96; move the cursor in between"
    assert reasons(made, (1,), 0.0).split != ""  # nothing before the cursor would be left
