"""Weights from files: every known layout loads, whole; everything else is refused in a line."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engine.errors import UserError  # noqa: E402
from engine.skeleton import KEYPOINTS  # noqa: E402
from engine.training.checkpoint import load, read  # noqa: E402
from engine.training.hrnet import HRNet, Shape  # noqa: E402
from engine.training.simple_baseline import SimpleBaseline  # noqa: E402
from engine.training.trained import open_trained  # noqa: E402
from engine.training.zoo import build  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

SLIM = Shape(
    widths=(8, 12, 16), modules=(1, 1), blocks=1, stem=8, first_width=8, first_blocks=1, bottleneck=False
)

Weights = dict[str, Any]


def tiny(seed: int, keypoints: int = 17) -> Any:
    """A network whose every number is its own."""
    torch.manual_seed(seed)
    network = HRNet(SLIM, keypoints)
    for tensor in network.state_dict().values():
        tensor.copy_(torch.rand(tensor.shape) * 9)
    return network


def after(weights: Weights, body: str, head: str) -> Weights:
    heads = ("final_layer", "deconv_layers")
    return {(head if key.startswith(heads) else body) + key: value for key, value in weights.items()}


LAYOUTS = {
    "official": lambda weights: weights,
    "official while training": lambda weights: {
        "epoch": 3,
        "model": "pose_hrnet",
        "state_dict": after(weights, "module.", "module."),
        "best_state_dict": {},
        "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]},
    },
    "module": lambda weights: OrderedDict(after(weights, "module.", "module.")),
    "MMPose 0": lambda weights: {
        "meta": {"mmpose_version": "0.29.0"},
        "state_dict": after(weights, "backbone.", "keypoint_head."),
    },
    "MMPose 1": lambda weights: {
        "meta": {"epoch": 210},
        "state_dict": OrderedDict(after(weights, "backbone.", "head.")),
    },
    "MMPose in parallel": lambda weights: {
        "state_dict": after(weights, "module.backbone.", "module.keypoint_head.")
    },
    "without counters": lambda weights: {
        key: value for key, value in weights.items() if not key.endswith("num_batches_tracked")
    },
}


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_fills_the_network_with_the_same_weights(tmp_path: Path, layout: str, old: bool) -> None:
    source, target = tiny(1), tiny(2)
    path = tmp_path / "weights.pth"
    torch.save(LAYOUTS[layout](source.state_dict()), path, _use_new_zipfile_serialization=not old)
    load(path, target)
    wanted, found = source.state_dict(), target.state_dict()
    for key in wanted:
        counter = layout == "without counters" and key.endswith("num_batches_tracked")
        assert counter or torch.equal(wanted[key], found[key]), key
    assert read(path).layout == ("mmpose" if "MMPose" in layout else "official")


@pytest.mark.parametrize("head", ["head.", "keypoint_head."])
def test_mmpose_keeps_the_transposed_convolutions_in_the_head(tmp_path: Path, head: str) -> None:
    torch.manual_seed(0)
    source, target = SimpleBaseline((1, 1, 1, 1), 3), SimpleBaseline((1, 1, 1, 1), 3)
    torch.save({"state_dict": after(source.state_dict(), "backbone.", head)}, tmp_path / "resnet.pth")
    load(tmp_path / "resnet.pth", target)
    for key, wanted in source.state_dict().items():
        assert torch.equal(wanted, target.state_dict()[key]), key


def test_our_own_checkpoints_say_what_else_they_are(tmp_path: Path) -> None:
    content = {"state_dict": tiny(1).state_dict(), "arch": "hrnet_tiny", "sigma": 1.5}
    torch.save(content, tmp_path / "pose.pth")
    found = read(tmp_path / "pose.pth")
    assert found.layout == "ours"
    assert found.notes == {"arch": "hrnet_tiny", "sigma": 1.5}


def test_weights_of_another_network_are_told_apart_by_what_is_missing_extra_and_of_another_shape(
    tmp_path: Path,
) -> None:
    weights = tiny(1, keypoints=16).state_dict()
    gone = [key for key in weights if key.startswith("stage3.")]
    others = {key: value for key, value in weights.items() if key not in gone}
    torch.save({**others, "fc.weight": torch.zeros(10, 8), "fc.bias": torch.zeros(10)}, tmp_path / "w.pth")
    needed = [key for key in gone if not key.endswith("num_batches_tracked")]
    target = tiny(2)
    before = {key: value.clone() for key, value in target.state_dict().items()}
    with pytest.raises(UserError) as caught:
        load(tmp_path / "w.pth", target)
    text = str(caught.value)
    assert text.startswith("w.pth: not the weights of this network: ")
    assert f"{len(needed)} missing: {', '.join(needed[:3])} and {len(needed) - 3} more" in text
    assert "2 extra: fc.weight, fc.bias" in text
    assert "2 of another shape: final_layer.weight (16, 8, 1, 1), needed (17, 8, 1, 1), final_layer.b" in text
    assert "\n" not in text
    assert all(torch.equal(value, before[key]) for key, value in target.state_dict().items())


def test_weights_of_another_network_of_ours_are_called_by_its_name(tmp_path: Path) -> None:
    torch.save(build("hrnet_tiny").state_dict(), tmp_path / "tiny.pth")
    with pytest.raises(UserError, match=r"of another shape: .*; they are those of hrnet_tiny$"):
        load(tmp_path / "tiny.pth", tiny(1))


@pytest.mark.parametrize(
    "change", [lambda each: each.to_sparse(), lambda each: each.to("meta"), lambda each: each * 1j]
)
def test_tensors_without_plain_numbers_are_no_weights(tmp_path: Path, change: Any) -> None:
    weights = tiny(1).state_dict()
    torch.save({**weights, "conv1.weight": change(weights["conv1.weight"])}, tmp_path / "w.pth")
    with pytest.raises(UserError, match=r"w\.pth: holds no weights: no tensor of plain numbers in conv1"):
        load(tmp_path / "w.pth", tiny(2))


class Code:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old"])
@pytest.mark.parametrize("beside", [False, True])
def test_a_checkpoint_that_wants_to_run_code_does_not(tmp_path: Path, old: bool, beside: bool) -> None:
    code = Code(tmp_path / "harm")
    content = {**tiny(1).state_dict(), "code": code} if beside else code
    torch.save(content, tmp_path / "evil.pth", _use_new_zipfile_serialization=not old)
    with pytest.raises(UserError, match=r"^evil\.pth: wants to run \w+\.mkdir, which is refused"):
        read(tmp_path / "evil.pth")
    assert not code.path.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no checkpoint"),
        (b"<!DOCTYPE html><html>quota exceeded</html>", "no checkpoint"),
        (pickle.dumps({"a": 1}), "no checkpoint"),
        (b"PK\x03\x04" + b"\0" * 200, "damaged or cut off"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(UserError, match=rf"^w\.pth: {said}"):
        read(tmp_path / "w.pth")


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(UserError, match="there is no such checkpoint"):
            read(path)


@pytest.mark.parametrize(
    "content",
    [
        [torch.zeros(1)],
        torch.zeros(3),
        {},
        {"state_dict": {}},
        {"state_dict": [1]},
        {"epoch": 3, "model": {"a": torch.zeros(1)}},
        {"a.weight": 3},
    ],
)
def test_a_checkpoint_without_weights_by_name_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(UserError, match=r"^w\.pth: holds "):
        read(tmp_path / "w.pth")


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old"])
def test_damage_anywhere_is_an_error_in_a_line_or_does_no_harm(tmp_path: Path, old: bool) -> None:
    whole, broken = tmp_path / "whole.pth", tmp_path / "broken.pth"
    content = {"state_dict": {"module.conv1.weight": torch.rand(4, 3, 3, 3)}, "epoch": 3, "perf": 0.5}
    torch.save(content, whole, _use_new_zipfile_serialization=not old)
    rng, text = np.random.default_rng(4), whole.read_bytes()
    for turn in range(300):
        damaged = bytearray(text)
        if turn % 3 == 0:
            del damaged[rng.integers(len(damaged)) :]
        for at in rng.integers(len(damaged), size=turn % 7) if damaged else ():
            damaged[at] = rng.integers(256)
        broken.write_bytes(damaged)
        try:
            read(broken)
        except UserError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_a_trained_network_is_recognised_by_its_weights(tmp_path: Path) -> None:
    source = build("hrnet_tiny")
    torch.save(source.state_dict(), tmp_path / "w.pth")
    network, model = open_trained(tmp_path / "w.pth", size=(128, 96))
    assert not network.training
    assert torch.equal(network.final_layer.weight, source.final_layer.weight)
    assert (model.input_size, model.sigma, model.decoder) == ((128, 96), 1.0, "quarter")
    assert (model.rgb, model.keypoints, model.mean) == (True, KEYPOINTS, (123.675, 116.28, 103.53))


def test_only_the_official_simple_baselines_were_trained_with_blue_first(tmp_path: Path) -> None:
    with torch.device("meta"):
        shapes = build("resnet50").state_dict()
    weights = {key: torch.zeros(()).expand(value.shape) for key, value in shapes.items()}
    torch.save(weights, tmp_path / "official.pth")
    torch.save({"state_dict": after(weights, "backbone.", "head.")}, tmp_path / "mmpose.pth")
    orders = [
        open_trained(tmp_path / f"{name}.pth", size=(256, 192))[1].rgb for name in ("official", "mmpose")
    ]
    assert orders == [False, True]


def test_what_a_checkpoint_says_of_itself_counts_unless_the_user_says_otherwise(tmp_path: Path) -> None:
    said = {"arch": "hrnet_tiny", "input_size": [128, 96], "decoder": "udp", "sigma": 1.25, "rgb": False}
    names = {"keypoints": ["head", "left_foot", "right_foot"], "mean": [0, 0, 0], "std": [255, 255, 255]}
    content = {"state_dict": build("hrnet_tiny", keypoints=3).state_dict(), **said, **names}
    torch.save(content, tmp_path / "w.pth")
    model = open_trained(tmp_path / "w.pth")[1]
    assert (model.input_size, model.decoder, model.sigma, model.rgb) == ((128, 96), "udp", 1.25, False)
    assert (model.keypoints, model.std) == (("head", "left_foot", "right_foot"), (255, 255, 255))
    model = open_trained(tmp_path / "w.pth", size=(256, 192), settings={"decoder": "dark"})[1]
    assert (model.input_size, model.decoder) == ((256, 192), "dark")


@pytest.mark.parametrize(
    ("notes", "size", "said"),
    [
        ({}, (0, 0), r"does not say the size of its input; pass it, as --size 256x192"),
        ({}, (250, 192), r"size 250x192: height and width are multiples of 32"),
        ({"arch": "hrnet_tiny", "keypoints": ["nose"]}, (64, 64), r"2 of another shape"),
        ({"arch": "hrnet_tiny", "sigma": -1}, (64, 64), r"sigma is -1; it has to be above 0"),
        ({"arch": "hrnet_tiny", "mean": torch.zeros(3)}, (64, 64), r"describes itself in a way"),
        ({"arch": "hrnet_huge"}, (64, 64), r"hrnet_huge: there is no such network"),
    ],
)
def test_a_checkpoint_whose_description_does_not_do_is_refused(
    tmp_path: Path, notes: dict[str, object], size: tuple[int, int], said: str
) -> None:
    torch.save({"state_dict": build("hrnet_tiny").state_dict(), **notes}, tmp_path / "w.pth")
    with pytest.raises(UserError, match=said):
        open_trained(tmp_path / "w.pth", size=size)


def test_weights_of_no_network_of_ours_need_no_guess(tmp_path: Path) -> None:
    torch.save(tiny(1).state_dict(), tmp_path / "w.pth")
    with pytest.raises(UserError, match=r"^w\.pth: none of hrnet_w32, .* has these weights$"):
        open_trained(tmp_path / "w.pth", size=(64, 64))
