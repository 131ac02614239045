"""Everything of ours that reads what others wrote, and a sound example for each."""

from __future__ import annotations

import gzip
import json
import sqlite3
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import clips
import cv2
import networks
import played

from app import processing
from app.exports import csv as csv_export
from app.exports.choice import Choice
from app.networks import part
from app.outputs.table import columns
from app.playback.thumbnails import thumbnail
from app.resume import strange
from app.rows import read_rows
from app.settings import Settings, read_toml
from app.store.session import open_session_file
from engine import fit
from engine.description import described
from engine.errors import UserError
from engine.recognition import any_model
from engine.session import Signature
from engine.skeleton import KEYPOINTS
from engine.ultralytics_file import engine_header, is_torchscript


@dataclass(frozen=True, slots=True)
class Reader:
    """A file that may come from anywhere, and what is done with it."""

    name: str  #: of the file
    sound: Callable[[Path], bytes]  #: an example, made in a folder of its own
    read: Callable[[Path], object]


def refused(reader: Reader, path: Path) -> str:
    """What a reader says against a file, "" where it takes it. Anything but a UserError comes through."""
    said = ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            reader.read(path)
        except UserError as error:
            said = str(error) or "nothing"
    assert "\n" not in said
    return said


def text_files() -> Iterator[Reader]:
    """Files of text."""
    yield Reader("run.toml", lambda _: b'pose = "a.onnx"\nmax-people = 3\nflip = true\n', read_toml)
    yield Reader("run.csv", lambda _: _rows(), read_rows)
    yield Reader("task.json", lambda _: processing.task("a.mp4", Settings()), _read_task)
    yield Reader("net.onnx.json", lambda _: json.dumps(DESCRIBED).encode(), _read_beside)
    yield Reader("net.engine.fit.json", lambda _: json.dumps(RECORD).encode(), _read_record)
    yield Reader("net.engine", lambda _: _headed({"imgsz": [640, 640], "args": {}}), engine_header)
    yield Reader("net.onnx.part.json", lambda _: json.dumps(asdict(part.Origin("a", "b", 3))).encode(), _part)
    yield Reader("train.toml", lambda _: CONFIG, _read_config)
    yield Reader("person_keypoints.json", lambda _: json.dumps(COCO).encode(), _read_labels)
    yield Reader("boxes.json.gz", lambda _: gzip.compress(json.dumps(BOXES).encode()), _read_boxes)


def binary_files() -> Iterator[Reader]:
    """Files of anything else."""
    yield Reader("walk.kinetrail", _session, read_session)
    yield Reader("net.onnx", _onnx, _read_onnx)
    yield Reader("kept.jpg", _kept, _read_kept)
    yield Reader("net.pth", _checkpoint, _read_checkpoint)
    yield Reader("last.pth", _state, _read_state)


def read_session(path: Path) -> None:
    """All there is to be had from a session."""
    with closing(open_session_file(path)) as session:
        session.times()
        people = session.people()
        for person in people:
            session.lane(person.id)
        for _ in session.each():
            pass
        for _ in session.measured():
            pass
        for _ in csv_export.lines(session, Choice(), raw=True, long=True):
            pass
        if people:
            session.rename(people[0].id, "Ada")
            session.undo()
    strange(path, [path])


def with_meta(path: Path, name: str, value: object) -> None:
    """Put a value in place of one in a session."""
    _change(path, "UPDATE meta SET value = ? WHERE name = ?", (json.dumps(value), name))


def with_cell(path: Path, column: str, value: object) -> None:
    """Put a value in place of one of the first block of a session."""
    _change(path, f"UPDATE block SET {column} = ? WHERE position = 0", (value,))


def with_edit(path: Path, *row: object) -> None:
    """Put a repair into a session: its kind, whom it is about, the other, when, and a name."""
    _change(path, "INSERT INTO edit (made, kind, a, b, at_s, name) VALUES ('', ?, ?, ?, ?, ?)", row)


def _change(path: Path, statement: str, values: tuple[object, ...]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database, suppress(sqlite3.IntegrityError):
        database.execute(statement, values)


DESCRIBED = {"kind": "pose", "rgb": True, "mean": [0, 0, 0], "std": [1, 1, 1], "keypoints": list(KEYPOINTS),
    "decoder": "dark", "sigma": 2, "input_size": [256, 192], "licence": "MIT"}  # fmt: skip
RECORD = {
    "place": {"tensorrt": "11", "gpu": "G", "capability": "8.9", "driver": "5"}, "onnx": "a.onnx",
    "onnx_sha256": "0", "plan_sha256": "1", "precision": "fp16", "profile": [[1, 3, 2, 2]] * 3,
    "metadata": {"a": "b"}, "inputs": [{"name": "x", "dtype": "float32", "shape": [0, 3, 2, 2]}],
    "outputs": [], "command": "build", "built": "2026", "proof": {}, "seal": "ab",
}  # fmt: skip
CONFIG = b"""arch = "hrnet_w32"
out = "out"
cache = "cache"
epochs = 2
data = [{folder = "a", weight = 1.0}]
phases = [{size = [256, 192], batch = 32}]
augment = {scale = 0.3}
"""
COCO = {
    "images": [{"id": 1, "file_name": "1.png"}],
    "annotations": [
        {"id": 7, "image_id": 1, "iscrowd": 0, "bbox": [1, 1, 20, 30], "keypoints": [5, 6, 2] * 17, "area": 9}
    ],
}
BOXES = [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 9, 9], "score": 0.5}] * 3


def _rows() -> bytes:
    line = "0,0.0,1,0.9,1,2,30,40" + ",5.0,6.0,0.9" * len(KEYPOINTS)
    return "\n".join([",".join(columns(KEYPOINTS)), line, line.replace("0,0.0", "1,0.04", 1), ""]).encode()


def _read_task(path: Path) -> None:
    Settings(**processing.read_task(path.read_bytes()).settings)


def _read_beside(path: Path) -> None:
    described(path.with_suffix(""), Signature(((0, 3, 256, 192),), ((0, 17, 64, 48),), {}))


def _read_record(path: Path) -> None:
    engine = path.with_name("net.engine")
    found = fit.read(engine)
    fit.misfit(found, found.place)
    fit.built_here(found)
    fit.again(found)


def _headed(said: object) -> bytes:
    text = json.dumps(said).encode()
    return struct.pack("<I", len(text)) + text + b"plan"


def _part(path: Path) -> None:
    with part.locked_part(path.with_name("net.onnx")) as opened:
        assert isinstance(opened.origin, part.Origin)


def _read_config(path: Path) -> None:
    from engine.training.config import load

    load(path)


def _read_labels(path: Path) -> None:
    from engine.training import boxes, data

    (path.parent / "images").mkdir(exist_ok=True)
    cv2.imwrite(str(path.parent / "images" / "1.png"), clips.picture(1))
    with suppress(UserError):
        data.read(path.parent)
    boxes.read(path.parent)


def _read_boxes(path: Path) -> None:
    from engine.training.boxes import boxes_in

    boxes_in(path)


def _session(folder: Path) -> bytes:
    video = folder / "walk.mp4"
    clips.constant(video, 140)
    made = played.session(video, folder / "walk.kinetrail", {1: (0, 140), 2: (10, 90)})
    return made.read_bytes()


def _onnx(folder: Path) -> bytes:
    said = {"kinetrail." + key: json.dumps(value) for key, value in DESCRIBED.items() if key != "input_size"}
    return networks.heatmaps(folder / "net.onnx", metadata=said).read_bytes()


def _read_onnx(path: Path) -> None:
    from engine.onnx_session import OnnxSession

    session = OnnxSession(path, "cpu", 1)
    any_model(path, session.signature)
    session.close()


def _kept(folder: Path) -> bytes:
    clips.constant(folder / "walk.mp4", 3)
    thumbnail(str(folder / "walk.mp4"), folder / "cache", threading.Event())
    return next((folder / "cache").glob("*.jpg")).read_bytes()


def _read_kept(path: Path) -> None:
    """In the place where the thumbnail of a film was kept: it is made anew, and never fails."""
    film, cache = path.with_name("walk.mp4"), path.with_name("cache")
    if not film.exists():
        clips.constant(film, 3)
        thumbnail(str(film), cache, threading.Event())
    (kept,) = cache.glob("*.jpg")
    kept.write_bytes(path.read_bytes())
    assert thumbnail(str(film), cache, threading.Event()).image.size


def _checkpoint(folder: Path) -> bytes:
    import torch

    content = {"arch": "hrnet_w32", "state_dict": {"final_layer.bias": torch.zeros(17)}, **DESCRIBED}
    torch.save(content, folder / "net.pth")
    return (folder / "net.pth").read_bytes()


def _read_checkpoint(path: Path) -> None:
    from engine.training.trained import open_trained

    is_torchscript(path)
    open_trained(path)


def _small() -> Any:
    import torch

    from engine.training.state import State

    network = torch.nn.Linear(2, 2)
    return State("tiny", network, 0.9, torch.optim.Adam(network.parameters()))


def _state(folder: Path) -> bytes:
    _small().save(folder / "last.pth")
    return (folder / "last.pth").read_bytes()


def _read_state(path: Path) -> None:
    _small().resume(path)
