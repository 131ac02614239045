"""Published networks as a window shows them: what is here, fetching one, and making it run."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from app.networks.download import Show, Wanted, download, take
from app.networks.models import convert, here
from app.networks.web import Unobtainable
from app.plain import printable
from app.progress import Console
from engine.catalogue import CATALOGUE, Published
from engine.errors import UserError
from engine.models import model_folder

TRAIN = 'pip install "kinetrail[train]"'


@dataclass(frozen=True, slots=True)
class Offer:
    """One published network."""

    published: Published
    here: str  #: "yes": it can run; "checkpoint": it has to be turned into ONNX; "no"


def offers() -> list[Offer]:
    """Everything in the catalogue. UserError where the folder of models cannot be read."""
    folder = model_folder()
    return [Offer(each, here(each, folder)) for each in CATALOGUE.values()]


def fetch(each: Published, show: Show, stop: threading.Event, source: Path = Path()) -> str:
    """Have the file of a published network here, whole; what is to be said then, in one line.

    With `source` it comes from that file. UserError where it cannot be had, `web.Stopped` when called off.
    """
    path = model_folder() / each.file
    bring = partial(take, source) if source != Path() else partial(download, each.address)
    try:
        bring(path, Wanted(each.sha256, each.size), show=show, stop=stop)
    except Unobtainable as error:
        by_hand = f"or fetch it by hand from {each.page} and choose “From file”"
        raise UserError(f"{each.name}: {error}; {by_hand}") from error
    said = f"{each.name} is here ({path.stat().st_size / 1e6:.1f} MB, {each.licence})"
    return said + ("; it is a checkpoint, and has to be turned into ONNX to run" if each.arch else "")


def lacking_for_onnx() -> str:
    """What turning a checkpoint into ONNX lacks here, with the remedy; nothing where it can be done."""
    missing = [name for name in ("torch", "onnx") if find_spec(name) is None]
    return f"turning a checkpoint into ONNX needs {' and '.join(missing)}: {TRAIN}" if missing else ""


def to_onnx(each: Published, stop: threading.Event) -> str:
    """Turn the checkpoint that is here into ONNX, in up to a minute; what is to be said then.

    "" when called off. UserError where it cannot be done.
    """
    if lacking := lacking_for_onnx():
        raise UserError(f"{lacking}, then start Kinetrail again")
    checkpoint = model_folder() / each.file
    if not convert(each, checkpoint, Console(io.StringIO(), quiet=True), stop):
        return ""
    return f"{each.name} can run now; it is in {printable(checkpoint.parent)}"
