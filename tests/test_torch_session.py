"""Checkpoints and TorchScript: they run like an ONNX file, and what is wrong with them is one line."""

from __future__ import annotations

import json
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import contract
import numpy as np
import pytest
from contract import MODEL

torch = pytest.importorskip("torch")

from engine import torch_session  # noqa: E402
from engine.crop import normalise  # noqa: E402
from engine.description import to_metadata  # noqa: E402
from engine.errors import UserError  # noqa: E402
from engine.onnx_session import OnnxSession  # noqa: E402
from engine.pose import open_estimator  # noqa: E402
from engine.recognition import pose_model  # noqa: E402
from engine.session import open_session  # noqa: E402
from engine.torch_gpu import Recorded  # noqa: E402
from engine.torch_session import OPEN, TorchSession, open_checkpoint  # noqa: E402
from engine.training.trained import open_trained  # noqa: E402
from engine.training.zoo import build  # noqa: E402
from engine.types import Boxes  # noqa: E402

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="this PyTorch knows a GPU")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_checkpoint_takes_pixels_and_answers_what_its_network_answers_to_them(tmp_path: Path) -> None:
    path, _ = contract.checkpoint(tmp_path)
    network, model = open_trained(path)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 64, 32, 3), np.uint8)
    with torch.no_grad():
        wanted = network(torch.from_numpy(normalise(pixels, model.mean, model.std, model.rgb))).numpy()
    session = open_session(path, "cpu", 1)
    found = session.run(pixels)[0]
    np.testing.assert_allclose(found, wanted, atol=1e-4 * np.ptp(wanted))
    assert pose_model(path, session.signature) == model
    session.close()


@pytest.mark.parametrize("flip", [False, True])
def test_a_checkpoint_finds_the_joints_that_its_onnx_finds(tmp_path: Path, flip: bool) -> None:
    path, exported = contract.checkpoint(tmp_path)
    image = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)
    boxes = Boxes(np.array([[10, 10, 60, 110], [80, 20, 150, 115]], np.float32), np.ones(2, np.float32))
    found = []
    for each in (path, exported):
        estimator = open_estimator(each, "cpu", 1, decoder="dark", flip=flip)
        found.append(estimator(image, boxes))
        estimator.close()
    np.testing.assert_allclose(found[0].keypoints, found[1].keypoints, atol=0.05)
    np.testing.assert_allclose(found[0].scores, found[1].scores, atol=1e-4)


def test_the_weights_of_others_need_no_description(tmp_path: Path) -> None:
    torch.save(build("hrnet_tiny").state_dict(), tmp_path / "official.pth")
    with pytest.raises(UserError, match=r"^official\.pth: does not say the size of its input"):
        open_session(tmp_path / "official.pth", "cpu")
    session = open_checkpoint(tmp_path / "official.pth", "cpu", 1, size=(64, 64))
    assert session.signature.inputs == ((0, 64, 64, 3),)
    assert session.signature.outputs == ((0, 17, 16, 16),)


def test_a_checkpoint_may_end_in_pt(tmp_path: Path) -> None:
    path, _ = contract.checkpoint(tmp_path)
    session = open_session(path.rename(tmp_path / "net.pt"), "cpu", 1)
    assert session.run(np.zeros((1, 64, 32, 3), np.uint8))[0].shape == (1, 17, 16, 8)
    session.close()


def test_a_network_in_training_is_run_as_it_is() -> None:
    network = torch.nn.Conv2d(3, 2, 1)
    session = TorchSession(network, OPEN, torch.device("cpu"))
    batch = np.random.default_rng(0).standard_normal((2, 3, 8, 6), np.float32)
    weights, bias = (each.detach().numpy() for each in (network.weight, network.bias))
    wanted = np.einsum("kc,nchw->nkhw", weights[:, :, 0, 0], batch) + bias[:, None, None]
    np.testing.assert_allclose(session.run(batch)[0], wanted, atol=1e-5)
    session.close()


def test_what_a_network_keeps_is_not_given_away() -> None:
    class Same(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.answer = torch.nn.Buffer(torch.ones(1, 5))

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            del pictures
            return self.answer

    session = TorchSession(Same(), OPEN, torch.device("cpu"))
    for _ in range(2):
        (found,) = session.run(np.zeros((1, 3, 4, 4), np.float32))
        np.testing.assert_array_equal(found, np.ones((1, 5)))
        found += 1
    session.close()


def test_a_script_that_says_nothing_is_described_by_the_file_beside_it(tmp_path: Path) -> None:
    path = contract.script(tmp_path, says=None)
    session = open_session(path, "cpu", 1)
    with pytest.raises(UserError, match=r"^net\.ts: "):
        pose_model(path, session.signature)
    said = {key.removeprefix("kinetrail."): json.loads(text) for key, text in to_metadata(MODEL).items()}
    path.with_name("net.ts.json").write_text(json.dumps(said))
    assert pose_model(path, session.signature) == MODEL
    batch = np.random.default_rng(0).standard_normal((2, 3, 64, 48), np.float32)
    reference = OnnxSession(contract.heatmaps(tmp_path), "cpu", 1)
    np.testing.assert_allclose(session.run(batch)[0], reference.run(batch)[0], atol=1e-5)
    session.close()


@pytest.mark.parametrize(
    "says",
    [
        "no JSON",
        "[" * 10_000,
        [],
        {},
        {"input": [0, 3, 64], "metadata": {}},
        {"input": [0, 3, "h", 4], "metadata": {}},
    ],
    ids=lambda says: str(says)[:20],
)
def test_a_script_that_describes_itself_badly_is_one_line(tmp_path: Path, says: object) -> None:
    with pytest.raises(UserError, match=r'^net\.ts: kinetrail\.json in it has to be \{"input"') as caught:
        open_session(contract.script(tmp_path, says=says), "cpu")
    assert "\n" not in str(caught.value)


def test_a_script_that_fails_says_what_went_wrong_and_not_where(tmp_path: Path) -> None:
    class Picky(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return pictures.reshape(-1, 49)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Picky()), tmp_path / "picky.torchscript")
    session = open_session(tmp_path / "picky.torchscript", "cpu")
    with pytest.raises(
        UserError, match=r"^picky\.torchscript: cannot run on \(1, 3, 4, 4\): RuntimeError: shape"
    ):
        session.run(np.zeros((1, 3, 4, 4), np.float32))
    session.close()


def test_answers_that_are_not_row_by_row_are_refused() -> None:
    for forward, shape in ((lambda rows: rows[:1], r"\(1, 3, 4, 4\)"), (torch.Tensor.sum, r"\(\)")):
        session = TorchSession(forward, OPEN, torch.device("cpu"), "odd.ts")
        with pytest.raises(UserError, match=rf"^odd\.ts: 2 pictures in, but {shape} out; export"):
            session.run(np.ones((2, 3, 4, 4), np.float32))
        session.close()


def test_a_gpu_whose_memory_does_not_suffice_to_record_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __init__(self, *_: object, **__: object) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(torch_session, "OnGpu", Full)
    monkeypatch.setattr(torch_session, "_device", lambda *_: types.SimpleNamespace(type="cuda"))
    monkeypatch.setattr(TorchSession, "run", lambda *_: (np.zeros((1, 17, 16, 8), np.float32),))
    monkeypatch.setattr(torch.nn.Module, "to", lambda self, *_, **__: self)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    path, _ = contract.checkpoint(tmp_path)
    with pytest.raises(
        UserError, match=r"^net\.pth: cannot be readied on .*CUDA out of memory.*; close"
    ) as told:
        open_session(path, "cuda")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("device", ["gpu", "cuda:", "CPU", ""])
def test_a_device_that_does_not_exist_is_named(tmp_path: Path, device: str) -> None:
    with pytest.raises(UserError, match=rf"^device {device}: there is auto, cpu, cuda and cuda:N"):
        open_session(contract.script(tmp_path), device)


@NO_GPU
def test_a_gpu_that_is_asked_for_and_not_there_is_an_error(tmp_path: Path) -> None:
    for path in (contract.script(tmp_path), contract.checkpoint(tmp_path)[0]):
        with pytest.raises(UserError, match=r"^device cuda:1: this PyTorch .*; put that right, or use cpu"):
            open_session(path, "cuda:1")


def test_a_gpu_beyond_those_that_are_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(UserError, match=r"^device cuda:2: there are 2 GPUs"):
        open_session(contract.script(tmp_path), "cuda:2")


def test_without_pytorch_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = contract.script(tmp_path)
    monkeypatch.setitem(sys.modules, "engine.torch_session", None)
    with pytest.raises(UserError, match=r"^net\.ts: needs PyTorch .*pip install 'kinetrail\[train\]'"):
        open_session(path)


class Tape:
    """Recording as a GPU does it, without one: what was recorded is done again on the same memory."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.repeated: list[int] = []

    def __call__(
        self, work: Callable[[], tuple[torch.Tensor, ...]]
    ) -> tuple[Callable[[], None], tuple[torch.Tensor, ...]]:
        outputs = work()
        self.sizes.append(len(outputs[0]))

        def repeat() -> None:
            self.repeated.append(len(outputs[0]))
            for one, other in zip(outputs, work(), strict=True):
                one.copy_(other)

        return repeat, outputs


def test_recorded_work_is_filled_up_to_the_next_number_of_rows() -> None:
    tape = Tape()
    recorded = Recorded(lambda rows: (rows * 2, rows.sum(dim=1)), torch.zeros(3), tape, (1, 2, 4, 8))
    rng = torch.Generator().manual_seed(0)
    for n in (1, 2, 3, 5, 8, 1, 7):
        rows = torch.randn(n, 3, generator=rng)
        doubled, sums = recorded(rows)
        torch.testing.assert_close(doubled, rows * 2)
        torch.testing.assert_close(sums, rows.sum(dim=1))
    assert tape.repeated == [1, 2, 4, 8, 8, 1, 8]


def test_only_what_is_used_is_recorded_and_once() -> None:
    tape = Tape()
    recorded = Recorded(lambda rows: rows * 2, torch.zeros(3), tape, (1, 2, 4, 8, 64))
    assert tape.sizes == []
    for n in (3, 1, 4, 1):
        torch.testing.assert_close(recorded(torch.full((n, 3), float(n)))[0], torch.full((n, 3), 2.0 * n))
    assert tape.sizes == [4, 1]


ODD_ANSWERS: dict[str, tuple[Callable[[torch.Tensor], object], str]] = {
    "a dict": (lambda rows: {"heatmaps": rows}, "dict"),
    "lists of tensors": (lambda rows: ([rows], [rows]), "list"),
    "a tensor and none": (lambda rows: (rows, None), "Tensor and NoneType"),
    "nothing": (lambda _: (), "nothing"),
}


@pytest.mark.parametrize("odd", ODD_ANSWERS)
def test_answers_that_are_no_tensors_are_one_line(odd: str) -> None:
    forward, kinds = ODD_ANSWERS[odd]
    session = TorchSession(forward, OPEN, torch.device("cpu"), "odd.ts")  # type: ignore[arg-type]
    says = rf"^odd\.ts: cannot run on \(2, 3, 4, 4\): it answers with {kinds} in place of tensors$"
    with pytest.raises(UserError, match=says):
        session.run(np.ones((2, 3, 4, 4), np.float32))
    session.close()


def test_a_script_that_answers_with_a_dict_is_one_line(tmp_path: Path) -> None:
    class Named(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"heatmaps": pictures}

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Named()), tmp_path / "named.ts")
    session = open_session(tmp_path / "named.ts", "cpu")
    with pytest.raises(UserError, match=r"^named\.ts: cannot run on .*: it answers with dict in place"):
        session.run(np.zeros((1, 3, 4, 4), np.float32))
    session.close()


def test_cuda_graphs_that_are_wished_for_where_nothing_can_be_recorded_are_a_note(tmp_path: Path) -> None:
    said: list[str] = []
    for path in (contract.script(tmp_path), contract.checkpoint(tmp_path)[0]):
        open_session(path, "cpu", 1, graphs=True, notice=said.append).close()
    assert said == [
        f"{name}: --cuda-graphs does nothing for it: it runs on the CPU" for name in ("net.ts", "net.pth")
    ]
