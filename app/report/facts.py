"""The findings as JSON, for machines: docs/report.md says what each name means."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from app.report.findings import Findings, Gap, JointFinding, Latency, PersonFinding, Suspicion

SCHEMA = 1


def as_json(findings: Findings) -> str:
    """One object; numbers that are not known are null."""
    return json.dumps(_clean(facts(findings)), ensure_ascii=True, indent=1, allow_nan=False) + "\n"


def facts(findings: Findings) -> dict[str, Any]:
    """What `as_json` tells."""
    about, flow, names = findings.about, findings.flow, findings.about.keypoints
    seconds = {
        grave: math.fsum(d.end_s - d.start_s for d in findings.doubts if d.grave == grave)
        for grave in (True, False)
    }
    return {
        "schema": SCHEMA,
        "source": {
            "name": about.name,
            "source": about.source,
            "width": about.width,
            "height": about.height,
            "live": about.live,
            "started": about.started,
            "finished": about.finished,
        },
        "frames": {
            **{name: getattr(flow, name) for name in ("frames", "start_s", "end_s", "rate", "dropped")},
            "interval_p95_s": flow.interval_p95_s,
            "interval_longest_s": flow.longest_s,
            "pauses": [_gap(gap) for gap in flow.pauses],
            "latency_ms": _latency(flow.latency),
        },
        "trust": {
            "do_not_trust_s": seconds[True],
            "look_twice_s": seconds[False],
            "ranges": [asdict(doubt) for doubt in findings.doubts],
        },
        "counts": findings.counts,
        "suspicions": [_suspicion(each, names) for each in findings.suspicions],
        "people": [_person(person, names) for person in findings.people],
        "models": [asdict(model) for model in about.models],
        "settings": dict(about.settings),
        "versions": dict(about.versions),
    }


def _latency(latency: Latency) -> dict[str, float] | None:
    if not latency.known:
        return None
    told = {name: 1000 * getattr(latency, f"{name}_s") for name in ("median", "p95", "worst")}
    return {**told, "worst_at_s": latency.worst_at_s, "known": latency.known}


def _gap(gap: Gap) -> dict[str, float]:
    return {"start_s": gap.start_s, "end_s": gap.end_s, "length_s": gap.end_s - gap.start_s}


def _suspicion(each: Suspicion, names: tuple[str, ...]) -> dict[str, Any]:
    told = asdict(each)
    del told["place"]
    return {**told, "joints": [names[joint] for joint in each.joints]}


def _person(person: PersonFinding, names: tuple[str, ...]) -> dict[str, Any]:
    told = {
        name: getattr(person, name)
        for name in (
            "id",
            "name",
            "first_s",
            "last_s",
            "frames",
            "presence",
            "coverage",
            "score",
            "height_px",
        )
    }
    joints = zip(names, person.joints, strict=True)
    return {
        **told,
        "jitter": {"raw": person.raw, "smoothed": person.smoothed},
        "spike_frames": person.spikes,
        "swaps": person.swaps,
        "gap_count": person.gap_count,
        "gaps": [{**_gap(gap), "hidden": gap.inside} for gap in person.gaps],
        "joints": {name: _joint(joint) for name, joint in joints},
    }


def _joint(joint: JointFinding) -> dict[str, Any]:
    return {
        "coverage": joint.coverage,
        "foretold": joint.foretold,
        "score": joint.score,
        "gap_count": joint.gaps,
        "gap_s": joint.gap_s,
        "gaps": [_gap(gap) for gap in joint.longest],
        "spikes": joint.spikes,
        "jitter": {
            "raw": joint.raw,
            "smoothed": joint.smoothed,
            "raw_px": joint.raw_px,
            "smoothed_px": joint.smoothed_px,
        },
    }


def _clean(value: Any) -> Any:
    """Numbers to a millionth, and none that JSON has no word for."""
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return value
