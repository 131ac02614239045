"""Recordings that are cut off and corrupted at places of chance, and what reading each of them comes to.

`survey` reads in a process of its own: what brings that down is told, and by which file.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import clips
import cv2

from app.sources import open_source
from engine.errors import UserError

ROOT = Path(__file__).parents[1]
FRAMES = 50
SAMPLES: dict[str, Callable[[Path], object]] = {
    "front.mp4": lambda path: clips.constant(path, FRAMES),
    "phone.mp4": clips.variable_rate_with_audio,
    "index-behind.mov": clips.with_b_frames,
    "walk.mkv": lambda path: clips.in_container(path, FRAMES),
    "walk.avi": lambda path: clips.in_container(path, FRAMES),
    "walk.webm": lambda path: clips.in_container(path, FRAMES),
    "stream.ts": lambda path: clips.write(
        path, [clips.picture(i) for i in range(FRAMES)], [3600 * i for i in range(FRAMES)], audio_s=1.0
    ),
    "one.png": lambda path: cv2.imwrite(str(path), clips.picture(5)),
    "one.jpg": lambda path: cv2.imwrite(str(path), clips.picture(5)),
    "pages.tiff": lambda path: cv2.imwritemulti(str(path), [clips.picture(i) for i in range(3)]),
}  #: sound ones, by name


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a file came to."""

    file: str
    times: tuple[float, ...]  #: of its frames, s
    indices: tuple[int, ...]
    error: str  #: what was said of it, "" for nothing
    longest_s: float  #: that one step took: opening, or the next frame


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Cut off, or noise, zeros, turned bits or a gap, at one to three places; a third of them in the head."""
    made = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        reach = min(len(made), 2048) if chance.random() < 0.33 else len(made)
        at = chance.randrange(max(1, reach))
        length = min(chance.choice((1, 8, 200, 4000)), len(made) - at)
        match chance.randrange(5):
            case 0:
                del made[at:]
            case 1:
                made[at : at + length] = chance.randbytes(length)
            case 2:
                made[at : at + length] = bytes(length)
            case 3:
                del made[at : at + length]
            case _:
                for place in range(at, at + min(length, 8)):
                    made[place] ^= 1 << chance.randrange(8)
    return bytes(made)


def spoil(folder: Path, places: range) -> list[Path]:
    """A file for each of the places, which also are the seeds; the sound ones take turns."""
    sound = {}
    for name, make in SAMPLES.items():
        make(folder / name)
        sound[name] = (folder / name).read_bytes()
    made = []
    for place in places:
        name = list(sound)[place % len(sound)]
        made.append(folder / f"{place:03d}-{name}")
        made[-1].write_bytes(damaged(sound[name], random.Random(place)))
    return made


def survey(files: Sequence[Path], patience_s: float) -> Iterator[Reading]:
    """Read them all. CalledProcessError where the process died, TimeoutExpired where it hangs."""
    done = subprocess.run(
        [sys.executable, "-m", "torn"],
        input=json.dumps([str(file) for file in files]),
        capture_output=True,
        text=True,
        timeout=patience_s,
        check=False,
        cwd=ROOT / "tests",
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": "/usr/bin:/bin"},
    )
    lines = done.stdout.splitlines()
    if done.returncode:
        last = files[len(lines)].name
        raise AssertionError(f"{last} ended it with {done.returncode}: {done.stderr[-800:]}")
    for line in lines:
        said = json.loads(line)
        yield Reading(said[0], tuple(said[1]), tuple(said[2]), *said[3:])


def check(reading: Reading) -> None:
    """Every frame has a time of its own, later than the one before, and what was said is one line."""
    times = reading.times
    assert all(a < b for a, b in pairwise(times)), reading
    assert reading.indices == tuple(range(len(times))), reading
    assert "\n" not in reading.error, reading
    assert times or reading.error, reading


def _read(file: Path) -> Reading:
    times, indices, error = [], [], ""
    began, longest = time.monotonic(), 0.0
    try:
        with closing(open_source(str(file), stem="torn")) as source:
            for frame in source.frames(threading.Event()):
                longest, began = max(longest, time.monotonic() - began), time.monotonic()
                times.append(frame.time)
                indices.append(frame.index)
    except UserError as said:
        error = str(said)
    longest = max(longest, time.monotonic() - began)
    return Reading(file.name, tuple(times), tuple(indices), error, longest)


def _main() -> None:
    for file in json.loads(sys.stdin.read()):
        found = _read(Path(file))
        said = [found.file, found.times, found.indices, found.error, found.longest_s]
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
