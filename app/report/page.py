"""The report as one HTML page that needs no other file, no script and no network."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from app import __version__
from app.painting.palette import shades
from app.report.findings import LIKELY, VERY_LIKELY, Findings, Latency, Suspicion
from app.report.markup import escaped
from app.report.plots import Axis, band, lag, lane
from app.report.style import CSS
from app.report.tables import how, joints_of, people_table
from app.report.words import called, clock, lateness, span, verdict

MOST_LANES, MOST_RANGES, MOST_LINES, MOST_JOINTS = 40, 60, 60, 40  #: on a page

#: Nothing is fetched and nothing runs, whatever a name may say.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(findings: Findings, times: NDArray[np.float64], pictures: Mapping[int, str], missing: str) -> str:
    """The whole page. `pictures` are addresses by numbers of suspicions; `missing`: why there are none."""
    title = escaped(findings.about.name)
    parts = [
        _head(findings),
        _timeline(findings, times),
        _ranges(findings),
        _suspicions(findings, pictures, missing),
        people_table(findings.people),
        joints_of(findings.people[:MOST_JOINTS], findings.about.keypoints, len(findings.people)),
        how(findings),
        f'<p class="quiet">Made by Kinetrail {escaped(__version__)}. docs/report.md tells more.</p>',
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(POLICY)}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{title}: quality report</title><style>{CSS}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def _head(findings: Findings) -> str:
    about, flow = findings.about, findings.flow
    people = len(findings.people)
    facts = [
        f"{clock(flow.end_s - flow.start_s)} long",
        f"{flow.frames:,} frames" + (f" at {flow.rate:.3g} a second" if flow.rate else ""),
        f"{about.width} x {about.height}",
        "1 person" if people == 1 else f"{people} people",
    ]
    if about.live:
        facts.append(f"{flow.dropped:,} frames dropped")
    if not about.finished:
        facts.append("not finished: as far as the run came")
    level, sentence, more = verdict(findings)
    chips = "".join(
        f"<li><b>{number:,}</b> {escaped(words)}</li>"
        for words, number in (
            ("exchanged numbers", findings.counts["exchange"] + findings.counts["jump"]),
            ("second numbers", findings.counts["handover"]),
            ("left and right exchanged", findings.counts["swap"]),
            ("spikes", findings.counts["spike"]),
        )
    )
    return (
        f'<header><p class="quiet">Quality report</p><h1>{escaped(about.name)}</h1>'
        f'<p class="quiet">{escaped(" · ".join(facts))}</p></header>'
        f'<section class="verdict {level}"><b>{escaped(sentence)}</b><p>{escaped(more)}</p>'
        f'<ul class="chips quiet">{chips}</ul></section>'
    )


def _timeline(findings: Findings, times: NDArray[np.float64]) -> str:
    late = findings.flow.latency
    if not findings.people and not late.known:
        return ""
    axis = Axis(findings.flow.start_s, findings.flow.end_s)
    rows = [f"<span>trust</span>{band(axis, findings.doubts)}"]
    shown = sorted(findings.people[:MOST_LANES], key=lambda person: (person.first_s, person.id))
    for person in shown:
        events = [each for each in findings.suspicions if person.id in each.people]
        blue, green, red = shades(person.id).middle
        drawn = lane(
            axis, times, findings.lanes[person.id], f"rgb({red},{green},{blue})", events, called(person)
        )
        rows.append(f'<span title="{escaped(called(person))}">{escaped(called(person))}</span>{drawn}')
    if late.known:
        rows.append(f"<span>latency</span>{lag(axis, late)}")
    rest = len(findings.people) - len(shown)
    more = f'<p class="quiet">and {rest} more, who are in sight for less time</p>' if rest else ""
    return (
        f'<h2>Time</h2><div class="time">{"".join(rows)}{axis.ruler()}</div>'
        '<p class="key"><span><i class="grave"></i>do not trust</span><span><i class="doubt"></i>look twice'
        '</span><span><i class="good"></i>nothing found</span><span><i class="mended"></i>'
        f"put right by smoothing</span></p>{more}{_lateness(late)}"
    )


def _lateness(late: Latency) -> str:
    if not late.known:
        return ""
    return (
        f'<p class="key"><span>Latency: {escaped(lateness(late))}.</span>'
        '<span><i class="usual"></i>median</span><span><i class="worst"></i>worst</span></p>'
    )


def _ranges(findings: Findings) -> str:
    if not findings.doubts:
        return ""
    worst = sorted(findings.doubts, key=lambda each: (not each.grave, each.start_s - each.end_s))[
        :MOST_RANGES
    ]
    lines = []
    for doubt in sorted(worst, key=lambda each: each.start_s):
        reasons = list(doubt.reasons[:3])
        if len(doubt.reasons) > 3:
            reasons.append(f"and {len(doubt.reasons) - 3} more")
        kind = "grave" if doubt.grave else "doubt"
        lines.append(
            f'<li><span><i class="{kind}"></i>{span(doubt.start_s, doubt.end_s)}</span>'
            f'<span class="reason">{escaped("; ".join(reasons))}</span></li>'
        )
    rest = len(findings.doubts) - len(worst)
    more = f'<p class="quiet">and {rest} shorter ones; --json has all</p>' if rest else ""
    return f'<h2>When not to trust it, and why</h2><ol class="ranges">{"".join(lines)}</ol>{more}'


def _suspicions(findings: Findings, pictures: Mapping[int, str], missing: str) -> str:
    if not findings.suspicions:
        return ""
    cards = [_card(findings.suspicions[number], pictures[number]) for number in sorted(pictures)]
    others = [each for number, each in enumerate(findings.suspicions) if number not in pictures]
    lines = "".join(
        f'<li><span>{span(each.start_s, each.end_s)}</span><span class="reason">{escaped(each.words)}'
        f' <span class="quiet">({surely(each)})</span></span></li>'
        for each in others[:MOST_LINES]
    )
    rest = sum(findings.counts.values()) - len(cards) - min(len(others), MOST_LINES)
    more = f'<p class="quiet">and {rest:,} lesser ones</p>' if rest > 0 else ""
    why = f'<p class="quiet">{escaped(missing)}</p>' if missing else ""
    listed = (
        f"<details{'' if cards else ' open'}><summary>{'The others' if cards else 'All'}</summary>"
        f'<ol class="ranges">{lines}</ol>{more}</details>'
        if lines
        else more
    )
    return f'<h2>What is suspected, worst first</h2>{why}<div class="cards">{"".join(cards)}</div>{listed}'


def _card(each: Suspicion, picture: str) -> str:
    words = escaped(each.words)
    return (
        f'<div class="card"><div class="shot"><img src="{escaped(picture)}" alt="{words}"></div>'
        f'<div class="words"><span class="tag">{surely(each)}</span>'
        f'<b class="when">{span(each.start_s, each.end_s)}</b><br>{words}</div></div>'
    )


def surely(each: Suspicion) -> str:
    """How sure it is, in words."""
    if each.kind == "spike":
        return "put right" if each.mended else "kept"
    share = math.floor(100 * each.sure)
    word = "very likely" if each.sure >= VERY_LIKELY else "likely" if each.sure >= LIKELY else "possible"
    return f"{word}, {share} %"
