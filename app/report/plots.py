"""Lines and bars as SVG that stretches to any width; all text stands beside it, as HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from app.playback.lanes import moment, tick_step
from app.report.findings import LIKELY, Doubt, Latency, Suspicion
from app.report.joints import runs
from app.report.lateness import COLUMNS as PARTS
from app.report.markup import escaped

WIDE = 1000  #: units of a drawing, whatever its width on paper
COLUMNS = 1000  #: stretches of time that presence is told in
MOST_MARKS = 30  #: of a ruler
THINNEST = 2.0  #: units; what is shorter would not be seen


class Axis:
    """From when to when a drawing goes."""

    def __init__(self, start_s: float, end_s: float) -> None:
        self.start_s, self.span_s = start_s, max(end_s - start_s, 1e-3)

    def at(self, seconds: float) -> float:
        """Where a moment is, from 0 to WIDE."""
        return WIDE * min(max((seconds - self.start_s) / self.span_s, 0.0), 1.0)

    def ruler(self) -> str:
        """Times under the drawing."""
        step = max(tick_step(self.span_s, 900.0, 90.0), self.span_s / MOST_MARKS)
        first = math.ceil(self.start_s / step - 1e-9)
        last = math.floor((self.start_s + self.span_s) / step + 1e-9)
        marks = [
            f'<span style="left:{self.at(n * step) / WIDE * 100:.3f}%">{moment(n * step, step)}</span>'
            for n in range(first, last + 1)
        ]
        return f'<div class="ruler" aria-hidden="true">{"".join(marks)}</div>'


def band(axis: Axis, doubts: Iterable[Doubt]) -> str:
    """Which seconds not to trust: tall bars; which to look at twice: lower ones; the rest a thin line."""
    bars = ['<rect class="good" x="0" y="18" width="1000" height="4"/>']
    for doubt in sorted(doubts, key=lambda each: each.grave):
        top, tall, kind = (0, 22, "grave") if doubt.grave else (9, 13, "doubt")
        tip = f"{moment(doubt.start_s)} to {moment(doubt.end_s)}: {'; '.join(doubt.reasons[:3])}"
        bars.append(_bar(axis, doubt.start_s, doubt.end_s, top, tall, f'class="{kind}"', tip))
    return _drawing("".join(bars), 22, "Seconds not to trust", "band")


def lane(
    axis: Axis,
    times: NDArray[np.float64],
    places: NDArray[np.int64],
    colour: str,
    events: Sequence[Suspicion],
    who: str,
) -> str:
    """When somebody is in sight, with marks where something is suspected of them."""
    column = ((times[places] - axis.start_s) / axis.span_s * COLUMNS).astype(np.int64).clip(0, COLUMNS - 1)
    there = np.zeros(COLUMNS, np.bool_)
    there[column] = True
    if len(times) < COLUMNS:  # a frame lasts until the next
        frame = COLUMNS / len(times)
        for n in np.flatnonzero(np.diff(places, append=places[-1] + 1) == 1).tolist():
            there[column[n] : min(COLUMNS, int(column[n] + math.ceil(frame)))] = True
    parts = [f'<rect x="{a}" y="2" width="{b - a}" height="10" fill="{colour}"/>' for a, b in runs(there)]
    for each in sorted(events, key=lambda event: event.sure):
        kind = "mended" if each.mended else "grave" if each.sure >= LIKELY else "doubt"
        tip = f"{moment(each.start_s)}: {each.words}"
        top = 10 if kind == "doubt" else 0
        parts.append(_bar(axis, each.start_s, each.end_s, top, 14 - top, f'class="{kind}"', tip))
    return _drawing("".join(parts), 14, f"When {who} is in sight", "lane")


def lag(axis: Axis, late: Latency) -> str:
    """How late results were: bars to the worst of each stretch of time, and before them to the median."""
    tall = 36
    width = WIDE / PARTS
    parts = []
    for start, median, worst in late.course:
        for seconds, kind in ((worst, "worst"), (median, "usual")):
            high = tall * seconds / late.worst_s if late.worst_s > 0 else 0.0
            parts.append(
                f'<rect class="{kind}" x="{axis.at(start):.1f}" y="{tall - high:.2f}" width="{width:.1f}"'
                f' height="{high:.2f}"/>'
            )
    return _drawing("".join(parts), tall, "How late results were", "lag")


def meter(share: float, colour: str) -> str:
    """A bar from nothing to all."""
    width = WIDE * min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0
    inner = (
        f'<rect class="rail" width="1000" height="8"/><rect width="{width:.0f}" height="8" fill="{colour}"/>'
    )
    return _drawing(inner, 8, "", "meter")


def twin(raw: float, smoothed: float, most: float) -> str:
    """Two bars, one over the other: before smoothing and after."""
    low, high = (
        WIDE * min(value / most, 1.0) if math.isfinite(value) and most > 0 else 0.0
        for value in (smoothed, raw)
    )
    inner = (
        f'<rect class="raw" width="{high:.0f}" height="5"/>'
        f'<rect class="smooth" y="6" width="{low:.0f}" height="5"/>'
    )
    return _drawing(inner, 11, "", "meter")


def _bar(axis: Axis, start: float, end: float, top: int, tall: int, how: str, tip: str) -> str:
    left, right = axis.at(start), axis.at(end)
    width = max(right - left, THINNEST)
    left = min(left, WIDE - width)
    return (
        f'<rect {how} x="{left:.2f}" y="{top}" width="{width:.2f}" height="{tall}">'
        f"<title>{escaped(tip)}</title></rect>"
    )


def _drawing(inner: str, tall: int, says: str, kind: str) -> str:
    told = f'role="img" aria-label="{escaped(says)}"' if says else 'aria-hidden="true"'
    return f'<svg class="{kind}" viewBox="0 0 {WIDE} {tall}" preserveAspectRatio="none" {told}>{inner}</svg>'
