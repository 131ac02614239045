"""What a user can set, from flags and from a TOML file. Imports nothing heavy."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from app.wishes import rhythm, smoothing, target
from engine.errors import UserError

MOST = 2**31  #: no option means anything beyond


def option(
    default: Any,
    explain: str,
    *,
    choices: tuple[str, ...] = (),
    least: float = float("-inf"),
    most: float = MOST,
    name: str = "",
    read: Callable[[str], object] = str,
) -> Any:
    """A field that is also a flag and a TOML key; `name` stands for the value in the help.

    `read` makes of the text what it means, and raises ValueError where it means nothing.
    """
    about = {"explain": explain, "choices": choices, "least": least, "most": most, "name": name, "read": read}
    return field(default=default, metadata=about)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that shapes a run. A flag `--max-people 3` is `max-people = 3` in the file."""

    output: str = option("runs", "folder for the results, made when it is missing", name="DIR")
    pose: str = option(
        "",
        "pose network (.onnx, .engine, .pth, TorchScript, or a name of `kinetrail models list`); default:"
        " the one that comes along",
        name="MODEL",
    )
    detector: str = option(
        "", "person detector (.onnx, .engine, Ultralytics' .pt, or a name), likewise", name="MODEL"
    )
    device: str = option("auto", "where networks run: auto, cpu, cuda, cuda:N", name="DEVICE")
    trust_engine: bool = option(
        False, "run TensorRT engines that were not built here; they are executable code"
    )
    cuda_graphs: bool = option(
        False,
        "record what TensorRT engines do as CUDA graphs, one call for the GPU instead of many; needs"
        " cuda-bindings (PyTorch's networks on a GPU always are recorded)",
    )
    decode: str = option(
        "",
        "heatmap decoder; default: what the model was trained for",
        choices=("quarter", "dark", "udp", "argmax"),
    )
    flip: bool = option(False, "look at each person mirrored too: a little more exact, twice the work")
    keypoint_threshold: float = option(0.3, "joints that score less are left out", least=0, most=1, name="S")
    detection_threshold: float = option(
        0.0, "boxes that score less are no people; default: the detector's own", least=0.001, most=1, name="S"
    )
    max_people: int = option(0, "follow at most so many people, the best seen", least=1, name="N")
    detect_every: str = option(
        "1",
        "look for people in every N-th frame, and in between where they are expected; auto: as seldom as goes"
        " well",
        read=rhythm,
        name="auto|N",
    )
    follow: str = option(
        "",
        "one person only: a number as the MP4 shows it, or who is at X,Y (pixels) at so many SECONDS",
        read=target,
        name="ID|X,Y@SECONDS",
    )
    remember: float = option(
        20.0,
        "how long somebody out of sight can be known again by looks; for up to a second it is told from how"
        " they moved, in any case",
        least=0,
        most=3600,
        name="SECONDS",
    )
    smooth: str = option(
        "",
        "smoothing of the joints over time: live, one-euro or off; lag:0.3s, which sees so far ahead; full,"
        " which reads a recording twice (default: live for a camera, lag:0.3s for a recording)",
        read=smoothing,
        name="HOW",
    )
    no_video: bool = option(False, "write no MP4")
    no_csv: bool = option(False, "write no CSV")
    no_session: bool = option(False, "write no session file, from which everything else can be made again")
    overwrite: bool = option(False, "replace outputs that exist")
    quiet: bool = option(False, "say nothing but errors")


OPTIONS = {entry.name.replace("_", "-"): entry for entry in fields(Settings)}


def checked(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Check options by their names, as in flags and TOML; return them by field name.

    Raises UserError for an unknown name, a value of the wrong type or out of range; `where` says who gave it.
    """
    return {name.replace("-", "_"): _checked(name, value, where) for name, value in given.items()}


def read_toml(path: Path) -> dict[str, Any]:
    """The options in a TOML file, checked. Raises UserError."""
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{path}: is no file; --config needs a TOML file")
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # tomllib's own errors are ValueErrors
        raise UserError(f"{path}: is no valid TOML: {error}") from error
    return checked(given, str(path))


def _checked(name: str, value: Any, where: str) -> Any:
    name = name.replace("_", "-")
    if name not in OPTIONS:
        near = difflib.get_close_matches(name, OPTIONS, 1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(OPTIONS))}"
        raise UserError(f"{where}: unknown option {name}; {hint}")
    entry, about = OPTIONS[name], OPTIONS[name].metadata
    kind = type(entry.default)
    if about["read"] is rhythm or about["read"] is target:
        value = str(value) if type(value) is int else value
    if kind is float and type(value) is int and abs(value) < MOST:
        value = float(value)
    if type(value) is not kind:
        raise UserError(f"{where}: {name} must be a {_KINDS[kind]}, not {value!r}")
    if about["choices"] and value not in about["choices"]:
        raise UserError(f"{where}: {name} must be one of {', '.join(about['choices'])}, not {value!r}")
    if kind is str and not str(value).isprintable():
        raise UserError(f"{where}: {name} must be readable text, not {value!r}")
    if kind in (int, float) and not about["least"] <= value <= about["most"]:
        raise UserError(f"{where}: {name} must be {_span(about['least'], about['most'])}, not {value}")
    try:
        about["read"](str(value))
    except ValueError as error:
        raise UserError(f"{where}: {name} must be {error}, not {value!r}") from None
    if name == "device" and not _is_device(str(value)):
        raise UserError(f"{where}: device must be auto, cpu, cuda or cuda:N, not {value!r}")
    return value


_KINDS = {str: "text", bool: "true or false", int: "whole number", float: "number"}


def _span(least: float, most: float) -> str:
    return f"at least {least:g}" if most == MOST else f"from {least:g} to {most:g}"


def _is_device(text: str) -> bool:
    kind, colon, number = text.partition(":")
    return text in ("auto", "cpu", "cuda") or (kind == "cuda" and colon == ":" and number.isdecimal())
