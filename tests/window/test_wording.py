"""Whoever reads in the window what went wrong is told of nothing that only a command line has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.ui.trouble import Trouble
from app.ui.wording import in_window
from engine.errors import UserError

ROOT = Path(__file__).parents[2]
FLAG = re.compile(r"(?<![\w-])(?:-o\b|--[a-z]|kinetrail (?:run|models|export|report|doctor)\b)")
#: Modules that speak on a command line alone, or before there is a window.
COMMANDS = (
    "app/cli.py", "app/arguments.py", "app/bench.py", "app/sheet.py", "app/rows.py", "app/doctor.py",
    "app/checks/", "app/report/", "app/exports/command.py", "app/ui/screen.py", "app/settings.py",
    "app/networks/models.py", "app/task.py", "app/outputs/place.py", "app/occupied.py", "app/ui/wording.py",
    "engine/training/", "engine/build.py", "engine/recipe.py", "engine/samples.py", "engine/proof.py",
    "engine/quantise.py", "engine/tensorrt_build.py", "engine/__main__.py",
)  # fmt: skip


def sentences() -> Iterator[tuple[str, str]]:
    """Every text with a flag in it that the other modules hold, with what is filled in called pose."""
    for path in sorted(
        file for room in ("app", "engine", "trackers") for file in ROOT.glob(f"{room}/**/*.py")
    ):
        place = path.relative_to(ROOT).as_posix()
        if place.startswith(COMMANDS):
            continue
        tree = ast.parse(path.read_text())
        told = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}  # docstrings
        joined = [each for each in ast.walk(tree) if isinstance(each, ast.JoinedStr)]
        parts = {id(part) for each in joined for part in each.values}
        for node in ast.walk(tree):
            if id(node) in told or id(node) in parts:
                continue
            text = written(node)
            if FLAG.search(text) and " " in text.strip():
                yield place, text


def written(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(written(part) or "pose" for part in node.values)
    return ""


def test_no_flag_is_left_in_anything_that_the_window_may_have_to_tell() -> None:
    found = list(sentences())
    assert len(found) >= 8
    left = [(place, in_window(text)) for place, text in found if FLAG.search(in_window(text))]
    assert not left


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (
            "walk.mp4 cannot be written (Permission denied); choose another folder with -o",
            "walk.mp4 cannot be written (Permission denied); choose another folder",
        ),
        (
            "walk.csv exists already; --overwrite replaces it, -o writes to another folder",
            "walk.csv exists already; replace it, or choose another folder",
        ),
        (
            "walk.mp4 is not the video that was measured; say with --source where that is",
            "walk.mp4 is not the video that was measured; open the video where it is now",
        ),
        (
            "there is no GPU here that CUDA can use; use --device cpu",
            "there is no GPU here that CUDA can use; choose the device cpu in the settings",
        ),
        (
            "rtmo-s is not here yet; run: kinetrail models download rtmo-s --onnx",
            "rtmo-s is not here yet; fetch it under Tools, Networks",
        ),
        ("net.onnx: --cuda-graphs does nothing for it: it is no engine",
         "net.onnx: cuda-graphs does nothing for it: it is no engine"),
        ("it --smooths and -out.mp4 --is: no video", "it --smooths and -out.mp4 --is: no video"),
    ],
)  # fmt: skip
def test_what_is_to_be_done_can_be_done_here(said: str, heard: str) -> None:
    assert in_window(said) == heard


def test_the_bar_for_troubles_speaks_like_that(qtbot) -> None:
    bar = Trouble()
    qtbot.addWidget(bar)
    bar.show_error(UserError("runs/a.mp4 is a folder; choose another folder with -o"))
    assert bar.message() == "runs/a.mp4 is a folder; choose another folder"
