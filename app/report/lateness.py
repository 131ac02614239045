"""How late the results of a live session were."""

from __future__ import annotations

import numpy as np

from app.report.findings import Latency
from app.report.pieces import Floats

COLUMNS = 250  #: stretches of time that the course is told in


def latency(times: Floats, latencies: Floats) -> Latency:
    """Of frames at `times` (F,), with seconds from capture to result (F,), NaN where that is not known."""
    known = np.flatnonzero(np.isfinite(latencies))
    if not known.size:
        return Latency()
    late, when = latencies[known], times[known]
    worst = int(late.argmax())
    return Latency(
        known.size / len(times),
        float(np.median(late)),
        float(np.percentile(late, 95)),
        float(late[worst]),
        float(when[worst]),
        _course(when, late, float(times[0]), float(times[-1])),
    )


def _course(when: Floats, late: Floats, start: float, end: float) -> tuple[tuple[float, float, float], ...]:
    """Of each stretch in which something is known: when it begins, the median, and the worst."""
    width = max(end - start, 1e-3) / COLUMNS
    column = ((when - start) / width).astype(np.int64).clip(0, COLUMNS - 1)
    firsts = np.flatnonzero(np.diff(column, prepend=-1))
    return tuple(
        (start + width * float(column[first]), float(np.median(part)), float(part.max()))
        for first, part in zip(firsts.tolist(), np.split(late, firsts[1:]), strict=True)
    )
