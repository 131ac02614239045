"""Whether an engine that answers something else than its ONNX is found out, and any other let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import networks
import numpy as np
import onnx
import pytest

from engine.description import DetectorModel, PoseModel
from engine.errors import UserError
from engine.onnx_session import OnnxSession
from engine.proof import joints, prove_detector, prove_pose
from engine.quantise import in_int8
from engine.samples import frames, people
from engine.session import Signature

K, SIZE = 5, (64, 48)
MODEL = PoseModel(True, (0, 0, 0), (1, 1, 1), tuple(f"k{i}" for i in range(K)), "argmax", input_size=SIZE)
SPOTS = np.random.default_rng(1).integers(4, 40, (9, 2))
#: Each person is one bright spot, at a place of its own.
CROWD = np.zeros((9, *SIZE, 3), np.uint8)
CROWD[np.arange(9), SPOTS[:, 1] // 4 * 4, SPOTS[:, 0] // 4 * 4] = 255
Spoil = Callable[[np.ndarray], np.ndarray]


class Fake:
    """A pose network whose heatmaps are the picture seen from far; `spoil` is what goes wrong."""

    signature = Signature(((0, 3, *SIZE),), ((0, K, 16, 12),), {})
    max_batch = best_batch = 100

    def __init__(self, spoil: Spoil = lambda heatmaps: heatmaps) -> None:
        self.spoil = spoil
        self.sizes: list[int] = []

    def run(self, batch: np.ndarray) -> tuple[np.ndarray, ...]:
        self.sizes.append(len(batch))
        small = batch[:, :1, ::4, ::4] / 255
        return (self.spoil(np.repeat(small, K, axis=1).astype(np.float32)),)

    def close(self) -> None:
        pass


def prove(spoil: Spoil, precision: str = "fp16"):
    return prove_pose(Fake(), Fake(spoil), MODEL, CROWD, 4, precision)


def test_an_engine_that_answers_the_same_is_let_go_after_batches_of_every_kind() -> None:
    engine = Fake()
    proof = prove_pose(Fake(), engine, MODEL, CROWD, 4, "fp16")
    assert proof.refused == ""
    assert proof.figures["mean_px"] == proof.figures["max_px"] == proof.figures["identical_rows_px"] == 0
    assert proof.figures["engine_ms"] > 0
    assert {1, 4, 9} < set(engine.sizes)  # alone, typical, largest; and others


def test_joints_are_where_the_spots_are() -> None:
    found, scores = joints(Fake(), MODEL, CROWD)
    np.testing.assert_allclose(found, np.repeat((SPOTS // 4 * 4)[:, None], K, axis=1))
    np.testing.assert_allclose(scores, 1)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda maps: np.roll(maps, 1, axis=3),  # everybody a cell to the right
        lambda maps: np.concatenate([maps[:-1], np.roll(maps[-1:], 2, axis=2)]),  # the last row only
        lambda maps: maps if len(maps) < 9 else np.roll(maps, 1, axis=3),  # the largest batch only
        lambda maps: maps if len(maps) != 1 else np.roll(maps, 1, axis=3),  # somebody alone only
        lambda maps: maps[::-1],  # people take each other's place
        lambda maps: maps * np.nan,
        lambda maps: maps * 0,
        lambda maps: maps * np.float32(0.8),  # joints where they should be, but less sure of them
    ],
)
def test_an_engine_that_answers_something_else_is_refused(spoil: Spoil) -> None:
    assert "from the ONNX's" in prove(spoil).refused


def test_a_person_whose_joints_depend_on_his_place_in_the_batch_is_found_out() -> None:
    """Only in a full batch, and only where the mean over all would not show it."""

    def spoil(maps: np.ndarray) -> np.ndarray:
        alike = len(maps) == 9 and (maps[0] == maps[-1]).all()
        return np.concatenate([maps[:-1], np.roll(maps[-1:], 1, axis=3)]) if alike else maps

    assert "different places of a batch" in prove(spoil).refused


def test_joints_that_the_network_does_not_see_do_not_count() -> None:
    """Where heatmaps are flat, rounding decides where their peak is."""

    def doubtful(noise: int) -> Spoil:
        def spoil(maps: np.ndarray) -> np.ndarray:
            maps = maps.copy()
            maps[:, 0] = 1e-3 * np.random.default_rng(noise).random(maps[:, 0].shape)
            return maps

        return spoil

    proof = prove_pose(Fake(doubtful(1)), Fake(doubtful(2)), MODEL, CROWD, 4, "fp16")
    assert proof.refused == ""
    assert proof.figures["max_px"] == 0


def test_int8_may_be_further_off_than_half_precision() -> None:
    def spoil(maps: np.ndarray) -> np.ndarray:
        maps = maps.copy()
        maps[:, 0] = np.roll(maps[:, 0], 1, axis=2)  # one joint in five by 4 px: 0.8 px in the mean
        return maps

    assert prove(spoil, "int8").refused == ""
    assert "0.80 px" in prove(spoil, "fp16").refused


def test_one_person_at_a_time_is_a_batch_too() -> None:
    assert prove_pose(Fake(), Fake(), MODEL, CROWD[:1], 1, "fp32").refused == ""


class Boxes:
    """A detector with the same answer to every picture: x1, y1, x2, y2, score."""

    signature = Signature(((1, 3, 0, 0),), ((1, 0, 5), (1, 0)), {})
    max_batch = best_batch = 1

    def __init__(self, *rows: Sequence[float]) -> None:
        self.rows = np.float32(rows).reshape(1, -1, 5)

    def run(self, _: np.ndarray) -> tuple[np.ndarray, ...]:
        return self.rows, np.zeros(self.rows.shape[:2], np.float32)

    def close(self) -> None:
        pass


DETECTOR = DetectorModel(False, (0, 0, 0), (1, 1, 1), "rtmdet")
ONE, TWO, FAINT = (10, 10, 60, 110, 0.9), (100, 20, 160, 140, 0.8), (200, 20, 260, 140, 0.31)


@pytest.mark.parametrize(
    ("boxes", "refused"),
    [
        ([ONE, TWO], ""),
        ([TWO, ONE], ""),  # their order says nothing
        ([ONE, TWO, FAINT], ""),  # on the threshold, rounding decides
        ([ONE], "1 people are found by only one"),
        ([ONE, TWO, (300, 20, 360, 140, 0.9)], "1 people are found by only one"),
        ([(12, 10, 62, 110, 0.9), (103, 20, 163, 140, 0.8)], "boxes lie"),
        ([], "2 people"),
    ],
)
def test_boxes_are_held_against_each_other(boxes: list[Sequence[float]], refused: str) -> None:
    picture = np.zeros((208, 416, 3), np.uint8)
    proof = prove_detector(Boxes(ONE, TWO), Boxes(*boxes), DETECTOR, [picture], "fp16")
    assert proof.refused.startswith(refused) if not refused else refused in proof.refused


def test_pictures_on_which_nobody_is_found_prove_nothing() -> None:
    picture = np.zeros((208, 416, 3), np.uint8)
    assert "--calibrate" in prove_detector(Boxes(), Boxes(), DETECTOR, [picture], "fp16").refused


def test_the_difference_of_boxes_is_in_pixels_of_the_network() -> None:
    """The picture is twice as large as what the network sees of it."""
    moved = [(left + 0.3, *rest) for left, *rest in (ONE, TWO)]
    picture = np.zeros((416, 832, 3), np.uint8)
    proof = prove_detector(Boxes(ONE, TWO), Boxes(*moved), DETECTOR, [picture], "fp16")
    assert proof.figures["max_px"] == pytest.approx(0.3, abs=1e-3)
    assert proof.figures["mean_px"] == pytest.approx(0.3 / 4, abs=1e-3)


def test_the_demo_clip_gives_as_many_people_as_are_wanted() -> None:
    crops = people(None, 40, SIZE, unbiased=False)
    assert crops.shape == (40, *SIZE, 3)
    assert len({crop.tobytes() for crop in crops}) == 40
    assert crops.std(axis=(1, 2, 3)).min() > 5  # there is something on each


def test_pictures_of_the_user_are_taken_where_he_names_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = np.zeros((96, 160, 3), np.uint8)
    picture[16:88, 40:72] = 200
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    (tmp_path / "b.txt").write_text("no picture")
    (tmp_path / "c.jpg").write_text("no picture either")
    assert [image.shape for image in frames(tmp_path)] == [(96, 160, 3)]
    detector = networks.rectangle_detector(tmp_path / "detector.onnx")
    monkeypatch.setattr("engine.samples.default_model", lambda _: detector)
    (crop,) = people(tmp_path, 1, SIZE, unbiased=False)
    assert (crop[24:40, 16:32] > 150).all()  # the person is in the middle
    for empty in (tmp_path / "none", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(UserError, match="picture"):
            list(frames(empty))


def nine_pictures(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without people in them, for a detector that is opened in no time."""
    for number in range(9):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((96, 160, 3), 9, np.uint8))
    monkeypatch.setattr(
        "engine.samples.default_model", lambda _: networks.rectangle_detector(folder / "d.onnx")
    )


def test_looking_at_pictures_can_be_called_off_before_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nine_pictures(tmp_path, monkeypatch)
    for look in (
        lambda going: people(tmp_path, 9, SIZE, unbiased=False, going=going),
        lambda going: people(None, 9, SIZE, unbiased=False, going=going),
        lambda going: list(frames(tmp_path, going)),
        lambda going: list(frames(None, going)),
    ):
        looked: list[int] = []

        def going() -> None:
            looked.append(1)  # noqa: B023
            if len(looked) == 2:  # noqa: B023
                raise UserError("cancelled")

        with pytest.raises(UserError, match="cancelled"):
            look(going)
        assert len(looked) == 2


def test_no_more_pictures_are_looked_at_than_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nine_pictures(tmp_path, monkeypatch)
    looked: list[int] = []
    assert len(people(tmp_path, 3, SIZE, unbiased=False, going=lambda: looked.append(1))) == 3
    assert len(looked) == 3


def test_large_pictures_are_held_small_and_other_files_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.samples.MOST_PICTURES", 2)
    monkeypatch.setattr("engine.samples.LARGEST", 100)
    for number in range(3):
        (tmp_path / f"a{number}.txt").write_text("no picture")
        cv2.imwrite(str(tmp_path / f"b{number}.png"), np.zeros((60, 400, 3), np.uint8))
    assert [image.shape for image in frames(tmp_path)] == [(15, 100, 3)] * 2
    with pytest.raises(UserError, match=r"a0\.txt: cannot be read as a folder of pictures"):
        list(frames(tmp_path / "a0.txt"))


def test_the_detector_is_opened_once_for_all_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr("engine.samples.default_model", lambda _: opened.append(1) or detector)
    detector = networks.rectangle_detector(tmp_path / "detector.onnx")
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((96, 160, 3), np.uint8))
    assert len(people(tmp_path, 5, SIZE, unbiased=False)) == 5
    assert len(opened) == 1


def test_a_network_in_int8_has_what_tensorrt_asks_for_and_answers_nearly_the_same(tmp_path: Path) -> None:
    path = networks.heatmaps(tmp_path / "pose.onnx", metadata={"key": "said"})
    seen = [np.random.default_rng(i).random((1, 3, 64, 48)).astype(np.float32) for i in range(4)]
    model = in_int8(onnx.load(path), seen)
    onnx.checker.check_model(model)
    assert [each.key for each in model.metadata_props] == ["key"]
    weights = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
    steps = [node for node in model.graph.node if "QuantizeLinear" in node.op_type]
    assert steps
    for node in steps:
        zero = weights[node.input[2]]
        assert zero.dtype == np.int8
        assert not zero.any()
    assert any(weights[node.input[1]].size == 17 for node in steps)  # a scale for each channel
    onnx.save(model, tmp_path / "int8.onnx")
    single, whole = (OnnxSession(tmp_path / name, "cpu", 1) for name in ("pose.onnx", "int8.onnx"))
    np.testing.assert_allclose(whole.run(seen[0])[0], single.run(seen[0])[0], atol=0.02)
