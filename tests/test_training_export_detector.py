"""The file of a person detector: the boxes of torch, a description of itself, and never half a file."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("ultralytics", reason="has the detector's network; pip install '.[train]'")

from engine.detector import open_detector  # noqa: E402
from engine.heads import THRESHOLDS  # noqa: E402
from engine.session import open_session  # noqa: E402
from engine.training import export_detector, saving, yolo  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that were never trained, but see people in many places, each with a score of its own."""
    torch.manual_seed(5)
    network = yolo.build("yolo26n")
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the mean over all that it has seen, which keeps signals alive
            module.reset_running_stats()
    with torch.no_grad():
        network.train()(export_detector.clouds(24, (96, 128)))
    for layer in network.model[-1].one2one_cv3:
        layer[-1].weight.data.normal_(0, 0.15)
        layer[-1].bias.data.fill_(0.0)
    path = tmp_path_factory.mktemp("weights") / "detector.pth"
    saving.save(yolo.described(network, "yolo26n"), path)
    return path


@pytest.mark.parametrize("size", ["", "96x128"])
@pytest.mark.parametrize("half", [False, True])
def test_the_program_reads_the_file_and_finds_the_boxes_of_torch(
    seeing: Path, tmp_path: Path, size: str, half: bool
) -> None:
    out = tmp_path / "person.onnx"
    threshold = 0.45 if half else THRESHOLDS["yolo_end2end"]
    options = ["--size", size] * bool(size) + [
        "--half",
        "--threshold",
        str(threshold),
        "--echo",
        "0.01",
    ] * half
    assert export_detector.main([str(seeing), "-o", str(out), *options]) == 0
    assert out.stat().st_size < (5.5e6 if half else 11e6)
    session = open_session(out, "cpu", 1)
    assert session.signature.inputs == ((1, 3, 96, 128) if size else (1, 3, 0, 0),)
    assert session.signature.outputs == ((1, 300, 6),)
    session.close()
    picture = cv2.resize(np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8), (128, 96))
    finder = open_detector(out, "cpu", 1, long_side=128)
    (found,) = finder.detect([np.asarray(picture, np.uint8)])
    finder.close()
    wanted, scores = torch_boxes(seeing, picture, threshold, half=half)
    assert len(found.xyxy) == len(wanted) > 20
    np.testing.assert_allclose(found.scores, scores, atol=1e-4)
    np.testing.assert_allclose(found.xyxy, wanted, atol=1e-2)


def torch_boxes(weights: Path, picture: Any, threshold: float, *, half: bool) -> tuple[Any, Any]:
    """What Ultralytics' own network finds: above the threshold, cut to the picture, best first."""
    network, _ = yolo.open_weights(weights)
    network.eval().fuse(verbose=False)
    if half:
        for each in network.parameters():
            each.data = each.data.half().float()
    batch = torch.from_numpy(np.ascontiguousarray(picture[..., ::-1]).transpose(2, 0, 1)[None]).float() / 255
    with torch.no_grad():
        rows = network(batch)[0][0].numpy()
    rows = rows[rows[:, 4] >= threshold]
    edges = np.clip(rows[:, :4] - 0.5, -0.5, [127.5, 95.5, 127.5, 95.5])
    kept = ((edges[:, 2:] - edges[:, :2]) >= 1).all(axis=1)
    return edges[kept], rows[kept, 4]


def test_a_file_of_open_size_takes_pictures_smaller_than_its_answer(seeing: Path, tmp_path: Path) -> None:
    network, _ = yolo.open_weights(seeing)
    export_detector.export(network, tmp_path / "p.onnx")
    finder = open_detector(tmp_path / "p.onnx", "cpu", 1, long_side=64)
    sizes = [(40, 64), (64, 7), (1000, 90)]
    found = finder.detect([np.full((*size, 3), 90, np.uint8) for size in sizes])
    finder.close()
    for (height, width), each in zip(sizes, found, strict=True):
        assert np.all(each.xyxy[:, 2:] <= [width - 0.5, height - 0.5])
    assert len(found[0].xyxy) > 5


def test_a_full_disk_leaves_no_half_file(
    seeing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert export_detector.main([str(seeing), "-o", str(tmp_path / "p.onnx")]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'p.onnx'}: cannot be written: No space left on device\n"
    assert not list(tmp_path.iterdir())


def test_weights_of_anything_else_are_refused(
    seeing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = saving.restore(seeing)
    name = next(iter(content["state_dict"]))
    changes: list[tuple[dict[str, Any], str]] = [
        ({"arch": 3}, "no weights of `engine.training.detector`"),
        ({"arch": "yolo99n"}, "yolo99n: Ultralytics knows no such network"),
        ({"arch": "yolo11n"}, "yolo11n: needs doubles removed behind it"),
        ({"state_dict": {"a": torch.zeros(1)}}, "1 extra, the first is a"),
        ({"state_dict": content["state_dict"] | {name: torch.zeros(1)}}, "1 of another shape, the first is"),
    ]
    for change, says in changes:
        saving.save(content | change, tmp_path / "w.pth")
        assert export_detector.main([str(tmp_path / "w.pth"), "-o", str(tmp_path / "p.onnx")]) == 2
        told = capsys.readouterr().err
        assert says in told
        assert told.count("\n") == 1
    weights = {key: value * torch.nan for key, value in content["state_dict"].items()}
    saving.save(content | {"state_dict": weights}, tmp_path / "w.pth")
    assert export_detector.main([str(tmp_path / "w.pth"), "-o", str(tmp_path / "p.onnx")]) == 2
    assert "are the weights trained, and finite?" in capsys.readouterr().err
    assert export_detector.main([str(tmp_path / "none.pth"), "-o", str(tmp_path / "p.onnx")]) == 2
    assert export_detector.main([str(seeing), "-o", str(tmp_path / "p.bin")]) == 2
    for option in (["--size", "100x64"], ["--threshold", "1"], ["--threshold", "nan"], ["--echo", "1"]):
        assert export_detector.main([str(seeing), "-o", str(tmp_path / "p.onnx"), *option]) == 2
    assert not list(tmp_path.glob("p*"))
