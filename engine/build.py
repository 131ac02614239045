"""From an ONNX file to a TensorRT engine that was held against it: what `build_engine.py` does.

An engine gets its name when it is whole and proven. Until then it is `X.unproven.engine`; one that was found
wanting is kept as `X.refused.engine`. Whoever builds the same at the same time waits, and then finds it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from glob import escape
from pathlib import Path

from engine import trt
from engine.cache import REFUSED, UNPROVEN, alone, digest, engine_file, put, secret
from engine.cuda import Gpu, number_of
from engine.errors import UserError
from engine.fit import Fit, Place, built_here, misfit, read, record_of, write
from engine.recipe import Recipe, Source
from engine.session import unheard
from engine.tensorrt_build import Cancelled, Limits, Report, plan

LONGEST = 200  #: bytes of a name, so that those of what lies beside it while it is built can still be made


class Refused(UserError):
    """The engine does not answer what its ONNX answers; it was kept aside."""


@dataclass(frozen=True, slots=True)
class Built:
    """An engine that is ready."""

    path: Path
    fit: Fit
    new: bool  #: it was not there before


def build(
    recipe: Recipe,
    output: Path | None = None,
    *,
    report: Report,
    verify: bool = True,
    force: bool = False,
    notice: Callable[[str], None] = unheard,
) -> Built:
    """The engine of a recipe, in `output` or the cache folder.

    One that was built there in the same way, and fits, is taken; but for `force`.

    `notice` is told what one is built with, if one is.
    UserError where it cannot be built, Refused where it does not answer what the ONNX answers, Cancelled
    where `report` said so; nothing of it is left then.
    """
    if output is not None:
        _check(output)
    onnx_sha256, source = digest(recipe.onnx), Source(recipe)
    gpu = Gpu(number_of(recipe.device))
    with closing(gpu), ExitStack() as undo:
        place = trt.place(trt.tensorrt(), gpu)
        path = output or _default(onnx_sha256, place, recipe, source)
        undo.enter_context(alone(path, lambda: _going(report, "waiting for another build of it")))
        fit = None if force else fitting(path, recipe, onnx_sha256, place, source)
        if fit and _as_asked(fit, recipe, output, verify=verify):
            return Built(path, fit, new=False)
        secret(make=True)  # what is wrong with it is better known before the work than after it
        notice(trt.using(trt.tensorrt(), gpu))
        unproven = path.with_suffix(UNPROVEN)
        undo.callback(record_of(unproven).unlink, missing_ok=True)
        undo.callback(unproven.unlink, missing_ok=True)
        for left in path.parent.glob(f"{escape(unproven.name)}.*.part"):  # by a build that was killed
            left.unlink(missing_ok=True)
        _going(report, "preparing the network")
        model = source.prepared(lambda: _going(report, "measuring ranges"))
        limits = Limits(source.profile, recipe.workspace_gb, recipe.level, recipe.precision == "fp32")
        with gpu:
            content, inputs, outputs = plan(
                recipe.onnx.name, model, limits, f"{place.gpu} {place.capability}", report
            )
        fit = Fit(
            place=place,
            onnx=str(recipe.onnx.absolute()),
            onnx_sha256=onnx_sha256,
            plan_sha256=hashlib.sha256(content).hexdigest(),
            precision=recipe.precision,
            profile=source.profile,
            metadata=source.metadata,
            inputs=inputs,
            outputs=outputs,
            command=recipe.command(output),
            built=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        write(unproven, fit)
        put(unproven, content)
        if verify:
            fit = _proven(source, unproven, path, fit, report)
        return Built(path, _publish(unproven, path, fit), new=True)


def _check(output: Path) -> None:
    if output.suffix != ".engine":
        raise UserError(f"-o {output}: the name of the file has to end in .engine")
    if len(os.fsencode(output.name)) > LONGEST:
        raise UserError(f"-o {output}: the name of the file is too long")
    if output.is_dir():
        raise UserError(f"-o {output}: is a folder; name a file in it")


def _as_asked(fit: Fit, recipe: Recipe, output: Path | None, *, verify: bool) -> bool:
    """Whether an engine that fits was built with these options, and proven if it has to be."""
    same = replace(recipe, onnx=Path(fit.onnx)).command(output) == fit.command  # the ONNX may have moved
    return same and (bool(fit.proof) or not verify)


def _proven(source: Source, unproven: Path, path: Path, fit: Fit, report: Report) -> Fit:
    """The record with the figures of the proof. Refused where they are bad, the engine being put aside."""
    proof = source.proof(unproven, lambda: _going(report, "comparing with the ONNX"))
    fit = replace(fit, proof=proof.figures)
    if proof.refused:
        aside = path.with_suffix(REFUSED)
        _publish(unproven, aside, fit)
        raise Refused(f"{path.name}: not used: {proof.refused}; it is kept as {aside}")
    return fit


def _publish(unproven: Path, path: Path, fit: Fit) -> Fit:
    """Give an engine its name; killed in between, there is a record that no engine fits."""
    sealed = write(path, fit)
    try:
        unproven.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error
    return sealed


def _going(report: Report, phase: str) -> None:
    if not report(phase, 0.0, -1.0):
        raise Cancelled("cancelled; nothing was kept")


def existing(recipe: Recipe, place: Place) -> Path | None:
    """The engine of a recipe in the cache folder, where there is one that fits `place`; nothing is built.

    Refused where the one that was built answers something else than the ONNX.
    """
    onnx_sha256, source = digest(recipe.onnx), Source(recipe)
    path = _default(onnx_sha256, place, recipe, source)
    if fitting(path, recipe, onnx_sha256, place, source):
        return path
    if fitting(path.with_suffix(REFUSED), recipe, onnx_sha256, place, source):
        raise Refused(f"its engine did not answer what it answers; to try again: {recipe.command(None)}")
    return None


def _default(onnx_sha256: str, place: Place, recipe: Recipe, source: Source) -> Path:
    device = f"{place.gpu} {place.capability}"
    return engine_file(onnx_sha256, place.tensorrt, device, recipe.precision, source.rows)


def fitting(path: Path, recipe: Recipe, onnx_sha256: str, place: Place, source: Source) -> Fit | None:
    """The record of an engine that is there already, is what the recipe asks for, and fits here.

    What the network is described as may stand in a file beside the ONNX, which the digest does not cover.
    """
    try:
        fit = read(path)
        plan_sha256 = digest(path)
    except UserError:
        return None
    wanted = recipe.precision, source.profile, source.metadata
    same = (fit.precision, fit.profile, fit.metadata) == wanted and built_here(fit)
    return fit if same and not misfit(fit, place, plan_sha256=plan_sha256, onnx_sha256=onnx_sha256) else None
