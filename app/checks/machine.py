"""Cores, memory, cameras and disk."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from pathlib import Path

from app.checks.finding import Finding, note, ok

LITTLE_MB = 1000  #: a run takes about half a gigabyte
ROOM_MB = 1000  #: for a large network and its engine


def processor(table: Path = Path("/proc/cpuinfo")) -> Finding:
    allowed, there = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    names = [line.partition(":")[2].strip() for line in _lines(table) if line.startswith("model name")]
    cores = f"{allowed} cores" if allowed == there else f"{allowed} of {there} cores"
    return ok(", ".join([cores, *names[:1]]))


def memory(table: Path = Path("/proc/meminfo")) -> Finding:
    """How much there is, and how much of it is free to be used."""
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in _lines(table))}
    total, left = kib["MemTotal"] // 1024, kib["MemAvailable"] // 1024
    text = f"{total / 1024:.1f} GiB, {left / 1024:.1f} free"
    if left < LITTLE_MB:
        return note(text, "close other programs: a run takes about half a gigabyte")
    return ok(text)


def cameras(devices: Path = Path("/dev"), about: Path = Path("/sys/class/video4linux")) -> Finding:
    """The cameras by name, each with the numbers that `kinetrail run` takes."""
    numbers: dict[str, list[int]] = defaultdict(list)
    locked = []
    for device in devices.glob("video[0-9]*"):
        number = device.name.removeprefix("video")
        if not number.isdecimal():
            continue
        said = _lines(about / device.name / "name")
        numbers[said[0].strip() if said else "unnamed"].append(int(number))
        if not os.access(device, os.R_OK | os.W_OK):
            locked.append(str(device))
    if not numbers:
        return ok("none connected")
    text = ", ".join(
        f"{name} ({', '.join(map(str, sorted(of)))})" for name, of in sorted(numbers.items(), key=min_number)
    )
    if locked:
        return note(
            f"{text}; no permission to use {', '.join(sorted(locked))}",
            "join the group that owns it, mostly video: sudo usermod -aG video $USER, then log in anew",
        )
    return ok(text)


def min_number(entry: tuple[str, list[int]]) -> int:
    return min(entry[1])


def folder(path: Path) -> Finding:
    """Whether files can be put there, how much is in it, and how much still goes in."""
    there = next(each for each in (path, *path.parents) if os.path.lexists(each))
    if not there.is_dir():
        return note(f"{path}: {there} is no folder", f"remove {there}, or set XDG_CACHE_HOME")
    free = shutil.disk_usage(there).free >> 20
    text = f"{path}: {_size(path):.0f} MB in it, {free / 1024:.1f} GiB free"
    if not os.access(there, os.W_OK | os.X_OK):
        return note(f"{text}; no permission to write there", f"chown or chmod {there}, or set XDG_CACHE_HOME")
    if free < ROOM_MB:
        return note(text, "make room: large networks and their engines take half a gigabyte each")
    return ok(text)


def _size(path: Path) -> float:
    """Megabytes in a folder; what vanishes or is closed to us counts nothing."""
    total = 0
    for parent, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 (as os.walk gives them)
            except OSError:
                continue
    return total / 1e6


def _lines(path: Path) -> list[str]:
    """The lines of a file of the system; none where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
