"""Whether the libraries that Kinetrail needs can be loaded, and do what is asked of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from app.checks.child import Unanswered, asked, surroundings
from app.checks.finding import Finding, note, ok, problem
from app.checks.inside import QT_VARIABLES

Ask = Callable[..., dict[str, Any]]

HEADLESS = {"QT_QPA_PLATFORM": "offscreen"}


def numbers(ask: Ask = asked) -> Finding:
    ask("numbers")
    return ok("NumPy, SciPy and FilterPy can be loaded")


def opencv(ask: Ask = asked) -> Finding:
    return ok(f"{ask('opencv')['version']} can be loaded")


def qt_variables(ask: Ask = asked) -> Finding:
    """Variables that lead Qt to other plugins than its own: set by the user, or by OpenCV's import."""
    around = surroundings()
    given = {name: value for name in QT_VARIABLES if (value := around.get(name))}
    if given:
        told = ", ".join(f"{name}={value}" for name, value in given.items())
        return note(f"{told}: Qt looks for its plugins there", f"unset {' '.join(given)}")
    changed = ask("opencv")["changed"]
    if not changed:
        return ok("none set, and OpenCV sets none")
    return ok(f"none set; OpenCV's import sets {' and '.join(changed)}, which must be gone before Qt starts")


def video(ask: Ask = asked) -> Finding:
    """What can be read and written."""
    said = ask("video")
    text = f"FFmpeg {said['ffmpeg']}: reads {', '.join(kind for kind, can in said['reads'].items() if can)}"
    remedy = "pip install --force-reinstall av (the wheel, not a build against the system's FFmpeg)"
    if not said["writes"] or not said["reads"]["h264"]:
        return problem(f"{text}; H.264 cannot be {'read' if said['writes'] else 'written'}", remedy)
    text += "; writes h264"
    missing = [kind for kind, can in said["reads"].items() if not can]
    return note(f"{text}; cannot read {', '.join(missing)}", remedy) if missing else ok(text)


def window(ask: Ask = asked) -> Finding:
    """Whether a window can be opened here. Nothing but the window needs it."""
    shown = {name: value for name in ("WAYLAND_DISPLAY", "DISPLAY") if (value := os.environ.get(name))}
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    if not shown and not chosen:
        ask("qt", env=HEADLESS)
        return ok("no display here, so no window can be shown; Qt itself can be loaded")
    where = ", ".join(f"{name}={value}" for name, value in shown.items()) or "no display"
    try:
        return ok(f"Qt's platform is {ask('qt')['platform']} ({where})")
    except Unanswered as error:
        return note(
            f"Qt cannot open a window ({where}): {error}",
            "see that the display answers; on Debian: apt install libegl1 libgl1 libxkbcommon-x11-0"
            " libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0",
        )


#: What to do where one of the needed libraries cannot be loaded, by the name of its check.
REMEDIES = {
    "numbers": "pip install --force-reinstall numpy scipy filterpy",
    "OpenCV": "pip install --force-reinstall opencv-python; on Debian: apt install libgl1 libglib2.0-0",
    "video": "pip install --force-reinstall av",
    "ONNX Runtime": "pip install --force-reinstall onnxruntime",
    "window": "pip install --force-reinstall PySide6-Essentials; on Debian: apt install libegl1 libgl1",
    "Qt variables": "pip install --force-reinstall opencv-python",
}


def cannot_load(name: str, error: Unanswered) -> Finding:
    """What it means when a needed library does not answer; a window is not needed for anything else."""
    text, remedy = f"cannot be loaded: {error}", REMEDIES[name]
    return note(text, remedy) if name in ("window", "Qt variables") else problem(text, remedy)
