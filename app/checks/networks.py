"""The networks that are here, and the engines built of them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import cast

from app.checks.finding import Finding, note, ok, problem
from app.checks.nvidia import Nvidia, tensorrt_here
from engine.catalogue import Kind
from engine.errors import UserError
from engine.models import default_model


def default(kind: str) -> Finding:
    """Whether `kinetrail run` finds a network when none is named."""
    try:
        path = default_model(cast(Kind, kind))
    except UserError as error:
        text, _, remedy = str(error).partition("; ")
        return problem(text, remedy or "pass one by name: kinetrail models list")
    return ok(f"{path.name} in {path.parent}")


def models() -> Finding:
    """Whether the files of networks here are whole."""
    from app.networks.models import verify  # loads NumPy, and this page has to come without it

    text, _ = verify(as_json=True)
    found = json.loads(text)
    states = [each["state"] for each in found]
    counted = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)) or "none"
    bad = [each for each in found if each["state"] in ("damaged", "incomplete")]
    if bad:
        told = "; ".join(f"{Path(each['file']).name} is {each['state']}" for each in bad)
        return note(f"{counted}: {told}", "kinetrail models verify says more; fetch them again")
    return ok(counted)


def engine(path: Path, here: Nvidia) -> Finding:
    """Whether an engine can be loaded on this machine, with this TensorRT."""
    from engine.cache import digest
    from engine.fit import Place, again, built_here, misfit, read

    try:
        fit = read(path)
        mine = built_here(fit)
        plan = digest(path)
    except UserError as error:
        return note(str(error), f"build it again with build_engine.py, or remove {path}")
    remove = f"rm {shlex.quote(str(path))}*"  # its record too
    why = misfit(fit, fit.place, plan_sha256=plan) if mine else "it was not built here"
    if not why and not here.gpus:
        why = f"there is no NVIDIA GPU here, and it was built for {fit.place.gpu}"
        return note(f"{path.name}: {why}", f"it waits for that GPU; if that is gone: {remove}")
    places = [Place(tensorrt_here()[1] or "none", gpu.name, gpu.capability, here.driver) for gpu in here.gpus]
    reasons = [misfit(fit, place) for place in places]
    if not why and all(reasons):  # it has to fit one of several GPUs
        why = reasons[0]
    if why:  # one for another GPU or TensorRT gets another name, so that this one would stay
        return note(f"{path.name}: {why}", f"{remove}; {again(fit)}")
    return ok(f"{path.name} fits: {fit.precision}, up to {fit.batches[2]} at once")
