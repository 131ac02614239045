"""Networks as ONNX files: the same answers as in torch, whatever is inside, and never half a file."""

from __future__ import annotations

import errno
import functools
import os
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from engine.crop import normalise  # noqa: E402
from engine.description import PoseModel, Triple  # noqa: E402
from engine.errors import UserError  # noqa: E402
from engine.heatmap import Decoder, decode  # noqa: E402
from engine.pose import open_estimator  # noqa: E402
from engine.samples import people  # noqa: E402
from engine.session import open_session  # noqa: E402
from engine.training import export as exporting  # noqa: E402
from engine.training.export import export, main  # noqa: E402
from engine.training.graph import Decode, fold  # noqa: E402
from engine.training.hrnet import HRNet, Shape  # noqa: E402
from engine.training.simple_baseline import SimpleBaseline  # noqa: E402
from engine.training.zoo import build  # noqa: E402
from engine.types import Array, Boxes, Image  # noqa: E402

crops_of_people = functools.cache(people)
pytestmark = pytest.mark.usefixtures("one_thread")

SLIM = Shape(
    widths=(8, 12, 16), modules=(1, 1), blocks=1, stem=8, first_width=8, first_blocks=1, bottleneck=False
)
DECODERS = get_args(Decoder)
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@pytest.fixture(autouse=True)
def _the_clip_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "people", crops_of_people)


def model(
    decoder: Decoder = "quarter",
    *,
    rgb: bool = True,
    mean: Triple = MEAN,
    std: Triple = STD,
    size: tuple[int, int] = (64, 64),
) -> PoseModel:
    names = ("nose", "left_ear", "right_ear")
    return PoseModel(rgb, mean, std, names, decoder, sigma=2.0, input_size=size, licence="CC0-1.0")


def lived_in(network: Any) -> Any:
    """The network as a training leaves it: every normalisation does something, and heatmaps have peaks."""
    rng = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5, generator=rng)
            module.bias.data.normal_(0, 0.2, generator=rng)
            module.running_mean.normal_(0, 0.3, generator=rng)
            module.running_var.uniform_(0.5, 2, generator=rng)
    network.final_layer.weight.data.normal_(0, 0.2, generator=rng)
    return network.eval()


class Blobs(torch.nn.Module):
    """A network whose heatmap k is channel k of its input, blurred: a bright dot becomes a Gaussian."""

    def __init__(self) -> None:
        super().__init__()
        away = torch.arange(-20, 21) ** 2
        bell = torch.exp(-away / (2 * 8.0**2))
        kernel = torch.outer(bell, bell).repeat(3, 1, 1, 1)
        self.conv = torch.nn.Conv2d(3, 3, 41, stride=4, padding=20, groups=3, bias=False)
        self.conv.weight.data.copy_(kernel / 4)

    def forward(self, x: Any) -> Any:
        return self.conv(x)


def noisy_bells(seed: int) -> Array:
    """Heatmaps (9, 3, 16, 12): bells of any height, anywhere, on uneven ground; some nothing."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:16, :12]
    x, y = rng.uniform(-2, 13, (9, 3, 1, 1)), rng.uniform(-2, 17, (9, 3, 1, 1))
    away = (columns - x) ** 2 / rng.uniform(1, 6, x.shape) + (rows - y) ** 2 / rng.uniform(1, 6, x.shape)
    out = rng.uniform(0.05, 1.2, x.shape) * np.exp(-away / 2) + rng.normal(0, 0.01, (9, 3, 16, 12))
    out[0, 0], out[0, 1], out[0, 2] = 0, out[0, 1] - 3, 0.5
    return out.astype(np.float32)


def dots(seed: int, n: int, size: tuple[int, int] = (64, 64)) -> Image:
    """Pictures (n, H, W, 3), dark but for a bright dot of 2 x 2 pixels in each channel."""
    rng = np.random.default_rng(seed)
    out = rng.integers(0, 2, (n, *size, 3), np.uint8)
    for person, channel in np.ndindex(n, 3):
        y, x = rng.integers(4, size[0] - 5), rng.integers(4, size[1] - 5)
        out[person, y : y + 2, x : x + 2, channel] = 255
    return out


@pytest.mark.parametrize("kind", ["hrnet", "hrnet 2x", "simple baseline"])
def test_onnx_runtime_answers_what_torch_answers_for_any_number_of_people(tmp_path: Path, kind: str) -> None:
    torch.manual_seed(3)
    shape = Shape(widths=(8, 12), modules=(2,), blocks=2, stem=8, first_width=8, first_blocks=2, heatmaps=2)
    networks = {
        "hrnet": lambda: HRNet(SLIM, 3),
        "hrnet 2x": lambda: HRNet(shape, 3),
        "simple baseline": lambda: SimpleBaseline((1, 1, 1, 1), 3),
    }
    network = lived_in(networks[kind]())
    export(network, model(size=(64, 32)), tmp_path / "m.onnx")
    session = open_session(tmp_path / "m.onnx", "cpu", 1)
    assert session.signature.inputs == ((0, 3, 64, 32),)
    for n in (1, 2, 5):
        batch = np.random.default_rng(n).normal(size=(n, 3, 64, 32)).astype(np.float32)
        with torch.no_grad():
            wanted = network(torch.from_numpy(batch)).numpy()
        (found,) = session.run(batch)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4 * np.ptp(wanted))
    session.close()


def test_the_file_says_what_it_needs_and_answers(tmp_path: Path) -> None:
    export(lived_in(HRNet(SLIM, 3)), model("dark", rgb=False), tmp_path / "m.onnx")
    estimator = open_estimator(tmp_path / "m.onnx", "cpu", 1)
    assert estimator._model == model("dark", rgb=False)
    estimator.close()
    graph = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(graph, full_check=True)
    assert [each.name for each in (*graph.graph.input, *graph.graph.output)] == ["pictures", "heatmaps"]
    assert not {node.op_type for node in graph.graph.node} & {"BatchNormalization", "Identity"}


def test_no_normalisation_is_left_and_nothing_else_changes() -> None:
    torch.manual_seed(0)
    for network in (HRNet(SLIM, 3), SimpleBaseline((1, 1, 1, 1), 3)):
        before = lived_in(network)
        after = fold(before)
        x = torch.randn(2, 3, 64, 64)
        with torch.no_grad():
            wanted, found = before(x), after(x)
        assert (found - wanted).abs().max() < 1e-4 * (wanted.max() - wanted.min())
        assert not any(isinstance(each, torch.nn.BatchNorm2d) for each in after.modules())
        assert any(isinstance(each, torch.nn.BatchNorm2d) for each in before.modules())


@pytest.mark.parametrize("decoder", DECODERS)
def test_joints_from_inside_are_those_that_the_program_decodes(decoder: Decoder) -> None:
    settings = model(decoder, size=(64, 48))
    heatmaps = np.concatenate([noisy_bells(seed) for seed in range(20)])
    cells, scores, _ = decode(heatmaps, settings.decoder, sigma=2.0)
    wanted = cells * ([47 / 11, 63 / 15] if settings.decoder == "udp" else [4, 4])
    with torch.no_grad():
        found, peaks = Decode(settings, (16, 12))(torch.from_numpy(heatmaps))
    assert np.hypot(*(found.numpy() - wanted).T).max() < 0.01
    np.testing.assert_allclose(peaks.numpy(), scores, atol=1e-6)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("decoder", DECODERS)
def test_pixels_in_and_joints_out_are_what_the_program_makes_of_the_plain_network(
    tmp_path: Path, decoder: Decoder, half: bool
) -> None:
    frame = np.zeros((320, 320, 3), np.uint8)
    for colour, centre in (((100, 0, 0), (83, 121)), ((0, 80, 0), (170, 90)), ((0, 0, 90), (131, 222))):
        frame += cv2.circle(np.zeros_like(frame), centre, 11, colour, -1)
    boxes = Boxes(
        np.array([[0, 0, 320, 320], [20, 30, 250, 300], [60, 0, 200, 319]], np.float32),
        np.ones(3, np.float32),
    )
    settings = model(decoder, rgb=decoder != "dark", mean=(0, 0, 0), std=(250, 200, 300))
    variants = {"plain": {}, "pixels": {"pixels": True}, "both": {"pixels": True, "joints": True}}
    found = {}
    for name, inside in variants.items():
        export(Blobs(), settings, tmp_path / f"{name}.onnx", half=half and name != "plain", **inside)
        estimator = open_estimator(tmp_path / f"{name}.onnx", "cpu", 1, batch=2)
        found[name] = estimator(frame, boxes)
        estimator.close()
    assert (found["plain"].scores > 0.3).all()
    scale = 64 / (1.25 * 280)  # network pixels for each pixel of the frame, about
    for name in ("pixels", "both"):
        apart = scale * np.hypot(*(found[name].keypoints - found["plain"].keypoints).T)
        assert apart.mean() < (0.05 if half else 0.01)
        np.testing.assert_allclose(found[name].scores, found["plain"].scores, atol=2e-3 if half else 1e-5)


def test_normalisation_inside_is_that_of_the_program(tmp_path: Path) -> None:
    for rgb in (True, False):
        export(Blobs(), model(rgb=rgb), tmp_path / "p.onnx", pixels=True)
        session = open_session(tmp_path / "p.onnx", "cpu", 1)
        crops = dots(2, 3)
        with torch.no_grad():
            wanted = Blobs()(torch.from_numpy(normalise(crops, MEAN, STD, rgb))).numpy()
        np.testing.assert_allclose(session.run(crops)[0], wanted, atol=2e-3)  # a grey level is 0.4
        session.close()


def test_half_precision_halves_the_file_and_is_float32_outside(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = lived_in(HRNet(Shape(widths=(32, 64), modules=(1,), stem=16, first_width=16), 3))
    sizes = []
    for half in (False, True):
        export(network, model(), tmp_path / "m.onnx", half=half)
        sizes.append((tmp_path / "m.onnx").stat().st_size)
    assert sizes[1] < 0.56 * sizes[0]
    graph = onnx.load(tmp_path / "m.onnx").graph
    ends = {each.type.tensor_type.elem_type for each in (*graph.input, *graph.output)}
    assert ends == {onnx.TensorProto.FLOAT}
    large = [each for each in graph.initializer if np.prod(each.dims) > 16]
    assert {each.data_type for each in large} == {onnx.TensorProto.FLOAT16}


def test_flip_and_other_decoders_need_a_network_that_gives_heatmaps(tmp_path: Path) -> None:
    export(Blobs(), model("dark"), tmp_path / "m.onnx", joints=True)
    for options in ({"flip": True}, {"decoder": "quarter"}):
        with pytest.raises(UserError, match="decodes its heatmaps itself, by dark"):
            open_estimator(tmp_path / "m.onnx", "cpu", 1, **options)
    open_estimator(tmp_path / "m.onnx", "cpu", 1, decoder="dark").close()


def test_pictures_can_be_mirrored_before_normalisation_inside(tmp_path: Path) -> None:
    poses = []
    frame, boxes = (
        dots(4, 1, (64, 64))[0],
        Boxes(np.array([[6, 6, 57, 57]], np.float32), np.ones(1, np.float32)),
    )
    for pixels in (False, True):
        export(Blobs(), model(mean=(0, 0, 0)), tmp_path / "m.onnx", pixels=pixels)
        estimator = open_estimator(tmp_path / "m.onnx", "cpu", 1, flip=True)
        poses.append(estimator(frame, boxes).keypoints)
        estimator.close()
    assert np.ptp(poses[0]) > 10
    np.testing.assert_allclose(poses[1], poses[0], atol=0.01)


def test_a_network_of_broken_weights_is_not_written(tmp_path: Path) -> None:
    network = lived_in(HRNet(SLIM, 3))
    network.layer1[0].conv1.weight.data[0, 0] = np.nan
    with pytest.raises(UserError, match=r"m\.onnx: not written: ONNX Runtime's heatmaps are off"):
        export(network, model(), tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_half_precision_that_overflows_is_not_written(tmp_path: Path) -> None:
    network = lived_in(HRNet(SLIM, 3))
    network.bn2.weight.data *= 1e5
    export(network, model(), tmp_path / "m.onnx")
    with pytest.raises(UserError, match="not written"):
        export(network, model(), tmp_path / "h.onnx", half=True)
    assert [each.name for each in tmp_path.iterdir()] == ["m.onnx"]


def test_half_precision_that_moves_joints_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that answers each dot twice, the second time a little louder than half precision can tell."""
    network = Blobs()
    network.conv = torch.nn.Conv2d(3, 3, 33, stride=4, padding=16, groups=3, bias=False)
    network.conv.weight.data[:] = 0
    network.conv.weight.data[:, :, 24:26, 24:26] = 1
    network.conv.weight.data[:, :, 8:10, 8:10] = 1 + 2**-12
    monkeypatch.setattr(exporting, "people", lambda *_, **__: np.where(dots(1, 9) > 1, np.uint8(255), 0))
    settings = model("argmax", mean=(0, 0, 0), std=(255, 255, 255))
    export(network, settings, tmp_path / "m.onnx")
    with pytest.raises(UserError, match=r"h\.onnx: not written: in half precision joints lie \d+\.\d+ px"):
        export(network, settings, tmp_path / "h.onnx", half=True)
    assert [each.name for each in tmp_path.iterdir()] == ["m.onnx"]


def test_a_full_disk_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "m.onnx").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"m\.onnx: cannot be written: No space left on device"):
        export(Blobs(), model(), tmp_path / "m.onnx")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"old"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"m\.onnx: cannot be written"):
        export(Blobs(), model(), tmp_path / "file" / "new" / "m.onnx")


def test_the_command_makes_a_model_of_a_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    network = lived_in(build("hrnet_tiny"))
    weights = {f"module.{key}": value for key, value in network.state_dict().items()}
    torch.save({"state_dict": weights}, tmp_path / "w.pth")
    out = tmp_path / "new" / "m.onnx"
    asked = [str(tmp_path / "w.pth"), "--arch", "hrnet_tiny", "--size", "64x96", "-o", str(out)]
    assert main([*asked, "--decoder", "dark", "--channels", "bgr", "--licence", "MIT"]) == 0
    assert "m.onnx: 4.8 MB" in capsys.readouterr().err
    estimator = open_estimator(out, "cpu", 1)
    told = estimator._model
    assert (told.input_size, told.decoder, told.rgb, told.licence) == ((64, 96), "dark", False, "MIT")
    assert told.sigma == 0.5
    estimator.close()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--size", "256"], "--size 256: it has to be height x width"),
        (["--size", "0x64"], "--size 0x64: it has to be"),
        (["--arch", "hrnet_w32"], "missing"),
        (["-o", "m.engine"], "-o m.engine: the name of the file has to end in .onnx"),
    ],
)
def test_the_command_says_in_a_line_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: list[str], said: str
) -> None:
    torch.save(build("hrnet_tiny").state_dict(), tmp_path / "w.pth")
    asked = [str(tmp_path / "w.pth"), "--size", "64x64", "-o", str(tmp_path / "m.onnx")]
    assert main([*asked, *wrong]) == 2
    text = capsys.readouterr().err
    assert said in text
    assert text.count("\n") == 1
    assert [each.name for each in tmp_path.iterdir()] == ["w.pth"]
