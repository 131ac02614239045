"""What a TensorRT engine is built from: an ONNX, and how it is wanted."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from engine.crop import normalise
from engine.cuda import number_of
from engine.description import DetectorModel, PoseModel, to_metadata
from engine.detector import LONG_SIDE, fitted
from engine.errors import UserError
from engine.fit import Shape
from engine.half import in_half
from engine.precision import halved, in_single, quantised, read
from engine.proof import Proof, prove_detector, prove_pose
from engine.recognition import any_model, takes_pixels
from engine.samples import frames, people
from engine.session import Session, Signature, open_session
from engine.types import Array, Image

POSE_BATCHES, DETECTOR_BATCHES = (1, 8, 32), (1, 1, 1)  #: detectors see one picture at a time
PRECISIONS = ("fp16", "fp32", "int8")
LEVELS = range(6)
WIDE = 9 / 16  #: the proportions of a typical picture
MOST_MEASURED = 128  #: pictures, when ranges are measured
MOST_ROWS = 1024  #: of a batch: far more than a GPU gains anything from, far fewer than make it overflow
LEAST_GB, MOST_GB = 1 / 1024, 1024.0  #: of workspace


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to build an engine from, and how."""

    onnx: Path
    batches: tuple[int, ...] = ()  #: smallest, typical, largest; (): what suits the network
    precision: str = "fp16"
    device: str = "cuda:0"
    workspace_gb: float = 4.0
    level: int = 3  #: 0 to 5: how long TensorRT looks for something faster
    pictures: str = ""  #: folder to measure ranges on and to prove with; "": frames of the demo clip

    def __post_init__(self) -> None:
        if self.onnx.suffix.lower() != ".onnx":
            raise UserError(f"{self.onnx}: engines are built of .onnx files; export the network to one")
        low = (0, *self.batches)
        if self.batches and (len(self.batches) != 3 or low != tuple(sorted(low)) or not self.batches[0]):
            raise UserError(
                f"--batch {','.join(map(str, self.batches))}: it has to be smallest,typical,largest: 1,8,32"
            )
        if self.batches and self.batches[-1] > MOST_ROWS:
            raise UserError(f"--batch {','.join(map(str, self.batches))}: at most {MOST_ROWS} at once")
        if self.precision not in PRECISIONS:
            raise UserError(f"--precision {self.precision}: there is {', '.join(PRECISIONS)}")
        if self.precision == "int8" and not self.pictures:
            raise UserError(
                "--precision int8 needs --calibrate DIR with pictures like those it is to work on"
            )
        if self.level not in LEVELS:
            raise UserError(f"--optimization-level {self.level}: it goes from {LEVELS[0]} to {LEVELS[-1]}")
        if not LEAST_GB <= self.workspace_gb <= MOST_GB:
            raise UserError(f"--workspace-gb {self.workspace_gb:g}: from {LEAST_GB:.3f} to {MOST_GB:g}")

    def command(self, output: Path | None) -> str:
        """What builds it again."""
        words = ["python", "build_engine.py", str(self.onnx.absolute()), "--force"]
        words += ["-o", str(output.absolute())] if output else []
        words += ["--batch", ",".join(map(str, self.batches))] if self.batches else []
        for name, value, usual in (
            ("--precision", self.precision, "fp16"),
            ("--device", f"cuda:{number_of(self.device)}", "cuda:0"),
            ("--workspace-gb", f"{self.workspace_gb:g}", "4"),
            ("--optimization-level", str(self.level), "3"),
            ("--calibrate", self.pictures and str(Path(self.pictures).absolute()), ""),
        ):
            words += [name, value] if value != usual else []
        return shlex.join(words)


class Source:
    """The ONNX that an engine is built from."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        with closing(self._open()) as session:
            signature = session.signature
        self._signature = signature
        self._model = any_model(recipe.onnx, signature)
        self.profile = _profile(recipe, signature, self._model)
        self.rows = tuple(shape[0] for shape in self.profile)
        self.metadata = {**to_metadata(self._model), **signature.metadata}

    def prepared(self, going: Callable[[], None]) -> bytes:
        """The ONNX in the precision that is asked for."""
        recipe = self._recipe
        next(iter(frames(self._folder())))  # what is wrong with them is better known before the work
        model = read(recipe.onnx)
        for other, is_there in (("int8", quantised), ("fp16", halved)):
            if recipe.precision not in (other, "int8") and is_there(model):
                raise UserError(f"{recipe.onnx.name}: is in {other} already; pass --precision {other}")
        if recipe.precision == "fp16":
            model = in_half(model)
        elif recipe.precision == "int8" and not quantised(model):
            from engine.quantise import in_int8  # only this needs it

            model = in_int8(in_single(model), self._inputs(going))
        content: bytes = model.SerializeToString()
        return content

    def proof(self, engine: Path, going: Callable[[], None]) -> Proof:
        recipe, folder = self._recipe, self._folder()
        _, typical, largest = self.rows
        going()
        with ExitStack() as undo:
            session = undo.enter_context(closing(open_session(engine, recipe.device)))
            onnx_session = undo.enter_context(closing(self._open()))
            if isinstance(self._model, DetectorModel):
                pictures = list(frames(folder, going))
                return prove_detector(onnx_session, session, self._model, pictures, recipe.precision, going)
            model, unbiased = self._model, self._model.decoder == "udp"
            crops = people(folder, largest, model.input_size, unbiased=unbiased, going=going)
            return prove_pose(onnx_session, session, model, crops, typical, recipe.precision, going)

    def _open(self) -> Session:
        return open_session(self._recipe.onnx, "cpu")

    def _folder(self) -> Path | None:
        return Path(self._recipe.pictures) if self._recipe.pictures else None

    def _inputs(self, going: Callable[[], None]) -> Iterator[Array | Image]:
        """What the network sees of the user's pictures, each as large as its batch has to be."""
        rows = max(1, self._signature.inputs[0][0])
        for picture in self._seen(going):
            going()
            pictures: Image = np.repeat(picture[None], rows, axis=0)
            if takes_pixels(self._signature):
                yield pictures
            else:
                yield normalise(pictures, self._model.mean, self._model.std, self._model.rgb)

    def _seen(self, going: Callable[[], None]) -> Iterator[Image]:
        model, folder = self._model, self._folder()
        if isinstance(model, PoseModel):
            unbiased = model.decoder == "udp"
            yield from people(folder, MOST_MEASURED, model.input_size, unbiased=unbiased, going=going)
            return
        for image in islice(frames(folder, going), MOST_MEASURED):
            size = (image.shape[0], image.shape[1])
            fit = fitted(size, model.input_size, multiple=model.multiple, long_side=LONG_SIDE)
            yield fit.letter(image, model.fill)


def _profile(
    recipe: Recipe, signature: Signature, model: PoseModel | DetectorModel
) -> tuple[Shape, Shape, Shape]:
    """Smallest, typical and largest shape of the input."""
    shape, pixels = signature.inputs[0], takes_pixels(signature)
    usual = POSE_BATCHES if isinstance(model, PoseModel) else DETECTOR_BATCHES
    batches = recipe.batches or ((shape[0],) * 3 if shape[0] else usual)
    if shape[0] and set(batches) != {shape[0]}:
        raise UserError(
            f"{recipe.onnx.name}: takes {shape[0]} at a time, not {','.join(map(str, batches))}; leave"
            " --batch out, or export it with an open batch"
        )
    sizes = [model.input_size] * 3
    if isinstance(model, DetectorModel) and model.input_size == (0, 0):
        step = model.multiple
        side = -(-LONG_SIDE // step) * step
        sizes = [(step, step), (-(-round(LONG_SIDE * WIDE) // step) * step, side), (side, side)]
    first, second, third = (
        (rows, *size, 3) if pixels else (rows, 3, *size) for rows, size in zip(batches, sizes, strict=True)
    )
    return first, second, third
