"""How well the tracker holds and smooths, beside others: `python -m benchmarks.tracking [CLIP...]`.

Twenty rendered stories (tests/stories.py) whose truth is exact, seen by an imagined network that errs at
known rates, so that the tracker is measured apart from any network. For each story: HOTA, IDF1, MOTA and
switches of Kinetrail, of ByteTrack and of OC-SORT, all fed with the same boxes ("possible": the true boxes
among them with their true names); OKS, Accel and lag of the joints, by every way to smooth them. Rendering
takes ten minutes once; after that a run takes half a minute, or a few seconds with `--fast` or `--stories`.

With clips (real videos) it counts the ids given, beside the people that were counted by eye. `--walkers`
prints what the tracker costs, and what it does with walkers of numbers.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import platformdirs

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from stories import tales

from benchmarks import tracking_clips, tracking_walkers
from benchmarks.tracking_stories import OURS, POSSIBLE, SMOOTHINGS, TOTAL, Results, results
from engine.errors import UserError
from engine.models import default_model

FAST = ("crossing", "twins", "hidden for 2 s", "leaving", "crowd", "spin", "missed", "shakes")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="How well the tracker holds and smooths, beside others.")
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP")
    parser.add_argument("--detector", type=Path, metavar="MODEL", help="for clips, if not our own")
    parser.add_argument("--pose", type=Path, metavar="MODEL", help="for clips, if not our own")
    parser.add_argument("--stories", nargs="+", default=(), metavar="NAME", help="only those so named")
    parser.add_argument("--fast", action="store_true", help="the eight that tell most")
    parser.add_argument("--alone", action="store_true", help="without ByteTrack and OC-SORT")
    parser.add_argument("--seed", type=int, default=0, help="of the network's errors")
    parser.add_argument("--walkers", action="store_true", help="cost, and walkers of numbers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--folder", type=Path, default=platformdirs.user_cache_path("kinetrail") / "stories")
    args = parser.parse_args()
    if args.walkers:
        return tracking_walkers.report()
    if args.clips:
        detector, pose = args.detector or default_model("detector"), args.pose or default_model("pose")
        return tracking_clips.report(args.clips, detector, pose)
    try:
        chosen = tales(args.stories or (FAST if args.fast else ()))
    except UserError as wrong:
        parser.error(str(wrong))
    found, why = results(chosen, args.folder, seed=args.seed, alone=args.alone)
    for line in [*ids_table(found), *([why] if why else []), "", *joints_table(found)]:
        say(line)
    if args.json:
        args.json.write_text(json.dumps(plain(found), indent=1))
    return None


def ids_table(found: Results) -> list[str]:
    """IDF1 and switches of everyone; HOTA and MOTA in full for Kinetrail."""
    names = [name for name in next(iter(found.ids.values())) if name not in (OURS, POSSIBLE)]
    head = f"{'':28}{'HOTA':>6}{'MOTA':>6}{'ids':>8} | IDF1, switches: {OURS:>9}" + "".join(
        f"{name:>16}" for name in names
    )
    lines = [head + f"{POSSIBLE:>10}"]
    for story, by in found.ids.items():
        ours = by[OURS]
        given = "/".join(map(str, found.given[story])) if story in found.given else ""
        best = max((by[name].idf1 for name in names), default=0.0)
        lines.append(
            f"{story:28}{ours.hota:6.3f}{ours.mota:6.3f}{given:>8} | {ours.idf1:20.3f}{ours.switches:4d} "
            + "".join(f"{by[name].idf1:12.3f}{by[name].switches:4d}" for name in names)
            + f"{by[POSSIBLE].idf1:10.3f}"
            + ("  below the best" if ours.idf1 < best - 5e-4 else "")
        )
    total = found.ids[TOTAL]
    lines.append(
        "in total: "
        + "; ".join(
            f"{name} HOTA {each.hota:.3f} IDF1 {each.idf1:.3f} MOTA {each.mota:.3f} switches {each.switches}"
            for name, each in total.items()
        )
    )
    return [*lines, f"a frame takes the tracker {found.frame_ms:.2f} ms, looks and camera apart"]


def joints_table(found: Results) -> list[str]:
    """Of every way to smooth: OKS, Accel as a share of the unsmoothed, lag."""
    lines = [f"{'OKS, Accel /, lag in ms':28}" + "".join(f"{way:>22}" for way in SMOOTHINGS)]
    for story, by in found.joints.items():
        raw = by["off"]
        cells = [
            f"{e.oks:8.3f} /{raw.accel / e.accel:5.1f} {1e3 * (e.lag - raw.lag):6.1f}" for e in by.values()
        ]
        lines.append(f"{story:28}" + "".join(f"{cell:>22}" for cell in cells))
    accels = ", ".join(f"{way} {found.joints[TOTAL][way].accel:.1f}" for way in SMOOTHINGS)
    return [*lines, f"Accel in thousandths of a person a frame^2: {accels}"]


def plain(found: Results) -> dict[str, object]:
    ids, joints = found.ids.items(), found.joints.items()
    return {
        "ids": {story: {who: one._asdict() for who, one in by.items()} for story, by in ids},
        "joints": {story: {way: one._asdict() for way, one in by.items()} for story, by in joints},
        "ids given, people": found.given,
        "ms a frame": found.frame_ms,
    }


if __name__ == "__main__":
    main()
