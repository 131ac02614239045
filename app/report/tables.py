"""The tables of the page: people, their joints, and how all was made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from app.painting.palette import shades
from app.playback.lanes import moment
from app.report.findings import Findings, Gap, PersonFinding
from app.report.markup import escaped
from app.report.plots import meter, twin
from app.report.words import called, lateness, number, percent, span

MOST_PEOPLE = 200


def people_table(people: Sequence[PersonFinding]) -> str:
    """A line for each, longest in sight first."""
    if not people:
        return ""
    head = (
        "<tr><th>person</th><th>in sight</th><th>of the frames</th><th>joints seen</th><th>mean score</th>"
        "<th>out of sight</th><th>spikes</th><th>left/right</th><th>jitter, raw</th><th>smoothed</th></tr>"
    )
    rows = "".join(
        f"<tr><td>{_dot(person)}{escaped(called(person))}</td>"
        f"<td>{span(person.first_s, person.last_s)}</td><td>{percent(person.presence)}</td>"
        f"<td>{percent(person.coverage)}</td><td>{number(person.score, 2)}</td><td>{_gaps(person)}</td>"
        f"<td>{person.spikes}</td><td>{person.swaps}</td><td>{number(person.raw)}</td>"
        f"<td>{number(person.smoothed)}</td></tr>"
        for person in people[:MOST_PEOPLE]
    )
    rest = len(people) - MOST_PEOPLE
    more = f'<p class="quiet">and {rest} more; --json has all</p>' if rest > 0 else ""
    return (
        f'<h2>People</h2><div class="scroll"><table>{head}{rows}</table></div>{more}'
        '<p class="quiet">Jitter: mean acceleration (Accel) in thousandths of the body height per frame²,'
        " at 30 frames a second.</p>"
    )


def joints_of(people: Sequence[PersonFinding], names: Sequence[str], of: int) -> str:
    """The joints of each of them, to be opened."""
    if not people:
        return ""
    parts = [_person(person, names, opened=n == 0) for n, person in enumerate(people)]
    rest = of - len(people)
    more = f'<p class="quiet">and {rest} more; --json has all</p>' if rest > 0 else ""
    return f"<h2>Joints</h2>{''.join(parts)}{more}"


def how(findings: Findings) -> str:
    """Frames, models, settings, versions, source."""
    about, flow = findings.about, findings.flow
    frames = {
        "Frames": f"{flow.frames:,}",
        "Usual rate": f"{number(flow.rate, 2)} a second",
        "95 % of intervals": f"up to {1000 * flow.interval_p95_s:.0f} ms",
        "Longest interval": f"{flow.longest_s:.2f} s",
    }
    if about.live:
        of = flow.frames + flow.dropped
        frames["Dropped"] = f"{flow.dropped:,} of {of:,} ({percent(flow.dropped / of if of else 0.0)})"
        frames["Latency"] = lateness(flow.latency)
    source = {
        "Source": about.source,
        "Place": about.place or "no file",
        "Fingerprint": about.fingerprint or "none",
        "Started": about.started,
        "Finished": "yes" if about.finished else "no",
    }
    models = {f"{model.kind}: {model.name}": f"sha256 {model.sha256}" for model in about.models}
    return (
        "<h2>How it was made</h2>"
        + _listed("Frames", frames, opened=about.live)
        + _listed("Models", models or {"none": ""}, opened=True)
        + _listed("Source", source)
        + _listed("Settings", about.settings)
        + _listed("Versions", about.versions)
    )


def _listed(title: str, facts: Mapping[str, object], *, opened: bool = False) -> str:
    lines = "".join(
        f"<dt>{escaped(name)}</dt><dd><code>{escaped(value)}</code></dd>" for name, value in facts.items()
    )
    return (
        f"<details{' open' if opened else ''}><summary>{escaped(title)}</summary><dl>{lines}</dl></details>"
    )


def _person(person: PersonFinding, names: Sequence[str], *, opened: bool) -> str:
    most = max((joint.raw for joint in person.joints if math.isfinite(joint.raw)), default=0.0)
    head = (
        "<tr><th>joint</th><th>seen</th><th></th><th>score</th><th>gaps</th><th>longest</th><th>spikes</th>"
        "<th>jitter, raw / smoothed</th><th></th></tr>"
    )
    colour = _colour(person)
    rows = "".join(
        f"<tr><td>{escaped(name.replace('_', ' '))}</td><td>{percent(joint.coverage)}</td>"
        f'<td class="wide">{meter(joint.coverage, colour)}</td><td>{number(joint.score, 2)}</td>'
        f"<td>{joint.gaps}</td><td>{_longest(joint.longest)}</td><td>{joint.spikes}</td>"
        f"<td>{number(joint.raw)} / {number(joint.smoothed)}</td>"
        f'<td class="wide">{twin(joint.raw, joint.smoothed, most)}</td></tr>'
        for name, joint in zip(names, person.joints, strict=True)
    )
    return (
        f"<details{' open' if opened else ''}><summary>{_dot(person)}{escaped(called(person))}</summary>"
        f'<div class="scroll"><table>{head}{rows}</table></div></details>'
    )


def _longest(gaps: Sequence[Gap]) -> str:
    return f"{gaps[0].end_s - gaps[0].start_s:.1f} s at {moment(gaps[0].start_s, 0.1)}" if gaps else "-"


def _gaps(person: PersonFinding) -> str:
    if not person.gaps:
        return "-"
    first = person.gaps[0]
    times = "once" if person.gap_count == 1 else f"{person.gap_count} times"
    return f"{times}, up to {first.end_s - first.start_s:.1f} s"


def _dot(person: PersonFinding) -> str:
    return f'<i style="background:{_colour(person)}"></i>'


def _colour(person: PersonFinding) -> str:
    blue, green, red = shades(person.id).middle
    return f"rgb({red},{green},{blue})"
