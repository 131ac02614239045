"""What can be put right about who is who, with what is chosen and where one looks; and if not, why not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.playback.lanes import Chart, moment


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why each repair makes no sense now, in words; "" where it does."""

    swap: str
    merge: str
    split: str
    delete: str
    rename: str


def reasons(chart: Chart, chosen: tuple[int, ...], at_s: float) -> Reasons:
    """For the people chosen and the picture shown at `at_s`."""
    if not chart.rows:
        nobody = "Nobody has been found yet; process the recording first"
        return Reasons(nobody, nobody, nobody, nobody, nobody)
    two = "Choose two people: click one lane, then another with Ctrl"
    one = "Choose a person: click a lane"
    alone = "" if len(chosen) == 1 else one if not chosen else "Choose one person only"
    return Reasons(
        swap=_swap(chart, chosen, at_s) if len(chosen) == 2 else two,
        merge=_merge(chart, chosen) if len(chosen) == 2 else two,
        split=alone or _split(chart, chosen[0], at_s),
        delete="" if chosen else one,
        rename=alone,
    )


def _swap(chart: Chart, chosen: tuple[int, ...], at_s: float) -> str:
    late = [
        row.id for who in chosen for row in chart.row(who) if chart.times[row.positions[-1]] >= at_s - 1e-6
    ]
    return (
        "" if late else f"Neither of them is there from {moment(at_s)} on; move the cursor to an earlier time"
    )


def _merge(chart: Chart, chosen: tuple[int, ...]) -> str:
    rows = [row for who in chosen for row in chart.row(who)]
    if len(rows) != 2 or not (both := np.intersect1d(rows[0].positions, rows[1].positions)).size:
        return ""
    when = moment(float(chart.times[both[0]]))
    return (
        f"Both are in the picture at {when}, so they are two people; split or delete one of them there first"
    )


def _split(chart: Chart, who: int, at_s: float) -> str:
    for row in chart.row(who):
        first, last = (float(chart.times[row.positions[end]]) for end in (0, -1))
        if first < at_s - 1e-6 and at_s - 1e-6 <= last:
            return ""
        return f"{row.called()} is there from {moment(first)} to {moment(last)}; move the cursor in between"
    return "Choose a person: click a lane"
