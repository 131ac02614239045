"""Nothing that is in a file of weights runs."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.session import open_session
from engine.torchscript import asks_for

ROOT = Path(__file__).parents[2]
PASSWORD = "s3cret-Pa55"
PATIENCE_S = 60.0


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, made: Path) -> None:
        self._made = made

    def __reduce__(self) -> tuple[Callable[[Path], int], tuple[Path]]:
        return os.mkdir, (self._made,)


def _weights(path: Path, evil: Evil) -> None:
    import torch

    torch.save({"arch": "hrnet_w32", "state_dict": {"a": evil}, "network": evil, "model": evil}, path)


def _old_weights(path: Path, evil: Evil) -> None:
    import torch

    torch.save({"arch": "tiny", "state_dict": evil}, path, _use_new_zipfile_serialization=False)


def _bare(path: Path, evil: Evil) -> None:
    path.write_bytes(pickle.dumps({"state_dict": evil}))


def _disguised(path: Path, evil: Evil) -> None:
    """Weights that pass for a script: those are told by this name in the archive."""
    import zipfile

    _weights(path, evil)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{path.stem}/constants.pkl", pickle.dumps((evil,)))


def _script(path: Path, evil: Evil) -> None:
    _scripted(path, evil, at_once=False)


def _script_at_once(path: Path, evil: Evil) -> None:
    _scripted(path, evil, at_once=True)


def _scripted(path: Path, evil: Evil, *, at_once: bool) -> None:
    """TorchScript that writes a file, in use or while it is loaded."""
    import torch

    class InUse(torch.nn.Module):
        def __init__(self, place: str) -> None:
            super().__init__()
            self.place = place

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            torch.ops.aten.save(x, self.place)
            return x

    class AtOnce(InUse):
        @torch.jit.export
        def __getstate__(self) -> tuple[str, bool]:
            return (self.place, self.training)

        @torch.jit.export
        def __setstate__(self, state: tuple[str, bool]) -> None:
            self.place = state[0]
            torch.ops.aten.save(torch.zeros(1), self.place)
            self.training = state[1]

    torch.jit.save(torch.jit.script((AtOnce if at_once else InUse)(str(evil._made))), path)


def _checkpoint(path: Path) -> None:
    from engine.training.trained import open_trained

    open_trained(path)


def _resume(path: Path) -> None:
    import hostile

    hostile._read_state(path)


def _ultralytics(path: Path) -> None:
    from engine.ultralytics_session import open_ultralytics

    open_ultralytics(path, "cpu").close()


def _session(path: Path) -> None:
    open_session(path, "cpu").close()


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning", "ignore:.*duplicate:UserWarning")
@pytest.mark.parametrize("make", [_weights, _old_weights, _bare, _disguised, _script, _script_at_once])
@pytest.mark.parametrize(
    ("ending", "load"),
    [
        *((ending, _session) for ending in (".pth", ".pt", ".ts")),
        (".pth", _checkpoint),
        (".pth", _resume),
        (".pt", _ultralytics),
    ],
)
def test_no_file_of_weights_runs_code(
    tmp_path: Path, make: Callable[[Path, Evil], None], ending: str, load: Callable[[Path], None]
) -> None:
    made, path = tmp_path / "made", tmp_path / f"weights{ending}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make(path, Evil(made))
        with pytest.raises(UserError) as said:
            load(path)
    assert not made.exists()
    assert "\n" not in str(said.value)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_the_examples_do_harm_to_who_is_careless(tmp_path: Path) -> None:
    """The test of the test."""
    import torch

    for number, make in enumerate((_weights, _old_weights, _script_at_once)):
        path, made = tmp_path / f"{number}.pth", tmp_path / f"made{number}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            make(path, Evil(made))
            _ = torch.jit.load(path) if make is _script_at_once else torch.load(path, weights_only=False)
        assert made.exists()


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("def forward(self, x):\n  return torch.add(x, ops.quantized.relu(x))", ""),
        ('def forward(self, x):\n  return getattr(self.layers, "0")', ""),
        ("def f(x):\n  torch.save(x, 'a')", "save"),
        ("def f(x):\n  t = torch\n  t.add(x)", "torch"),
        ("def f(x):\n  getattr(torch, 'sa' \"\\x76e\")(x, 'a')", "save"),
        ("def f(x):\n  getattr(torch, x)(x)", "getattr"),
        ("def f(x):\n  g = getattr\n  return x", "getattr"),
        ("def f(x):\n  ops.aten.from_file('a')", "from_file"),
        ("def f(x):\n  ops.mine.anything(x)", "ops.mine"),
        ("def f(x : __torch__.torch.classes.mine.Thing):\n  return x", "classes.mine"),
        ("import os", "os"),
        ("def f(x", "what cannot be read"),
        ("(" * 5000, "what cannot be read"),
    ],
)
def test_what_a_script_asks_for_is_told_from_its_code(code: str, asked: str) -> None:
    assert asks_for(code) == asked


def test_a_network_reads_no_weights_from_outside_of_its_folder(tmp_path: Path) -> None:
    import networks
    import onnx

    (tmp_path / "inside").mkdir()
    (tmp_path / "secret").write_bytes(bytes(17 * 3 * 4))
    for place in ("../secret", str(tmp_path / "secret")):
        path = networks.heatmaps(tmp_path / "inside" / "net.onnx")
        model = onnx.load(path)
        weights = model.graph.initializer[0]
        weights.ClearField("raw_data")
        weights.data_location = onnx.TensorProto.EXTERNAL
        entry = weights.external_data.add()
        entry.key, entry.value = "location", place
        path.write_bytes(model.SerializeToString())
        with pytest.raises(UserError):
            open_session(path, "cpu")
