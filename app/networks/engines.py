"""TensorRT engines as a user meets them: built once, with progress, then used; and why they are not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.progress import Console, clock
from app.workers import Workers
from engine import trt
from engine.cuda import KERNEL_MODULE
from engine.errors import UserError
from engine.session import unheard

if TYPE_CHECKING:
    from engine.build import Built
    from engine.fit import Place
    from engine.recipe import Recipe

WHAT_IT_TAKES = "building a TensorRT engine for this GPU; that takes some minutes, once"


class Building:
    """Follows one build, whatever threads it tells of itself from. `stop` calls the build off."""

    def __init__(self, name: str, console: Console, stop: threading.Event) -> None:
        self._name, self._console, self._stop = name, console, stop
        self._lock = threading.Lock()
        self._next, self._phase = time.monotonic(), ""

    def show(self, phase: str, done: float, left: float) -> bool:
        """One line: what is going on, how much of it is done, how long still. Whether to go on."""
        with self._lock:
            now = time.monotonic()
            if now >= self._next:
                self._next = now + self._console.period
                self._console.report(describe(self._name, phase, done, left))
        return not self._stop.is_set()


def describe(name: str, phase: str, done: float, left: float) -> str:
    """How far a build is."""
    if left < 0:
        return f"{name}  {phase}"
    return f"{done:4.0%}  {clock(left)} left  {name}  {phase}"  # on a narrow terminal the end is cut off


def built(
    recipe: Recipe,
    output: Path | None,
    console: Console,
    stop: threading.Event,
    *,
    verify: bool = True,
    force: bool = False,
    notice: Callable[[str], None] = unheard,
) -> Built:
    """The engine of a recipe. In a thread of its own, so that Ctrl-C is heard while TensorRT is busy.

    `notice` is told what one is built with. Whoever runs it at once, and is told then, is not told twice.
    """
    from engine.build import build  # only this needs it, and what it needs

    progress, done = Building(recipe.onnx.name, console, stop), []

    def work() -> None:
        report = progress.show
        done.append(build(recipe, output, report=report, verify=verify, force=force, notice=notice))

    try:
        with Workers() as workers:
            workers.spawn(work, "build")
    finally:
        console.clear()
    return done[0]


def figures(found: Built) -> str:
    """What the proof of an engine said, in one line."""
    proof = found.fit.proof
    if not proof:
        return "not compared with its ONNX"
    what = "boxes" if "boxes" in proof else "joints"
    return (
        f"{what} within {proof['mean_px']:.3f} px of the ONNX's in the mean, {proof['max_px']:.2f} px at"
        f" most; {proof['engine_ms']:.2f} ms a {'picture' if what == 'boxes' else 'person'}, the ONNX on this"
        f" CPU {proof['onnx_ms']:.1f} ms"
    )


def engines_of(
    files: Sequence[Path], device: str, console: Console, stop: threading.Event, *, build: bool = True
) -> Sequence[Path]:
    """Engines in place of ONNX files, where the device is left to us and has TensorRT.

    A missing engine is built, if we may `build`. Where that cannot be, a line says why and ONNX Runtime does
    the work.
    """
    if device != "auto" or not any(path.suffix.lower() == ".onnx" for path in files):
        return files
    wanted = KERNEL_MODULE.exists()  # else there is no GPU that TensorRT would be for
    try:
        trt.tensorrt()
        wanted = True  # whoever installed it may ask why it is not used
        place = trt.here(device)
    except UserError as error:
        if wanted:
            console.say(f"networks run on ONNX Runtime, not on TensorRT: {error}")
        return files
    return [_engine(path, place, console, stop, build=build) for path in files]


def _engine(path: Path, place: Place, console: Console, stop: threading.Event, *, build: bool) -> Path:
    """The engine of an ONNX file; the file itself where there can be none."""
    if path.suffix.lower() != ".onnx" or stop.is_set():
        return path
    try:
        from engine.build import existing
        from engine.recipe import Recipe
    except ImportError as error:
        console.say(
            f"{path.name}: runs on ONNX Runtime: engines cannot be built here ({error}):"
            " pip install 'kinetrail[gpu]'"
        )
        return path
    try:
        recipe = Recipe(path)
        if there := existing(recipe, place):
            return there
        if not build:
            return path
        console.say(f"{path.name}: {WHAT_IT_TAKES}")
        found = built(recipe, None, console, stop)
    except UserError as error:
        if not stop.is_set():
            console.say(f"{path.name}: runs on ONNX Runtime: {error}")
        return path
    console.say(f"{path.name}: {figures(found)}")
    return found.path
