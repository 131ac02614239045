"""Boxes lie where people are, in the picture's own pixels, whatever the network's input looks like."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import networks
import numpy as np
import pytest

from engine.description import DetectorModel, Head, to_metadata
from engine.detector import fitted, open_detector
from engine.errors import UserError
from engine.heads import HEADS
from engine.types import Boxes

NAMES = {"task": "detect", "names": "{0: 'cat', 1: 'person'}"}
SQUARE = (640, 640)


def wide() -> np.ndarray:
    """In an input of 640x640 it is half its size, 640x360, with 140 rows above and below."""
    return np.zeros((720, 1280, 3), np.uint8)


def rtmdet(path: Path, rows: list[list[float]], **rest: object) -> Path:
    """Rows x1 y1 x2 y2 score class."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    outputs = {"dets": table[None, :, :5], "labels": table[None, :, 5]}
    return networks.answers(path, outputs, **{"size": SQUARE, **rest})


def end2end(path: Path, rows: list[list[float]]) -> Path:
    table = np.zeros((1, 300, 6), np.float32)
    table[0, : len(rows)] = rows
    return networks.answers(path, {"found": table}, size=SQUARE, metadata=NAMES)


def raw(path: Path, rows: list[list[float]]) -> Path:
    """Rows x1 y1 x2 y2 score class, written as the head does: centre, size and a score for each class."""
    table = np.zeros((1, 6, 8400), np.float32)
    for at, (x1, y1, x2, y2, score, kind) in enumerate(rows):
        table[0, :4, 100 * at] = (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
        table[0, 4 + int(kind), 100 * at] = score
    return networks.answers(path, {"found": table}, size=SQUARE, metadata=NAMES)


def detected(path: Path, image: np.ndarray, **rest: float) -> Boxes:
    detector = open_detector(path, "cpu", 1, **rest)  # type: ignore[arg-type]
    (boxes,) = detector.detect([image])
    detector.close()
    return boxes


@pytest.mark.parametrize("head", [end2end, raw])
def test_a_yolo_finds_people_only_best_first_in_frame_pixels(tmp_path: Path, head: object) -> None:
    rows = [[0, 140, 320, 320, 0.5, 1], [100, 200, 150, 300, 0.9, 0], [300, 200, 400, 400, 0.8, 1]]
    boxes = detected(head(tmp_path / "m.onnx", rows), wide())  # type: ignore[operator]
    np.testing.assert_allclose(boxes.scores, [0.8, 0.5])
    np.testing.assert_allclose(
        boxes.xyxy, [[599.5, 119.5, 799.5, 519.5], [-0.5, -0.5, 639.5, 359.5]], atol=1e-3
    )


def test_rtmdet_finds_people_only_best_first_in_frame_pixels(tmp_path: Path) -> None:
    rows = [[0, 140, 320, 320, 0.5, 0], [100, 200, 150, 300, 0.9, 1], [300, 200, 400, 400, 0.8, 0]]
    boxes = detected(rtmdet(tmp_path / "m.onnx", rows), wide())
    np.testing.assert_allclose(boxes.scores, [0.8, 0.5])
    np.testing.assert_allclose(
        boxes.xyxy, [[599.5, 119.5, 799.5, 519.5], [-0.5, -0.5, 639.5, 359.5]], atol=1e-3
    )


@pytest.mark.parametrize(
    ("frame", "size"),
    [
        ((360, 640), ("h", "w")),
        ((832, 416), ("h", "w")),
        ((300, 500), ("h", "w")),
        ((1079, 1921), ("h", "w")),
        ((720, 1280), (320, 320)),
        ((480, 360), (256, 640)),
        ((100, 100), (320, 352)),
    ],
)
def test_a_rectangle_is_found_where_it_was_drawn(
    tmp_path: Path, frame: tuple[int, int], size: tuple[int | str, int | str]
) -> None:
    """A pixel of the input is bright if more than half of it is covered: an edge is off by half of one."""
    height, width = frame
    path = networks.rectangle_detector(tmp_path / "m.onnx", size=size)
    image = np.zeros((height, width, 3), np.uint8)
    left, top, right, bottom = width // 5, height // 3, width // 2, height - 3
    image[top:bottom, left:right, 0] = 255  # blue, RTMDet's first channel
    (found,) = detected(path, image).xyxy
    seen = 416 / max(frame) if size == ("h", "w") else min(int(size[0]) / height, int(size[1]) / width)
    np.testing.assert_allclose(
        found, [left - 0.5, top - 0.5, right - 0.5, bottom - 0.5], atol=0.51 / seen + 0.01
    )


def test_at_whole_scales_edges_are_exact(tmp_path: Path) -> None:
    path = networks.rectangle_detector(tmp_path / "m.onnx")
    for scale in (1, 2, 4):
        image = np.zeros((200 * scale, 416 * scale, 3), np.uint8)
        image[24 * scale : 150 * scale, 31 * scale : 101 * scale, 0] = 255
        edges = np.array([31, 24, 101, 150]) * scale - 0.5
        np.testing.assert_allclose(detected(path, image).xyxy, [edges], atol=1e-3)


def test_a_smaller_picture_for_the_network_can_be_asked_for(tmp_path: Path) -> None:
    image = np.zeros((640, 640, 3), np.uint8)
    image[1::2, 1::2] = 255  # at half the size: the mean, not bright
    image[:320] = 255
    (found,) = detected(networks.rectangle_detector(tmp_path / "m.onnx"), image, long_side=320).xyxy
    np.testing.assert_allclose(found, [-0.5, -0.5, 639.5, 319.5], atol=1e-3)


def test_a_picture_lies_untouched_amid_its_surroundings() -> None:
    image = np.random.default_rng(0).integers(0, 256, (50, 90, 3), np.uint8)
    fit = fitted((50, 90), (0, 0), multiple=32, long_side=90)
    assert (fit.canvas, fit.size) == ((64, 96), (50, 90))
    canvas = fit.letter(image, 114)
    np.testing.assert_array_equal(canvas[7:57, 3:93], image)
    canvas[7:57, 3:93] = 114
    assert (canvas == 114).all()


@pytest.mark.parametrize(("least", "count"), [(0.0, 2), (0.25, 3), (0.9, 1), (0.95, 0)])
def test_the_threshold_decides_who_is_there(tmp_path: Path, least: float, count: int) -> None:
    rows = [[10 * i, 200, 10 * i + 8, 300, score, 0] for i, score in enumerate((0.2, 0.28, 0.5, 0.92))]
    assert len(detected(rtmdet(tmp_path / "m.onnx", rows), wide(), threshold=least)) == count


def test_only_the_best_are_kept_when_a_number_is_given(tmp_path: Path) -> None:
    rows = [[10 * i, 200, 10 * i + 8, 300, score, 0] for i, score in enumerate((0.5, 0.9, 0.7))]
    boxes = detected(rtmdet(tmp_path / "m.onnx", rows), wide(), max_people=2)
    np.testing.assert_allclose(boxes.scores, [0.9, 0.7])


def test_boxes_end_where_the_picture_does_and_no_box_is_empty(tmp_path: Path) -> None:
    nan, inf = float("nan"), float("inf")
    rows = [
        [-50, 100, 700, 600, 0.9, 0],
        [10, 20, 100, 130, 0.9, 0],  # wholly in the surroundings
        [300, 200, 300.1, 400, 0.9, 0],
        [400, 200, 300, 400, 0.9, 0],
        [nan, 200, 300, 400, 0.9, 0],
        [200, 200, inf, 400, 0.8, 0],
        [200, 200, 300, 400, nan, 0],
        [300, 200, 400, 400, 7, 0],
    ]
    boxes = detected(rtmdet(tmp_path / "m.onnx", rows), wide())
    np.testing.assert_allclose(boxes.scores, [1, 0.9, 0.8])
    np.testing.assert_allclose(boxes.xyxy[1:], [[-0.5, -0.5, 1279.5, 719.5], [399.5, 119.5, 1279.5, 519.5]])


def test_the_raw_head_names_each_person_once_and_keeps_neighbours(tmp_path: Path) -> None:
    one = [100.0, 200.0, 200.0, 400.0]
    rows = [
        [*one, 0.6, 1],
        [102, 200, 202, 400, 0.9, 1],  # the same, IoU .96
        [100, 200, 200, 345, 0.8, 1],  # IoU .71 with the best
        [118, 200, 218, 400, 0.5, 1],  # IoU .72 with the best, .69 with `one`
        [122, 200, 222, 400, 0.4, 1],  # IoU .67 with the best: somebody else
        [*one, 0.95, 0],  # a cat in the same place
    ]
    boxes = detected(raw(tmp_path / "m.onnx", rows), wide())
    np.testing.assert_allclose(boxes.scores, [0.9, 0.4])


@pytest.mark.parametrize(("echo", "left"), [(0.0, [0.9, 0.8, 0.6, 0.5, 0.3]), (0.7, [0.9, 0.8, 0.6])])
def test_a_network_that_says_it_echoes_loses_weak_boxes_that_lie_half_upon_strong_ones(
    tmp_path: Path, echo: float, left: list[float]
) -> None:
    rows = [
        [100, 200, 200, 400, 0.9, 0],
        [110, 200, 210, 400, 0.3, 0],  # an echo
        [100, 210, 200, 410, 0.8, 0],  # as strong: somebody else, or it would have said so
        [150, 200, 250, 400, 0.6, 0],  # a third upon the first
        [105, 200, 205, 390, 0.5, 0],  # an echo
    ]
    table = np.array([rows], np.float32)
    model = DetectorModel(True, (0.0,) * 3, (255.0,) * 3, "yolo_end2end", echo=echo, input_size=SQUARE)
    path = networks.answers(tmp_path / "m.onnx", {"found": table}, size=SQUARE, metadata=to_metadata(model))
    np.testing.assert_allclose(detected(path, wide()).scores, left)


def test_thousands_of_candidates_are_no_trouble(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    table = np.zeros((1, 6, 8400), np.float32)
    table[0, :4] = np.array([[320], [320], [100], [200]]) + rng.uniform(-3, 3, (4, 8400))
    table[0, 5] = rng.uniform(0.3, 0.9, 8400)
    path = networks.answers(tmp_path / "m.onnx", {"found": table}, size=SQUARE, metadata=NAMES)
    boxes = detected(path, wide())
    assert len(boxes) == 1
    np.testing.assert_allclose(boxes.scores[0], table[0, 5].max())


def test_nobody_is_a_crowd_of_zero(tmp_path: Path) -> None:
    for number, head in enumerate((rtmdet, end2end, raw)):
        path = head(tmp_path / f"{number}.onnx", [[0, 0, 9, 9, 0.1, 1]])
        boxes = detected(path, wide())
        assert boxes.xyxy.shape == (0, 4)
        assert boxes.xyxy.dtype == boxes.scores.dtype == np.float32


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (2, 30_000), (4320, 7680)])
@pytest.mark.parametrize("size", [("h", "w"), (320, 320)])
def test_the_largest_the_smallest_and_the_longest_pictures_work(
    tmp_path: Path, shape: tuple[int, int], size: tuple[int | str, int | str]
) -> None:
    path = networks.rectangle_detector(tmp_path / "m.onnx", size=size)
    image = np.zeros((*shape, 3), np.uint8)
    image[..., 0] = 255
    (found,) = detected(path, image).xyxy
    np.testing.assert_allclose(found, [-0.5, -0.5, shape[1] - 0.5, shape[0] - 0.5], atol=1e-2)


def test_every_picture_gets_its_own_boxes(tmp_path: Path) -> None:
    detector = open_detector(networks.rectangle_detector(tmp_path / "m.onnx"), "cpu", 1)
    assert detector.detect([]) == []
    images = [np.zeros((416, 416, 3), np.uint8), np.zeros((208, 416, 3), np.uint8)]
    images[0][100:200, 50:90] = 255
    images[1][10:20, 30:40] = 255
    first, second = detector.detect(images)
    np.testing.assert_allclose(first.xyxy, [[49.5, 99.5, 89.5, 199.5]], atol=1e-3)
    np.testing.assert_allclose(second.xyxy, [[29.5, 9.5, 39.5, 19.5]], atol=1e-3)


def test_a_pose_network_is_no_detector(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a pose network, where a detector is needed"):
        open_detector(networks.heatmaps(tmp_path / "m.onnx"))


@pytest.mark.parametrize(
    ("head", "shapes", "found"),
    [
        ("rtmdet", [(1, 4, 5), (1, 9)], "(1, 4, 5) and (1, 9), not (1, N, 5) and (1, N)"),
        ("rtmdet", [(1, 4), (1, 4, 7)], "(1, 4) and (1, 4, 7), not (1, N, 5) and (1, N)"),
        ("yolo_end2end", [(1, 8, 7)], "(1, 8, 7), not (1, N, 6)"),
        ("yolo_end2end", [(1, 8)], "(1, 8), not (1, N, 6)"),
        ("yolo_raw", [(1, 5, 30)], "(1, 5, 30), not (1, 6 or more, N)"),
    ],
)
def test_an_answer_of_another_shape_is_refused(head: Head, shapes: list[tuple[int, ...]], found: str) -> None:
    with pytest.raises(UserError, match=re.escape(f"the detector answers {found};")):
        HEADS[head]([np.zeros(shape, np.float32) for shape in shapes], 1, 0.5)


def test_a_network_with_open_sizes_is_held_to_them_when_it_runs(tmp_path: Path) -> None:
    outputs = {"dets": np.zeros((1, 4, 5)), "labels": np.zeros((1, 9))}
    with pytest.raises(UserError, match=r"\(1, 4, 5\) and \(1, 9\)"):
        detected(networks.answers(tmp_path / "m.onnx", outputs), wide())


def test_labelled_people_in_photographs_are_found_where_they_are(shared: Path) -> None:
    """RTMDet-nano finds .856 of them at its default size and threshold; half a pixel of shift would show."""
    folder = shared / "data" / "coco_val"
    labels = json.loads((folder / "person_keypoints.json").read_text())
    detector = open_detector(shared / "models" / "rtmdet_nano_person.onnx", "cpu", 2)
    found, shifts = 0, []
    for entry in labels["images"]:
        image = cv2.imread(str(folder / "images" / entry["file_name"]))
        xyxy = detector.detect([image])[0].xyxy
        for person in labels["annotations"]:
            if person["image_id"] == entry["id"]:
                x, y, width, height = person["bbox"]
                truth = np.array([x, y, x + width, y + height]) - 0.5
                sides = np.minimum(xyxy[:, 2:], truth[2:]) - np.maximum(xyxy[:, :2], truth[:2])
                both = np.prod(np.maximum(sides, 0), axis=1)
                iou = both / (np.prod(xyxy[:, 2:] - xyxy[:, :2], axis=1) + width * height - both)
                found += iou.max(initial=0) >= 0.5
                if iou.max(initial=0) >= 0.8:
                    gap = xyxy[iou.argmax()] - truth
                    shifts.append((gap[:2] + gap[2:]) / 2)
    assert found / len(labels["annotations"]) >= 0.85
    np.testing.assert_allclose(np.median(shifts, axis=0), 0, atol=0.25)
