"""All findings of a session, in one go through it."""

from __future__ import annotations

import threading
from collections import Counter

import numpy as np

from app.report.findings import (
    KINDS,
    MOST_GAPS,
    MOST_TOLD,
    NOT_KNOWN,
    Findings,
    Flow,
    Gap,
    PersonFinding,
)
from app.report.identity import exchanges, handovers, without_echoes
from app.report.lateness import latency
from app.report.pieces import pieces
from app.report.tally import Tally, longest
from app.report.telling import badness
from app.report.trust import (
    Sign,
    doubts,
    signs_of,
    signs_of_flow,
    signs_of_gaps,
    signs_of_seeing,
    signs_of_spikes,
)
from app.store.about import About
from app.store.session import Session

PAUSE_S, PAUSE_FRAMES = 0.5, 5.0  #: without a frame for so long, and for so many usual intervals
THRESHOLD = 0.3  #: score from which a joint is seen, where the session does not say


def measure(session: Session, stop: threading.Event) -> Findings:
    """Everything a report says. What there is when `stop` is set is not whole, and to be thrown away."""
    about, times = session.about, session.times()
    threshold = threshold_of(about)
    names, size = about.keypoints, (about.width, about.height)
    tallies: dict[int, Tally] = {}
    for piece in pieces(session):
        if piece.who not in tallies:
            tallies[piece.who] = Tally(len(names), names, size, threshold)
        tallies[piece.who].add(piece)
        if stop.is_set():
            break
    walks = {who: tally.walk(who) for who, tally in tallies.items()}
    identity = handovers(list(walks.values()), 0, len(times) - 1) + exchanges(list(walks.values()))
    jumps = [jump for tally in tallies.values() for jump in tally.jumps]
    identity += without_echoes(jumps, identity)
    flow = _flow(session)
    people: list[PersonFinding] = []
    signs: list[Sign] = [*signs_of(identity), *signs_of_flow(flow)]
    for person in session.people():
        if person.id not in tallies:  # came in while this was read
            continue
        tally, walk = tallies[person.id], walks[person.id]
        people.append(tally.finding(person, walk, len(times)))
        signs += signs_of(tally.suspicions()) + signs_of_spikes(person.id, len(names), tally.spike_rows)
        signs += signs_of_gaps(walk, people[-1].gaps, flow.step_s)
        signs += signs_of_seeing(walk, tally.seen())
    crowd = np.zeros(len(times), np.int64)
    for walk in walks.values():
        crowd[walk.places] += 1
    suspicions = identity + [each for tally in tallies.values() for each in tally.suspicions()]
    counts = Counter(each.kind for each in identity)
    for tally in tallies.values():
        counts.update(tally.counts())
    return Findings(
        about,
        flow,
        tuple(sorted(people, key=lambda each: -each.frames)),
        tuple(sorted(suspicions, key=lambda each: (-badness(each), each.start_s))[:MOST_TOLD]),
        {kind: counts[kind] for kind in KINDS},
        doubts(signs, times, crowd.astype(np.float64)),
        {who: walk.places for who, walk in walks.items()},
    )


def threshold_of(about: About) -> float:
    """Score from which a joint is seen."""
    told = about.settings.get("keypoint_threshold", THRESHOLD)
    return float(told) if isinstance(told, int | float) and 0 <= told <= 1 else THRESHOLD


def _flow(session: Session) -> Flow:
    times = session.times()
    if not len(times):
        return Flow(0, 0.0, 0.0, 0.0, 0.0, 0.0, session.about.dropped, ())
    steps = np.diff(times)
    usual = float(np.median(steps)) if len(steps) else 0.0
    long = (steps > max(PAUSE_S, PAUSE_FRAMES * usual)) & (not session.about.stills)
    pauses = [Gap(float(times[n]), float(times[n + 1]), inside=True) for n in np.flatnonzero(long).tolist()]
    return Flow(
        len(times),
        float(times[0]),
        float(times[-1]),
        usual,
        float(np.percentile(steps, 95)) if len(steps) else 0.0,
        float(steps.max()) if len(steps) else 0.0,
        session.about.dropped,
        tuple(longest(pauses)[:MOST_GAPS]),
        latency(times, session.latencies()) if session.about.live else NOT_KNOWN,
    )
