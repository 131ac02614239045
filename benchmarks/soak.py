"""What the tests of faults try, for longer: damaged recordings, damaged files of every kind we read, kills at
random moments, and a long run with people coming and going.

PYTHONPATH=tests:tests/faults python -m benchmarks.soak [--seed 0] [--only sources|files|kills|walk]
    [--sources 5000] [--files 5000] [--kills 50] [--frames 200000]

The same seed tries the same. It ends with 1 where anything came out but frames in order, or one line.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import crowd
import hostile
import killing
import odd
import torn
import trials

ROUND = 500  #: recordings read by one process
PATIENCE_S = 600.0  #: for that many
SLOW = {"net.pth": 10, "last.pth": 10}  #: of these a tenth, since PyTorch's reader takes milliseconds


def sources(seed: int, count: int) -> int:
    """Recordings cut off and corrupted at so many places; the number of those that went wrong."""
    told: Counter[str] = Counter()
    longest, began, wrong = 0.0, time.monotonic(), 0
    for first in range(0, count, ROUND):
        with tempfile.TemporaryDirectory() as folder:
            places = range(seed * count + first, seed * count + min(first + ROUND, count))
            for reading in torn.survey(torn.spoil(Path(folder), places), PATIENCE_S):
                longest = max(longest, reading.longest_s)
                told["with frames" if reading.times else "with none"] += 1
                told["said to be damaged"] += bool(reading.error)
                try:
                    torn.check(reading)
                except AssertionError as error:
                    wrong += 1
                    say(f"WRONG {str(error)[:300]}")
    counts = ", ".join(f"{number} {what}" for what, number in sorted(told.items()))
    took = time.monotonic() - began
    say(f"sources: {count} places in {took:.0f} s: {counts}; {wrong} wrong; longest step {longest:.2f} s")
    return wrong


def files(seed: int, count: int) -> int:
    """So many damaged examples of each kind of file; the number of those that met a bug."""
    wrong = 0
    for reader in (*hostile.text_files(), *hostile.binary_files()):
        with tempfile.TemporaryDirectory() as folder:
            wrong += _of_a_kind(reader, Path(folder), seed, count // SLOW.get(reader.name, 1))
    return wrong


def kills(seed: int, count: int) -> int:
    """So many kills of run, export, repair and recording; the number of those that left anything wrong."""
    wrong, outcomes, began = 0, list[trials.Outcome](), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, killing.killer(Path(folder)) as killer:
        tried = trials.Trials(Path(folder), killer)
        for number, (kind, at, after_s) in enumerate(trials.plan(tried, count, seed)):
            try:
                outcomes.append(tried.kill(kind, f"kill {number}", at=at, after_s=after_s))
            except Exception as error:  # noqa: BLE001 (whatever a reader may raise is wrong)
                wrong += 1
                say(f"WRONG {kind}, killed at {min(at, 10**6)} or {after_s:.2f} s: {error!r:.300}")
    for kind, (tries, killed, torn_lines) in trials.summary(outcomes).items():
        say(
            f"{kind}: {tries} tries, {killed} killed before the end, {torn_lines} with half a line in a .part"
        )
    say(f"kills: {count} in {time.monotonic() - began:.0f} s; {wrong} wrong")
    return wrong


def walk(frames: int) -> int:
    """A run of so many frames; 1 where it did not write all of them, or left more behind than it should."""
    with tempfile.TemporaryDirectory() as folder:
        done, recording, readings = crowd.walk(Path(folder), frames, max(1, frames // 40), _tell)
    trouble = crowd.trouble(readings)
    say(
        f"walk: {done.written} frames, {done.people} people, {done.written / done.seconds:.0f} fps,"
        f" {recording.lost} lost to the clean video; {recording.trouble or trouble or 'all flat'}"
    )
    return int(done.written != frames or bool(recording.trouble or trouble))


def _tell(now: crowd.Reading) -> None:
    say(
        f"{now.frames:>7} frames {now.memory_mb:7.1f} MB, {now.handles} handles, {now.threads} threads,"
        f" session {now.session / 2**20:.1f} MB, {now.session / max(1, now.rows):.0f} bytes a row"
    )


def _of_a_kind(reader: hostile.Reader, folder: Path, seed: int, count: int) -> int:
    made, place = folder / "made", folder / "read"
    made.mkdir()
    place.mkdir()
    content = reader.sound(made)
    taken, longest, bugs = 0, 0.0, Counter[str]()
    for number in range(count):
        for old in place.glob(f"{reader.name}*"):
            old.unlink()
        path = place / reader.name
        path.write_bytes(_damaged(reader, content, random.Random(seed * count + number)))
        began = time.monotonic()
        try:
            taken += not hostile.refused(reader, path)
        except Exception as error:  # noqa: BLE001 (every bug is wanted)
            bugs[_where(error)] += 1
        longest = max(longest, time.monotonic() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    refused = count - taken - bugs.total()
    say(
        f"{reader.name}: {count} examples, {taken} taken, {refused} refused, {bugs.total()} bugs;"
        f" longest {longest:.2f} s; memory at most {peak} MB so far"
    )
    for bug, times in bugs.most_common(5):
        say(f"WRONG {times} x {bug}")
    return bugs.total()


def _damaged(reader: hostile.Reader, content: bytes, chance: random.Random) -> bytes:
    """Bytes anywhere; of JSON, in every other example a value."""
    if ".json" not in reader.name or chance.random() < 0.5:
        return odd.mutated(content, chance)
    packed = reader.name.endswith(".gz")
    said = json.loads(gzip.decompress(content) if packed else content)
    text = json.dumps(odd.swapped(said, chance)).encode()
    return gzip.compress(text) if packed else text


def _where(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}: {str(error)[:80]}"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sources", type=int, default=5000, metavar="N")
    parser.add_argument("--files", type=int, default=5000, metavar="N")
    parser.add_argument("--only", choices=("sources", "files", "kills", "walk"), default="")
    parser.add_argument("--kills", type=int, default=50, metavar="N")
    parser.add_argument("--frames", type=int, default=200_000, metavar="N")
    args = parser.parse_args()
    wrong = 0
    if args.only in ("", "sources"):
        wrong += sources(args.seed, args.sources)
    if args.only in ("", "files"):
        wrong += files(args.seed, args.files)
    if args.only in ("", "kills"):
        wrong += kills(args.seed, args.kills)
    if args.only in ("", "walk"):
        wrong += walk(args.frames)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
