"""The training of a person detector: its labels, its pictures, its weights, its file."""

from __future__ import annotations

import csv
import errno
import gzip
import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import drawn_people
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("ultralytics", reason="trains the detector; pip install '.[train]'")

from engine.detector import open_detector  # noqa: E402
from engine.errors import UserError  # noqa: E402
from engine.heads import THRESHOLDS  # noqa: E402
from engine.session import open_session  # noqa: E402
from engine.training import boxes, detector, export_detector, mosaic, saving, yolo  # noqa: E402
from engine.training.config import load_as  # noqa: E402
from engine.training.detector_config import Config, Phase, Source, phase_at, rate  # noqa: E402
from engine.training.mosaic import Cell, Looks  # noqa: E402

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Two epochs of two steps on four small pictures."""
    drawn_people.write(tmp_path / "set")
    return Config(
        out=str(tmp_path / "out"),
        cache=str(tmp_path / "cache"),
        data=(Source(str(tmp_path / "set")),),
        phases=(Phase(64, batch=2),),
        epochs=2,
        samples=4,
    )


def teach(folder: Path, *rows: tuple[int, list[float], float]) -> None:
    said = [{"image_id": image, "category_id": 1, "bbox": box, "score": score} for image, box, score in rows]
    (folder / "teacher_boxes.json.gz").write_bytes(gzip.compress(json.dumps(said).encode()))


def test_labels_are_everybody_with_a_box_but_crowds(tmp_path: Path) -> None:
    labels = drawn_people.write(tmp_path / "set")
    labels["annotations"][1]["iscrowd"] = 1
    drawn_people.relabel(tmp_path / "set", labels)
    found = boxes.read(tmp_path / "set")
    assert [file.name for file in found.files] == ["1.png", "2.png", "3.png", "4.png"]
    assert [len(each) for each in found.xyxy] == [1, 0, 1, 1]
    x, y, width, height = labels["annotations"][2]["bbox"]
    np.testing.assert_allclose(found.xyxy[2], [[x, y, x + width, y + height]], rtol=1e-6)


def test_the_teacher_adds_people_that_it_is_sure_of_and_nobody_labelled(tmp_path: Path) -> None:
    labels = drawn_people.write(tmp_path / "set")
    x, y, width, height = labels["annotations"][0]["bbox"]
    upper_half = [x, y, width, height / 2]
    stranger = [x + width, y, 20.0, 40.0]
    beside = [x + 0.8 * width, y, 0.8 * width, height]  # a quarter of it covered
    teach(
        tmp_path / "set",
        (1, upper_half, 0.9),
        (1, stranger, 0.5),
        (1, stranger, 0.49),
        (1, beside, 0.7),
        (99, stranger, 0.9),
    )
    assert len(boxes.read(tmp_path / "set").xyxy[0]) == 1
    found = boxes.read(tmp_path / "set", teacher=0.5).xyxy[0]
    wanted = np.array([labels["annotations"][0]["bbox"], stranger, beside])
    np.testing.assert_allclose(found[:, :2], wanted[:, :2], rtol=1e-6)
    np.testing.assert_allclose(found[:, 2:] - found[:, :2], wanted[:, 2:], rtol=1e-5)


def test_pictures_are_reduced_once_and_their_boxes_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn_people.write(tmp_path / "set", size=(120, 160))
    labels = boxes.read(tmp_path / "set")
    same = boxes.photos(labels, tmp_path / "cache")
    for number, file in enumerate(labels.files):
        assert np.array_equal(same.image(number), cv2.imread(str(file)))
        np.testing.assert_allclose(same.xyxy[number], labels.xyxy[number])
    monkeypatch.setattr(boxes, "read_picture", lambda file: pytest.fail(f"{file} is read again"))
    assert np.array_equal(boxes.photos(labels, tmp_path / "cache").pixels, same.pixels)
    monkeypatch.undo()
    monkeypatch.setattr(boxes, "LONG_SIDE", 80)
    small = boxes.photos(labels, tmp_path / "cache")
    assert small.image(3).shape == (60, 80, 3)
    np.testing.assert_allclose(small.xyxy[3], labels.xyxy[3] / 2)


def framed(side: int = 40) -> boxes.Photos:
    """One photograph, dark, with a bright rectangle, and that as its one box."""
    picture = np.full((side, 2 * side, 3), 20, np.uint8)
    picture[10:30, 14:34] = 220
    size = np.array([[side, 2 * side]])
    return boxes.Photos(picture.reshape(-1), size, np.array([0]), (np.array([[14, 10, 34, 30]], np.float32),))


@pytest.mark.parametrize("parts", [0.0, 1.0])
def test_boxes_stay_on_what_they_are_around(parts: float) -> None:
    rng = np.random.default_rng(4)
    looks = Looks(scale=(0.6, 2.0), mosaic=parts, colour=0.0, grey=0.0)
    seen = 0
    for _ in range(40):
        image, xyxy = mosaic.shown([framed()], [1.0], 160, looks, rng)
        bright = image[..., 0] > 120
        assert np.all((xyxy >= 0) & (xyxy <= 160))
        for left, top, right, bottom in xyxy:
            inside = bright[round(top + 1) : round(bottom - 1), round(left + 1) : round(right - 1)]
            assert inside.all()
            seen += 1
        if len(xyxy) == 1 and not parts:
            rows, columns = np.nonzero(bright.any(axis=1))[0], np.nonzero(bright.any(axis=0))[0]
            edges = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
            np.testing.assert_allclose(xyxy[0], edges, atol=1)
    assert seen > 25


def test_half_a_pixel_is_not_lost_where_a_photograph_is_drawn() -> None:
    """The middle of what is bright, to a tenth of a pixel, is the middle of the box."""
    looks = Looks(scale=(1.9, 1.9), mosaic=0.0, colour=0.0, grey=0.0)
    rng = np.random.default_rng(0)
    checked = 0
    for _ in range(40):
        image, xyxy = mosaic.shown([framed()], [1.0], 160, looks, rng)
        if len(xyxy) != 1 or xyxy.min() < 6 or xyxy.max() > 154:
            continue
        checked += 1
        left, top, right, bottom = np.round(xyxy[0] + [-5, -5, 5, 5]).astype(int)
        light = image[top:bottom, left:right, 0].astype(float) - 20
        ys, xs = np.mgrid[top:bottom, left:right] + 0.5
        middle = np.array([(light * xs).sum(), (light * ys).sum()]) / light.sum()
        np.testing.assert_allclose(middle, (xyxy[0, :2] + xyxy[0, 2:]) / 2, atol=0.1)
    assert checked > 5


def test_people_cut_off_do_not_count_below_a_quarter() -> None:
    cell = Cell(10, 0, 110, 100)
    people = [[-20, 10, 21, 50], [-20, 10, 19, 50], [50, 96.5, 90, 99.9], [100, 50, 140, 90]]
    found = mosaic.inside(np.array(people, np.float32), cell)
    np.testing.assert_allclose(found, [[10, 10, 21, 50], [100, 50, 110, 90]])
    assert mosaic.inside(np.empty((0, 4), np.float32), cell).shape == (0, 4)


def test_four_parts_fill_the_picture() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        covered = np.zeros((96, 96), int)
        for left, top, right, bottom in mosaic.cells(96, 1.0, rng):
            covered[top:bottom, left:right] += 1
        assert (covered == 1).all()
    assert mosaic.cells(96, 0.0, rng) == [Cell(0, 0, 96, 96)]


def test_sets_are_drawn_by_weight(config: Config) -> None:
    dark, bright = framed(), framed()
    bright = replace(bright, pixels=np.full_like(bright.pixels, 250))
    looks = Looks(scale=(1.0, 1.0), mosaic=0.0, colour=0.0, grey=0.0)
    rng = np.random.default_rng(0)
    shown = [mosaic.shown([dark, bright], [3.0, 1.0], 80, looks, rng).image.max() for _ in range(400)]
    assert 0.2 < np.mean(np.array(shown) == 250) < 0.3
    assert config.data[0].weight == 1


def test_the_loss_falls_and_everything_is_written(config: Config, tmp_path: Path) -> None:
    torch.manual_seed(0)
    weights = detector.train(replace(config, epochs=3, samples=16), CPU)
    with (tmp_path / "out" / "log.csv").open(encoding="utf-8") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert losses[-1] < losses[0]
    content = torch.load(weights, weights_only=True)
    assert content["arch"] == "yolo26n"
    network, arch = yolo.open_weights(weights)
    assert arch == "yolo26n"
    assert sum(each.numel() for each in network.parameters()) > 2e6


def test_processes_draw_what_the_training_draws_alone(config: Config) -> None:
    alone = saving.restore(detector.train(config, CPU))
    helped = replace(config, workers=2, out=config.out + "2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that a process with threads forks
        together = saving.restore(detector.train(helped, CPU))
    for name, tensor in alone["state_dict"].items():
        assert torch.equal(tensor, together["state_dict"][name]), name


def test_a_resumed_training_ends_as_an_uninterrupted_one(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = saving.restore(detector.train(config, CPU))

    class Killed(Exception):
        """Stands for a kill in the second epoch."""

    again = replace(config, out=str(tmp_path / "again"))
    run_epoch = detector.Training.run_epoch

    def second_dies(self: detector.Training, *rest: Any) -> tuple[float, int]:
        out = run_epoch(self, *rest)
        if self.epoch == 1:
            raise Killed
        return out

    with monkeypatch.context() as patch:
        patch.setattr(detector.Training, "run_epoch", second_dies)
        with pytest.raises(Killed):
            detector.train(again, CPU)
    resumed = saving.restore(detector.train(again, CPU))
    assert whole["state_dict"].keys() == resumed["state_dict"].keys()
    for name, tensor in whole["state_dict"].items():
        assert torch.equal(tensor, resumed["state_dict"][name]), name


def test_learning_rate_and_phases_follow_what_is_done(config: Config) -> None:
    config = replace(config, lr=1.0, warmup=0.1, phases=(Phase(64, 2, share=3), Phase(96, 2)))
    assert [rate(config, done) for done in (0, 0.1, 0.55, 1)] == pytest.approx([0.01, 1, 0.505, 0.01])
    assert [phase_at(config, done).size for done in (0, 0.74, 0.76, 1)] == [64, 64, 96, 96]
    training = detector.Training(replace(config, epochs=0, minutes=2.0), CPU)
    training.elapsed_s = 30.0
    assert training.done() == pytest.approx(0.25)
    assert training.done(90.0, 0.1) == pytest.approx(1)


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
    options = ["--size", size] * bool(size) + ["--half", "--threshold", str(threshold)] * half
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
    for option in (["--size", "100x64"], ["--threshold", "1"], ["--threshold", "nan"]):
        assert export_detector.main([str(seeing), "-o", str(tmp_path / "p.onnx"), *option]) == 2
    assert not list(tmp_path.glob("p*"))


def test_damaged_sets_are_refused(config: Config, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    labels = json.loads((folder / "person_keypoints.json").read_text(encoding="utf-8"))
    with pytest.raises(UserError, match=r"teacher_boxes\.json\.gz: there is no such file"):
        boxes.read(folder, teacher=0.5)
    teach(folder, (1, [1.0, 2.0], 0.9))
    with pytest.raises(UserError, match="not a list of image_id, bbox and score"):
        boxes.read(folder, teacher=0.5)
    drawn_people.relabel(folder, labels | {"annotations": []})
    with pytest.raises(UserError, match="nobody in it has a box"):
        detector.train(config, CPU)
    drawn_people.relabel(folder, {"images": labels["images"]})
    with pytest.raises(UserError, match=r"not COCO's format \(KeyError: 'annotations'\)"):
        boxes.read(folder)
    drawn_people.relabel(folder, labels)
    (folder / "images" / "2.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"2\.png: not a picture"):
        detector.train(config, CPU)
    assert not (tmp_path / "cache").exists()
    (folder / "images" / "2.png").unlink()
    with pytest.raises(UserError, match=r"1 pictures are missing, the first is 2\.png"):
        boxes.read(folder)


def test_a_full_disk_leaves_no_half_cache(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(UserError, match="4 pictures cannot be written"):
        detector.train(config, CPU)
    assert not list((tmp_path / "cache").glob("*.npz"))
    assert not list((tmp_path / "cache").glob("*.part"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"epochs": 0}, "epochs, minutes: one of them"),
        ({"minutes": 2.0}, "epochs, minutes: one of them"),
        ({"data": ()}, "needs at least one of each"),
        ({"data": (Source("a", weight=0.0),)}, "weights and shares"),
        ({"phases": (Phase(100, 2),)}, "size 100, batch 2; a size is a multiple of 32"),
        ({"phases": (Phase(64, 2, scale=(1.5, 0.5)),)}, "it has to be"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(
    config: Config, change: dict[str, Any], says: str
) -> None:
    with pytest.raises(UserError, match=says):
        replace(config, **change)


def test_the_configurations_that_ship_can_be_read() -> None:
    found = sorted((Path(detector.__file__).parent / "configs").glob("*_person.toml"))
    assert len(found) == 2
    for path in found:
        assert load_as(Config, path).arch == "yolo26n"


def test_the_command_says_in_one_line_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.toml"
    path.write_text(
        f"out = '{tmp_path / 'o'}'\ncache = 'c'\nepochs = 1\n[[data]]\nfolder = 'none'\n"
        "[[phases]]\nsize = 64\nbatch = 2\n",
        encoding="utf-8",
    )
    assert detector.main([str(path), "--data", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{tmp_path / 'none' / 'person_keypoints.json'}: there is no such file")
    assert told.count("\n") == 1


def test_nothing_of_ultralytics_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, engine.training.detector, engine.training.export_detector, engine.training.evaluate;"
        "print('ultralytics' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
