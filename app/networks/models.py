"""The commands `kinetrail models list`, `download` and `verify`."""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from app.networks.download import Wanted, download, take
from app.networks.part import ABOUT, PART, RECORD, keep, kept, sha256
from app.networks.web import Stopped, Unobtainable
from app.plain import printable
from app.progress import Console, Transfer
from engine.catalogue import CATALOGUE, Published
from engine.errors import UserError
from engine.models import model_folder, own_models

COMPLETE = 64  #: digits of a sha256
ROOT = Path(__file__).parents[2]  #: where our packages lie


def list_models(*, as_json: bool) -> str:
    """Everything in the catalogue, and what of it is here."""
    folder = model_folder()
    if as_json:
        return _json(_about(each, folder) for each in CATALOGUE.values())
    rows = [("NAME", "NETWORK", "INPUT", "AP", "SIZE", "LICENCE", "HERE")]
    for each in CATALOGUE.values():
        size = f"{each.size / 1e6:.1f} MB" if each.size else "?"
        sides = f"{each.input_size[0]}x{each.input_size[1]}"
        ap = f"{each.ap:.1f}" if each.ap else "?"
        rows.append((each.name, each.about, sides, ap, size, each.licence, here(each, folder)))
    return (
        f"{_table(rows)}\n"
        f"folder: {printable(folder)}\n"
        "AP: on COCO val2017, as published; ?: not published. Addresses and sha256: --json\n"
    )


def download_model(name: str, *, source: Path | None, onnx: bool, quiet: bool, stop: threading.Event) -> bool:
    """Have the file of a published network here, whole, and as ONNX if wanted; False when stopped on the way.

    With `source` it comes from that file and not from its address. UserError where it cannot be had.
    """
    each = _published(name)
    console = Console(sys.stderr, quiet=quiet)
    path = model_folder() / each.file
    progress = Transfer(each.file, console)
    wanted = Wanted(each.sha256, each.size)
    fetch = partial(take, source) if source else partial(download, each.address)
    try:
        fetch(path, wanted, show=progress.show, stop=stop)
    except Stopped:
        console.say(f"stopped; {progress.done / 1e6:.1f} MB are kept, the same command goes on from there")
        return False
    except Unobtainable as error:
        by_hand = f"by hand: fetch it from {each.page} and pass it with --from-file FILE"
        raise UserError(f"{each.name}: {error}; {by_hand}") from error
    finally:
        console.clear()
    said = Console(sys.stdout, quiet=quiet)
    said.say(f"{printable(path)}: {path.stat().st_size / 1e6:.1f} MB, {_checked(each)}; {each.licence}")
    if not each.arch:
        return True
    if not onnx:
        said.say(f"a checkpoint; to run it: kinetrail models download {name} --onnx")
        return True
    if not convert(each, path, console, stop):
        return False
    said.say(f"{printable(path.with_name(each.onnx))}: as ONNX; to run it: --pose {name}")
    return True


def verify(*, as_json: bool) -> tuple[str, bool]:
    """What is to be said about every model file here, and whether none is damaged."""
    folders = [folder for folder in (own_models(), model_folder()) if folder.is_dir()]
    findings = [finding for folder in folders for finding in _findings(folder)]
    if as_json:
        text = _json({"file": str(each.path), "state": each.state, "because": each.why} for each in findings)
    elif findings:
        rows = [("FILE", "STATE", ""), *((printable(each.path), each.state, each.why) for each in findings)]
        text = _table(rows)
    else:
        text = f"there is no model in {printable(model_folder())}\n"
    return text, all(each.state != "damaged" for each in findings)


@dataclass(frozen=True, slots=True)
class _Finding:
    path: Path
    state: str  #: whole, damaged, incomplete or unknown
    why: str


def _findings(folder: Path) -> Iterator[_Finding]:
    known = {each.file: each for each in CATALOGUE.values()}
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.endswith((ABOUT, RECORD, ".md", ".json")):
            continue
        if path.name.endswith(PART):
            yield _Finding(path, "incomplete", "of a download; the same command goes on from there")
        else:
            yield _judged(path, known.get(path.name))


def _judged(path: Path, published: Published | None) -> _Finding:
    digest, before = sha256(path), kept(path)
    if published is not None:
        problem = Wanted(published.sha256, published.size).problem(digest, path.stat().st_size)
        if problem and not before:  # put here by hand, and not by us
            return _Finding(path, "unknown", "not the published file of that name")
        if problem:
            return _Finding(path, "damaged", f"{problem}; fetch it again")
    if before not in ("", digest):
        return _Finding(path, "damaged", f"its sha256 is {digest}, and was {before}; fetch or make it again")
    if published is not None:
        return _Finding(path, "whole", _checked(published) + (", and as it came" if before else ""))
    if before:
        return _Finding(path, "whole", "as it was when its sha256 was written down beside it")
    return _Finding(path, "unknown", "nobody has published or written down what it should be")


def _checked(each: Published) -> str:
    if len(each.sha256) == COMPLETE:
        return "its sha256 is the published one"
    return f"the first {len(each.sha256)} digits of its sha256, all that are published, are right"


def convert(each: Published, checkpoint: Path, console: Console, stop: threading.Event) -> bool:
    """Have the ONNX of a checkpoint beside it; False when stopped. One that somebody put there stays.

    The exporter is a program of its own, because it needs PyTorch and this one does not.
    """
    path = checkpoint.with_name(each.onnx)
    if path.is_file() and kept(path) in ("", sha256(path)):
        return True
    if missing := [name for name in ("torch", "onnx") if find_spec(name) is None]:
        raise UserError(
            f"turning a checkpoint into ONNX needs {' and '.join(missing)}:"
            ' pip install "kinetrail[train]", then the same command again'
        )
    console.say(f"turning {checkpoint.name} into ONNX (up to a minute)")
    height, width = each.input_size
    options = ["--arch", each.arch, "--size", f"{height}x{width}", "--licence", each.licence]
    answer = _ran(["engine.training.export", str(checkpoint), "-o", str(path), *options], stop)
    if answer is None:
        console.say("stopped; the checkpoint is kept")
        return False
    if answer:
        raise UserError(answer)
    keep(path, sha256(path))
    return True


def _ran(module: Sequence[str], stop: threading.Event) -> str | None:
    """Run a module of ours as a program: what it complained about at last, or None when it was stopped."""
    paths = filter(None, (str(ROOT), os.environ.get("PYTHONPATH", "")))
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", *module],  # -P: no folder named engine where the user happens to be
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us to hear
        text=True,
    )
    with process:
        while not stop.is_set():
            try:
                _, said = process.communicate(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
            silent = f"{module[0]} ended with exit code {process.returncode}; was there too little memory?"
            return (said.strip().splitlines() or [silent])[-1] if process.returncode else ""
        process.terminate()
    return None


def _published(name: str) -> Published:
    if name not in CATALOGUE:
        near = [each for each in CATALOGUE if name and name in each]
        near = near or difflib.get_close_matches(name, CATALOGUE, 1)
        hint = f"did you mean {' or '.join(near)}?" if near else "see: kinetrail models list"
        raise UserError(f"{printable(name)}: no published network has that name; {hint}")
    return CATALOGUE[name]


def here(each: Published, folder: Path) -> str:
    if (folder / each.onnx).is_file():
        return "yes"
    return "checkpoint" if (folder / each.file).is_file() else "no"


def _about(each: Published, folder: Path) -> dict[str, object]:
    return {
        "name": each.name,
        "kind": each.kind,
        "network": each.about,
        "input_size": list(each.input_size),
        "coco_ap": each.ap or None,
        "size_bytes": each.size or None,
        "licence": each.licence,
        "training_data": each.data,
        "sha256": each.sha256,
        "sha256_is_complete": len(each.sha256) == COMPLETE,
        "address": each.address,
        "page": each.page,
        "here": here(each, folder),
        "file": str(folder / each.file),
        "onnx": str(folder / each.onnx),
    }


def _json(rows: Iterable[object]) -> str:
    return json.dumps(list(rows), indent=2) + "\n"


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    pad: Callable[[str, int], str] = str.ljust
    return "".join("  ".join(map(pad, row, widths)).rstrip() + "\n" for row in rows)
