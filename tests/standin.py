"""Stands in for `kinetrail work`: what it does with a recording depends on what that is called."""

from __future__ import annotations

import sys
from pathlib import Path

PROGRAM = """
import json, os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.default_int_handler)
task = json.loads(sys.stdin.read())
place = pathlib.Path(task["settings"]["output"])
file = pathlib.Path(task["source"]).name
name = pathlib.Path(file).stem
with (place / "order").open("a") as order:
    order.write(name + "\\n")
(place / ((task["stem"] or name) + ".task")).write_text(json.dumps(task))
def say(**what):
    print(json.dumps(what), flush=True)
if name == "talks":
    say(kind="said", line="first this")
    say(kind="said", line="then that")
    say(kind="done", line="called " + task["stem"])
    sys.exit(0)
say(kind="said", line="networks run on ONNX Runtime")
if name == "broken":
    say(kind="failed", line=file + ": not one picture can be read", occupied="", details="")
    sys.exit(2)
if name == "bug":
    say(kind="failed", line=file + ": ran into a bug", occupied="", details="ZeroDivisionError: really\\n")
    sys.exit(2)
if name == "refused":
    say(kind="refused", line="pose.onnx: no network")
    sys.exit(2)
if name == "again":
    say(kind="skipped", line=file + ": finished before, nothing to do")
    sys.exit(0)
if name == "dies":
    sys.stderr.write("out of memory\\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGKILL)
if name == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
try:
    say(kind="going", frames=30, total=120, fps=15.0, people=2, doing="")
    print("no JSON", flush=True)
    while name.startswith("meets") and len(list(place.glob("meets*.task"))) < 2:
        time.sleep(0.02)
    if name.startswith(("long", "deaf")):
        (place / (name + ".begun")).touch()
        time.sleep(100)
except KeyboardInterrupt:
    (place / (name + ".completed")).touch()
    say(kind="done", line=file + ": 30 frames read")
    sys.exit(130)
say(kind="done", line=file + ": 120 frames read")
"""


def program(folder: Path) -> list[str]:
    """What starts it, written into a folder."""
    script = folder / "program.py"
    script.write_text(PROGRAM)
    return [sys.executable, str(script)]
