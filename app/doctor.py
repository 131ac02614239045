"""The command `kinetrail doctor`: one page about this machine, every problem with its remedy."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.checks import libraries, machine, networks, nvidia, packages
from app.checks.child import Unanswered
from app.checks.finding import Finding, note
from app.plain import printable
from app.workers import attempt
from engine.cache import engine_folder, engines
from engine.models import model_folder


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the page, not yet looked at."""

    section: str
    name: str
    look: Callable[[], Finding]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page."""

    section: str
    name: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Page:
    """All that was found."""

    lines: Sequence[Line]

    @property
    def well(self) -> bool:
        """Whether Kinetrail can run on this machine."""
        return all(line.finding.state != "problem" for line in self.lines)

    def as_json(self) -> str:
        rows = [
            {
                "section": line.section,
                "name": line.name,
                "state": line.finding.state,
                "text": line.finding.text,
                "remedy": line.finding.remedy,
            }
            for line in self.lines
        ]
        return json.dumps({"well": self.well, "checks": rows}, indent=2) + "\n"

    def as_text(self) -> str:
        states = [line.finding.state for line in self.lines]
        problems, notes = states.count("problem"), states.count("note")
        can = "can run here" if self.well else "cannot run here as it is"
        text = [f"Kinetrail {can}: {_counted(problems, 'problem')}, {_counted(notes, 'note')}"]
        wide = max((len(line.name) for line in self.lines), default=0)
        section = ""
        for line in self.lines:
            if line.section != section:
                section = line.section
                text += ["", section]
            found = line.finding
            text.append(f"  {found.state:<8} {line.name:<{wide}}  {printable(found.text)}")
            if found.remedy:
                text.append(f"  {'':<8} {'':<{wide}}  -> {printable(found.remedy)}")
        return "\n".join(text) + "\n"


def examine(stop: threading.Event) -> Page:
    """Look at everything, or at as much as is wanted before `stop` is set."""
    lines = []
    for check in checks():
        if stop.is_set():
            break
        lines.append(Line(check.section, check.name, looked(check)))
    return Page(lines)


def looked(check: Check) -> Finding:
    """What a check came to; one that fails is a line of the page as well."""
    found: list[Finding] = []
    trouble = attempt(lambda: found.append(check.look()))
    if trouble is None:
        return found[0]
    if isinstance(trouble, Unanswered) and check.name in libraries.REMEDIES:
        return libraries.cannot_load(check.name, trouble)
    if isinstance(trouble, ModuleNotFoundError) and trouble.name:
        return note(
            f"could not be looked at without {trouble.name}", "install what is missing under versions"
        )
    what = " ".join(f"{type(trouble).__name__}: {trouble}".split())
    return note(f"could not be looked at: {what}", "a bug of Kinetrail; please report this page")


def checks() -> Iterator[Check]:
    """Every check, in the order of the page."""
    yield Check("versions", "Python", packages.python)
    yield Check("versions", "Kinetrail", packages.kinetrail)
    for each in packages.PACKAGES:
        yield Check("versions", each.name, partial(packages.package, each))
    yield Check("versions", "rivals", packages.rivals)
    yield Check("machine", "processor", machine.processor)
    yield Check("machine", "memory", machine.memory)
    yield Check("machine", "cameras", machine.cameras)
    yield Check("libraries", "numbers", libraries.numbers)
    yield Check("libraries", "OpenCV", libraries.opencv)
    yield Check("libraries", "video", libraries.video)
    yield Check("libraries", "window", libraries.window)
    yield Check("libraries", "Qt variables", libraries.qt_variables)
    here = _nvidia()
    yield Check("networks run on", "GPU", partial(nvidia.gpu, here))
    yield Check("networks run on", "CUDA", partial(nvidia.cuda, here))
    yield Check("networks run on", "ONNX Runtime", partial(nvidia.onnxruntime, here))
    yield Check("networks run on", "PyTorch", partial(nvidia.torch, here))
    yield Check("networks run on", "TensorRT", partial(nvidia.tensorrt, here))
    yield Check("networks run on", "PyCUDA", partial(nvidia.pycuda, here))
    yield Check("models", "detector", partial(networks.default, "detector"))
    yield Check("models", "pose", partial(networks.default, "pose"))
    yield Check("models", "files", networks.models)
    yield Check("models", "folder", lambda: machine.folder(model_folder()))
    yield Check("models", "engine folder", lambda: machine.folder(engine_folder()))
    found: list[Path] = []
    attempt(lambda: found.extend(engines()))  # what keeps it from it is told by the line before
    for path in found:
        yield Check("models", "engine", partial(networks.engine, path, here))


def _nvidia() -> nvidia.Nvidia:
    found: list[nvidia.Nvidia] = []
    trouble = attempt(lambda: found.append(nvidia.look()))
    return found[0] if trouble is None else nvidia.Nvidia(trouble=f"cannot be asked: {trouble}")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number or 'no'} {what}s"
