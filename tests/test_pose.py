"""Joints land where they are in the picture, whoever shares the network's runs."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import networks
import numpy as np
import pytest

from engine.description import PoseModel, to_metadata
from engine.errors import UserError
from engine.heatmap import encode
from engine.pose import PoseEstimator, open_estimator
from engine.session import Signature
from engine.skeleton import KEYPOINTS, oks
from engine.types import Boxes, Poses

COLOURS = ((0, 0, 255), (0, 255, 0), (255, 0, 0))  #: BGR of what `networks.heatmaps` takes for joints 0, 1, 2


def crowd(*xyxy: tuple[float, float, float, float]) -> Boxes:
    boxes = np.array(xyxy, np.float32).reshape(-1, 4)
    return Boxes(boxes, np.ones(len(boxes), np.float32))


def model(decoder: str, joints: int = 17) -> PoseModel:
    return PoseModel(
        rgb=True,
        mean=(0, 0, 0),
        std=(255, 255, 255),
        keypoints=KEYPOINTS[:joints],
        decoder=decoder,  # type: ignore[arg-type]
        input_size=(256, 192),
    )


class Answering:
    """A session that answers the same heatmaps (K, H, W) to everyone, and remembers what it was asked."""

    def __init__(self, heatmaps: np.ndarray, max_batch: int = 1000) -> None:
        self.signature = Signature((), (), {})
        self.max_batch = self.best_batch = max_batch
        self.batches: list[np.ndarray] = []
        self.closed = False
        self._heatmaps = heatmaps

    def run(self, batch: np.ndarray) -> tuple[np.ndarray, ...]:
        self.batches.append(batch)
        return (np.tile(self._heatmaps, (len(batch), 1, 1, 1)),)

    def close(self) -> None:
        self.closed = True


def bells(*cells: tuple[float, float]) -> np.ndarray:
    """A heatmap (64, 48) for each cell x, y."""
    return encode(np.array([cells]), np.ones((1, len(cells)), bool), (64, 48))[0]


def street() -> tuple[np.ndarray, np.ndarray, Boxes]:
    """A picture of three people, each a red, a green and a blue blob: where (3, 3, 2), and the boxes."""
    boxes = crowd((40, 60, 160, 300), (300, 20, 340, 140), (420, 200, 639, 470))
    low, size = boxes.xyxy[:, None, :2], (boxes.xyxy[:, 2:] - boxes.xyxy[:, :2])[:, None]
    where = low + size * np.random.default_rng(5).uniform(0.1, 0.9, (3, 3, 2))
    y, x = np.mgrid[:480, :640]
    image = np.zeros((480, 640, 3))
    for person, joint in np.ndindex(3, 3):
        apart = (x - where[person, joint, 0]) ** 2 + (y - where[person, joint, 1]) ** 2
        image += np.exp(-apart / (2 * (size[person, 0, 1] / 30) ** 2))[..., None] * COLOURS[joint]
    return np.clip(np.rint(image), 0, 255).astype(np.uint8), where, boxes


def estimator(path: Path, decoder: str = "dark", batch: int | str = "n") -> PoseEstimator:
    networks.heatmaps(path, batch=batch, size=(256, 192), joints=3, metadata=to_metadata(model(decoder, 3)))
    return open_estimator(path, "cpu", 1)


@pytest.mark.parametrize(("decoder", "cells"), [("argmax", 0.75), ("quarter", 0.5), ("dark", 0.1)])
def test_joints_are_found_where_they_are_each_in_its_colour(
    tmp_path: Path, decoder: str, cells: float
) -> None:
    image, where, boxes = street()
    estimate = estimator(tmp_path / "m.onnx", decoder)
    assert estimate.keypoints == ("nose", "left_eye", "right_eye")
    poses = estimate(image, boxes)
    assert poses.boxes is boxes
    cell = 1.25 * np.array([240, 120, 219 * 4 / 3]) / 64  # of each person, in frame pixels
    off = np.linalg.norm(poses.keypoints - where, axis=2) / cell[:, None]
    assert off.max() < cells
    assert (poses.scores > 0.7).all()
    assert (poses.scores <= 1).all()


@pytest.mark.parametrize("batch", [1, 2, "n"])
def test_people_of_several_frames_are_estimated_as_if_alone(tmp_path: Path, batch: int | str) -> None:
    image, _, boxes = street()
    estimate = estimator(tmp_path / "m.onnx", batch=batch).estimate
    images = [image, image[:, ::-1].copy(), image[:400, 50:]]
    chosen = [crowd(*boxes.xyxy[:2]), crowd(), crowd(*(boxes.xyxy[::-1] - 7))]
    together = estimate(images, chosen)
    assert [len(poses) for poses in together] == [2, 0, 3]
    alone = estimator(tmp_path / "alone.onnx")
    for picture, some, poses in zip(images, chosen, together, strict=True):
        for person in range(len(some)):
            single = alone(picture, crowd(some.xyxy[person]))
            np.testing.assert_allclose(poses.keypoints[person], single.keypoints[0], atol=1e-3)
            np.testing.assert_allclose(poses.scores[person], single.scores[0], atol=1e-5)


def test_runs_are_filled_with_people_of_all_frames() -> None:
    picture = np.zeros((50, 50, 3), np.uint8)
    frames = [crowd(*[(5, 5, 20, 40)] * n) for n in (3, 0, 5, 1)]
    for max_batch, batch, runs in ((1000, 4, [4, 4, 1]), (2, 4, [2, 2, 2, 2, 1]), (1000, 16, [9])):
        session = Answering(bells((20, 30)), max_batch)
        PoseEstimator(session, model("dark", 1), batch=batch).estimate([picture] * 4, frames)
        assert [len(batch) for batch in session.batches] == runs


def test_nobody_costs_nothing_and_gets_no_joints() -> None:
    session = Answering(bells((20, 30), (1, 2)))
    estimate = PoseEstimator(session, model("quarter", 2))
    (poses,) = estimate.estimate([np.zeros((5, 5, 3), np.uint8)], [crowd()])
    assert (poses.keypoints.shape, poses.scores.shape) == ((0, 2, 2), (0, 2))
    assert estimate.estimate([], []) == []
    assert session.batches == []


CENTRE, SEEN = np.array([200, 150]), np.array([187.5, 250])
BOX = crowd((125, 50, 275, 250))  #: 150 x 200 around CENTRE; with the padding the network sees SEEN of it
PICTURE = np.zeros((300, 400, 3), np.uint8)


@pytest.mark.parametrize("flip", [False, True])
def test_the_classic_convention_holds_from_the_box_to_the_joint(flip: bool) -> None:
    """Mirrored and moved by one cell, column c is column 48 - c: the middle stays, the eyes change places."""
    cells = np.array([(24, 13), (10, 20), (38, 20)])
    poses = PoseEstimator(Answering(bells(*cells)), model("dark", 3), flip=flip)(PICTURE, BOX)
    truth = CENTRE + (cells * 4 - [96, 128]) * SEEN / [192, 256]
    np.testing.assert_allclose(poses.keypoints[0], truth, atol=0.01)
    np.testing.assert_allclose(poses.scores, 1, atol=1e-5)


@pytest.mark.parametrize("flip", [False, True])
def test_the_unbiased_convention_holds_from_the_box_to_the_joint(flip: bool) -> None:
    """Pictures are as long as from the first centre to the last; mirrored, column c is column 47 - c."""
    cells = np.array([(23.5, 13), (10, 20), (37, 20)])
    poses = PoseEstimator(Answering(bells(*cells)), model("udp", 3), flip=flip)(PICTURE, BOX)
    truth = CENTRE + (cells * [191 / 47, 255 / 63] - [95.5, 127.5]) * SEEN / [191, 255]
    np.testing.assert_allclose(poses.keypoints[0], truth, atol=0.02)


def test_a_flip_shows_the_network_the_mirror_image() -> None:
    image, _, boxes = street()
    session = Answering(bells((24, 13), (10, 20), (38, 20)))
    PoseEstimator(session, model("quarter", 3), flip=True)(image, boxes)
    straight, mirrored = session.batches
    assert straight.any()
    np.testing.assert_array_equal(mirrored, straight[..., ::-1])


def test_a_flip_needs_to_know_left_from_right(tmp_path: Path) -> None:
    path = networks.heatmaps(tmp_path / "m.onnx", joints=5)
    with pytest.raises(UserError, match="left and right"):
        open_estimator(path, flip=True)


def test_another_decoder_can_be_asked_for_if_there_is_one(tmp_path: Path) -> None:
    path = networks.heatmaps(tmp_path / "m.onnx", joints=3, size=(256, 192))
    image, where, boxes = street()
    default, dark = (open_estimator(path, "cpu", 1, decoder=name)(image, boxes) for name in ("", "dark"))
    np.testing.assert_allclose(default.keypoints, where, atol=4)
    assert 0 < np.abs(default.keypoints - dark.keypoints).max() < 4
    with pytest.raises(UserError, match="decoder taylor: there is argmax, quarter, dark, udp"):
        open_estimator(path, decoder="taylor")


def test_what_the_network_was_taught_comes_with_it(tmp_path: Path) -> None:
    """Blue first: what shows up in the first channel is blue."""
    said = PoseModel(False, (0, 0, 0), (255, 255, 255), KEYPOINTS[:3], "dark")
    path = networks.heatmaps(tmp_path / "m.onnx", joints=3, size=(256, 192), metadata=to_metadata(said))
    image, where, boxes = street()
    found = open_estimator(path, "cpu", 1)(image, boxes).keypoints
    np.testing.assert_allclose(found, where[:, ::-1], atol=1)


def test_heatmaps_of_other_joints_than_described_are_refused() -> None:
    with pytest.raises(UserError, match=r"answers \(1, 2, 64, 48\), not 3 heatmaps"):
        PoseEstimator(Answering(bells((1, 2), (3, 4))), model("dark", 3))(PICTURE, BOX)


def test_an_answer_without_numbers_is_a_joint_nobody_saw() -> None:
    heatmaps = bells((20, 30), (5, 5))
    heatmaps[1] = np.nan
    poses = PoseEstimator(Answering(heatmaps), model("dark", 2))(PICTURE, BOX)
    assert np.isfinite(poses.keypoints).all()
    np.testing.assert_allclose(poses.scores, [[1, 0]], atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (4320, 7680)])
def test_the_largest_the_smallest_and_the_longest_pictures_work(
    tmp_path: Path, shape: tuple[int, int]
) -> None:
    image = np.full((*shape, 3), 255, np.uint8)
    box = (-0.5, -0.5, shape[1] - 0.5, shape[0] - 0.5)
    poses = estimator(tmp_path / "m.onnx")(image, crowd(box))
    assert np.isfinite(poses.keypoints).all()
    assert poses.scores.max() > 0


def test_closing_frees_the_network() -> None:
    session = Answering(bells((1, 2)))
    PoseEstimator(session, model("dark", 1)).close()
    assert session.closed


def test_a_detector_is_no_pose_network(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a person detector, where a pose network is needed"):
        open_estimator(networks.rectangle_detector(tmp_path / "m.onnx"))


@pytest.mark.parametrize(("flip", "least"), [(False, 0.72), (True, 0.735)])
def test_joints_of_people_in_photographs_are_found(shared: Path, flip: bool, least: float) -> None:
    """SimplePose on true boxes: mean OKS .726, .740 with the mirror image."""
    folder = shared / "data" / "coco_val"
    labels = json.loads((folder / "person_keypoints.json").read_text())
    estimate = open_estimator(shared / "models" / "simplepose_256x192.onnx", "cpu", 2, flip=flip)
    alike = []
    for entry in labels["images"]:
        people = [person for person in labels["annotations"] if person["image_id"] == entry["id"]]
        image = cv2.imread(str(folder / "images" / entry["file_name"]))
        xywh = np.array([person["bbox"] for person in people], np.float32).reshape(-1, 4)
        # COCO counts the edges of boxes from the outer edge of the first pixel.
        boxes = crowd(*(np.hstack([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]]) - 0.5))
        truth = np.array([person["keypoints"] for person in people], np.float32).reshape(-1, 17, 3)
        areas = np.array([person["area"] for person in people], np.float32)
        found = estimate(image, boxes).keypoints
        alike += list(np.diagonal(oks(found, truth[..., :2], areas, truth[..., 2] > 0)))
    assert np.mean(alike) > least


def test_how_far_heatmaps_spread_is_told_of_whoever_shares_a_run_and_is_1_without_heatmaps():
    heatmaps = bells((20, 30), (25.3, 40))
    heatmaps[1] += 0.3 * bells((25.3, 26))[0]  # a second peak seven deviations off
    pose = PoseEstimator(Answering(heatmaps, max_batch=2), model("udp", 2))
    image = np.zeros((480, 640, 3), np.uint8)
    found = pose.estimate(
        [image, image], [crowd((0, 0, 100, 200), (9, 9, 80, 90), (50, 60, 90, 300)), crowd()]
    )
    assert [each.spread.shape for each in found] == [(3, 2), (0, 2)]
    assert (found[0].spread[:, 0] < 0.6).all()
    assert (found[0].spread[:, 1] > 2.0).all()
    assert Poses(found[0].boxes, found[0].keypoints, found[0].scores).spread.tolist() == [[1.0, 1.0]] * 3
