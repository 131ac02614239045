"""How the page says things."""

from __future__ import annotations

import math

from app.playback.lanes import moment
from app.report.findings import Findings, Latency, PersonFinding


def called(person: PersonFinding) -> str:
    """The name with the number, or the number."""
    return f"{person.name} ({person.id})" if person.name else str(person.id)


def clock(seconds: float) -> str:
    """How long: 12.4 s, 1:05.4, or 2:03:20 where tenths do not matter."""
    return f"{seconds:.1f} s" if seconds < 60 else moment(seconds, 0.1 if seconds < 600 else 1.0)


def span(start_s: float, end_s: float) -> str:
    """From when to when."""
    start, end = moment(start_s), moment(end_s)
    return start if start == end else f"{start} to {end}"


def number(value: float, places: int = 1) -> str:
    """A dash where it is not known."""
    return f"{value:.{places}f}" if math.isfinite(value) else "-"


def percent(share: float) -> str:
    """Of all; never 100 where something is missing, nor 0 where something is there."""
    if 0.0 < share < 0.005:
        return "<1 %"
    if 0.995 <= share < 1.0:
        return ">99 %"
    return f"{100 * share:.0f} %"


def lateness(latency: Latency) -> str:
    """How late results were."""
    if not latency.known:
        return "not known: recorded by an older Kinetrail"
    at = moment(latency.worst_at_s, 0.1)
    told = f"median {milli(latency.median_s)}, 95 % up to {milli(latency.p95_s)}"
    rest = "" if latency.known == 1.0 else f" (known of {percent(latency.known)} of the frames)"
    return f"{told}, worst {milli(latency.worst_s)} at {at}{rest}"


def milli(seconds: float) -> str:
    """Milliseconds; seconds from 10 on."""
    return f"{1000 * seconds:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"


def verdict(findings: Findings) -> tuple[str, str, str]:
    """Level, a sentence that says it all, and one that says more."""
    if not findings.people:
        return "doubt", "There is nobody in it.", "No person was found in any frame."
    length = max(findings.flow.end_s - findings.flow.start_s, 1e-9)
    grave, light = (
        math.fsum(d.end_s - d.start_s for d in findings.doubts if d.grave == state) for state in (True, False)
    )
    twice = f"Look twice at another {clock(light)} ({percent(light / length)})." if light else ""
    if grave:
        worst = sorted((d for d in findings.doubts if d.grave), key=lambda d: d.start_s - d.end_s)[:3]
        where = ", ".join(span(d.start_s, d.end_s) for d in sorted(worst, key=lambda d: d.start_s))
        count = sum(d.grave for d in findings.doubts)
        which = f"The longest of {count} stretches: {where}." if count > 3 else f"That is {where}."
        sentence = f"Do not trust {clock(grave)} of {clock(length)} ({percent(grave / length)})."
        return "grave", sentence, f"{which} {twice}".strip()
    if light:
        sentence = f"Look twice at {clock(light)} of {clock(length)} ({percent(light / length)})."
        return "doubt", sentence, "Nothing was found that is surely wrong."
    return "", "Nothing was found that speaks against trusting it.", "That is no proof that all is right."
