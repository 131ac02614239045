"""COCO's metric: ours is pycocotools' own, worked out directly here, and the commands around it."""

from __future__ import annotations

import contextlib
import copy
import io
import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import cv2
import drawn_people
import networks
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pycocotools")

from engine.errors import UserError  # noqa: E402
from engine.skeleton import PAIRS  # noqa: E402
from engine.training import evaluate, saving  # noqa: E402
from engine.training.config import Config, Phase, Source  # noqa: E402
from engine.training.metric import Metric, distinct, measure, pose_scores  # noqa: E402
from engine.training.weights import described  # noqa: E402
from engine.training.zoo import build  # noqa: E402
from engine.types import Array, Boxes, Poses  # noqa: E402


@pytest.fixture
def labels(tmp_path: Path) -> dict[str, Any]:
    """Six pictures of one person each; three of them small enough to be COCO's medium."""
    said = drawn_people.write(tmp_path / "set", 6)
    for person in said["annotations"]:
        person["area"] = 5000.0 if person["id"] % 2 else 12000.0
    drawn_people.relabel(tmp_path / "set", said)
    return said


def _joints(labels: dict[str, Any]) -> Array:
    marks = np.array([person["keypoints"] for person in labels["annotations"]], np.float32)
    return marks.reshape(-1, 17, 3)[..., :2]


def _poses(labels: dict[str, Any], joints: Array, scores: Array) -> list[tuple[int, Poses]]:
    """One a picture, all joints of a pose with its score."""
    found = []
    for person, points, score in zip(labels["annotations"], joints, scores, strict=True):
        x, y, width, height = person["bbox"]
        boxes = Boxes(np.array([[x, y, x + width, y + height]], np.float32), np.ones(1, np.float32))
        found.append(
            (person["image_id"], Poses(boxes, points[None].copy(), np.full((1, 17), score, np.float32)))
        )
    return found


def _directly(labels: dict[str, Any], joints: Array, scores: Array) -> list[float]:
    """pycocotools without any of our code."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    results = [
        {
            "image_id": person["image_id"],
            "category_id": 1,
            "keypoints": np.hstack([points, np.ones((17, 1))]).ravel().tolist(),
            "score": float(score),
        }
        for person, points, score in zip(labels["annotations"], joints, scores, strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = copy.deepcopy(labels)
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), iouType="keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(value) for value in evaluation.stats[:6]]


SCORES = np.array([0.9, 0.5, 0.8, 0.6, 0.7, 0.4], np.float32)


def test_a_perfect_answer_scores_1(labels: dict[str, Any]) -> None:
    joints = _joints(labels)
    metric = measure(labels, _poses(labels, joints, SCORES))
    assert astuple(metric) == pytest.approx([1] * 6)
    assert astuple(metric) == pytest.approx(_directly(labels, joints, SCORES))


@pytest.mark.parametrize("pixels", [3, 6, 20])
def test_shifted_joints_score_what_pycocotools_says(labels: dict[str, Any], pixels: float) -> None:
    joints = _joints(labels)
    joints += np.linspace(0.3, 1, 6, dtype=np.float32)[:, None, None] * np.float32(pixels)
    metric = measure(labels, _poses(labels, joints, SCORES))
    assert astuple(metric) == pytest.approx(_directly(labels, joints, SCORES))
    assert metric.ap < 1


def test_left_taken_for_right_scores_what_pycocotools_says(labels: dict[str, Any]) -> None:
    joints = _joints(labels)
    for left, right in PAIRS:
        joints[::2, [left, right]] = joints[::2, [right, left]]
    metric = measure(labels, _poses(labels, joints, SCORES))
    assert astuple(metric) == pytest.approx(_directly(labels, joints, SCORES))
    assert 0 < metric.ap < 0.8


def test_people_who_are_missed_lower_recall(labels: dict[str, Any]) -> None:
    joints = _joints(labels)
    found = _poses(labels, joints, SCORES)[:3]
    seen = {**labels, "annotations": labels["annotations"][:3]}
    metric = measure(labels, found)
    assert metric.ar == pytest.approx(0.5)
    assert metric.ap == pytest.approx(51 / 101)  # at 51 of pycocotools' 101 recalls
    assert measure(seen, found).ar == pytest.approx(1)


def test_nobody_found_is_an_ap_of_0(labels: dict[str, Any]) -> None:
    assert measure(labels, []).ap == 0
    nobody = Poses(
        Boxes(np.zeros((0, 4), np.float32), np.zeros(0, np.float32)),
        np.zeros((0, 17, 2), np.float32),
        np.zeros((0, 17), np.float32),
    )
    assert measure(labels, [(1, nobody)]).ap == 0


def _crowd(joints: Array, scores: Array, box_scores: Array) -> Poses:
    low, high = joints.min(axis=1), joints.max(axis=1)
    return Poses(Boxes(np.hstack([low, high]).astype(np.float32), box_scores), joints, scores)


def test_a_pose_scores_its_box_times_the_joints_that_are_sure(labels: dict[str, Any]) -> None:
    scores = np.full((2, 17), 0.1, np.float32)
    scores[0, :4] = 0.8
    poses = _crowd(_joints(labels)[:2], scores, np.array([0.5, 0.9], np.float32))
    assert pose_scores(poses) == pytest.approx([0.4, 0.0])


def test_of_two_poses_of_one_person_the_better_is_left(labels: dict[str, Any]) -> None:
    one = _joints(labels)[0]
    joints = np.stack([one + 1, one, one + np.float32(60), one + np.float32(9)])
    poses = _crowd(joints, np.ones((4, 17), np.float32), np.ones(4, np.float32))
    assert distinct(poses, np.array([0.5, 0.9, 0.3, 0.6])) == [1, 3, 2]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A network that has learnt nothing."""
    config = Config("hrnet_tiny", "", "", (Source(""),), (Phase((64, 32), 2),), epochs=1)
    saving.save(described(build("hrnet_tiny"), config, config.phases[0]), tmp_path / "new.pth")
    return tmp_path / "new.pth"


def test_the_command_writes_a_table_and_the_same_as_json(
    labels: dict[str, Any], weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes = [
        {"image_id": person["image_id"], "bbox": person["bbox"], "score": 0.5}
        for person in labels["annotations"]
    ]
    (tmp_path / "boxes.json").write_text(json.dumps(boxes), encoding="utf-8")
    arguments = [
        str(weights),
        "--data",
        str(tmp_path / "set"),
        "--json",
        str(tmp_path / "out.json"),
        "--flip",
    ]
    for more in ([], ["--boxes", str(tmp_path / "boxes.json")], ["--decode", "dark"]):
        assert evaluate.main([*arguments, "--threads", "1", *more]) == 0
        said = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
        (row,) = capsys.readouterr().out.splitlines()[2:]
        assert [cell.strip() for cell in row.split("|")[1:3]] == ["new.pth", f"{said[0]['ap']:.3f}"]


def test_a_file_for_the_numbers_that_cannot_be_written_does_not_cost_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn_people.write(tmp_path / "set")
    monkeypatch.setattr(
        evaluate, "evaluate", lambda *_, **__: [("net.onnx", Metric(0.5, 0, 0, 0, 0, 0), 1.0)]
    )
    assert evaluate.main(["net.onnx", "--data", str(tmp_path / "set"), "--json", str(tmp_path)]) == 2
    assert "| net.onnx | 0.500 |" in capsys.readouterr().out


def test_true_boxes_are_found_again_in_a_file_of_them(labels: dict[str, Any], tmp_path: Path) -> None:
    pictures = evaluate.gallery(tmp_path / "set")
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps([{**one, "score": 1.0} for one in labels["annotations"]]), encoding="utf-8")
    truth, said = evaluate.true_boxes(pictures), evaluate.boxes_of_file(pictures, path)
    for number in pictures.files:
        assert np.array_equal(truth[number].xyxy, said[number].xyxy)


def test_boxes_of_a_file_come_best_first_and_those_of_no_person_not_at_all(
    labels: dict[str, Any], tmp_path: Path
) -> None:
    rows = [
        {"image_id": 2, "bbox": [left, 10, 20, 30], "score": score, "category_id": category}
        for left, score, category in ((1, 0.2, 1), (2, 0.9, 1), (3, 0.5, 1), (4, 1.0, 2))
    ]
    (tmp_path / "boxes.json").write_text(json.dumps([*rows, {**rows[0], "image_id": 99}]), encoding="utf-8")
    said = evaluate.boxes_of_file(evaluate.gallery(tmp_path / "set"), tmp_path / "boxes.json")
    assert said[2].xyxy.tolist() == [[left - 0.5, 9.5, left + 19.5, 39.5] for left in (2, 3, 1)]
    assert said.keys() == {entry["id"] for entry in labels["images"]}
    assert [len(said[number]) for number in (1, 3)] == [0, 0]


def test_boxes_can_come_from_a_detector(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its network puts a box around what is bright; the poses come from a network of known answers."""
    labels = drawn_people.write(tmp_path / "set", 2, size=(128, 160))
    for entry in labels["images"]:
        picture = np.zeros((128, 160, 3), np.uint8)
        picture[20:100, 50:90] = 255
        cv2.imwrite(str(tmp_path / "set" / "images" / entry["file_name"]), picture)
    networks.rectangle_detector(tmp_path / "detector.onnx")
    networks.heatmaps(tmp_path / "pose.onnx")
    pictures = evaluate.gallery(tmp_path / "set")
    boxes = evaluate.boxes_of_detector(pictures, tmp_path / "detector.onnx", threads=1)
    assert boxes[1].xyxy[0] == pytest.approx([50, 20, 89, 99], abs=2)
    arguments = [str(tmp_path / "pose.onnx"), "--data", str(tmp_path / "set"), "--threads", "1"]
    assert evaluate.main([*arguments, "--boxes", str(tmp_path / "detector.onnx")]) == 0
    assert "| pose.onnx | 0.000 |" in capsys.readouterr().out


def test_people_without_an_area_are_refused(labels: dict[str, Any], tmp_path: Path) -> None:
    del labels["annotations"][1]["area"]
    drawn_people.relabel(tmp_path / "set", labels)
    with pytest.raises(UserError, match="people without area"):
        evaluate.gallery(tmp_path / "set")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"area": float("nan")}, "not finite numbers"),
        ({"area": "large"}, "not what they are in COCO"),
        ({"num_keypoints": [17]}, "not what they are in COCO"),
        ({"category_id": 2}, "nobody in it is of category 1"),
        ({"id": 1}, "several annotations have the same id"),
    ],
)
def test_labels_that_the_metric_would_count_wrongly_are_refused(
    labels: dict[str, Any], tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    for person in labels["annotations"]:
        person |= change
    drawn_people.relabel(tmp_path / "set", labels)
    with pytest.raises(UserError, match=says):
        evaluate.gallery(tmp_path / "set")


def test_labels_need_not_say_what_the_categories_are(labels: dict[str, Any], tmp_path: Path) -> None:
    del labels["categories"]
    drawn_people.relabel(tmp_path / "set", labels)
    pictures = evaluate.gallery(tmp_path / "set")
    assert measure(pictures.labels, _poses(labels, _joints(labels), SCORES)).ap == pytest.approx(1)


BOX = '[{"image_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}]'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "cannot be read"),
        ("[1]", "not a list of image_id, bbox and score"),
        ('[{"image_id": 1}]', "not a list of image_id, bbox and score"),
        ('{"a": 1}', "not a list of image_id, bbox and score"),
        (BOX.replace("2, 3", "NaN, 3"), "not 5 finite numbers"),
        (BOX.replace("2, 3", "2, 1e99"), "not 5 finite numbers"),
        (BOX.replace("2, 3", "2, -3"), "a box of negative size"),
        (BOX.replace("0.5", "Infinity"), "not 5 finite numbers"),
        (BOX.replace("0.5", '"0.5"'), "text, or something else, where numbers"),
        (BOX.replace("0.5", "null"), "text, or something else, where numbers"),
        (BOX.replace("2, 3", "2"), "not 5 finite numbers"),
        (BOX.replace(": 1,", ': "1",'), "image_id '1' is no whole number"),
        (BOX.replace(": 1,", ": 1.0,"), "image_id 1.0 is no whole number"),
        (BOX.replace(": 1,", ": 77,"), "its boxes are of other pictures, such as image_id 77"),
    ],
)
def test_a_file_of_something_else_than_boxes_is_refused(
    labels: dict[str, Any], tmp_path: Path, text: str, says: str
) -> None:
    assert labels
    (tmp_path / "boxes.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=rf"boxes\.json: .*{says}"):
        evaluate.boxes_of_file(evaluate.gallery(tmp_path / "set"), tmp_path / "boxes.json")


def test_what_is_no_model_is_refused_in_one_line(
    labels: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert labels
    (tmp_path / "x.pth").write_bytes(b"x")
    torch.save({"a": 1}, tmp_path / "y.pth")
    for name in ("x.pth", "y.pth", "z.pth", "z.onnx"):
        assert evaluate.main([str(tmp_path / name), "--data", str(tmp_path / "set")]) == 2
        said = capsys.readouterr().err
        assert name in said
        assert said.count("\n") == 1
