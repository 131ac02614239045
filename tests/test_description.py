"""Networks say what they are, are known by their shapes, or are refused with what was found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import networks
import numpy as np
import pytest

from engine.description import DetectorModel, PoseModel, to_metadata
from engine.errors import UserError
from engine.recognition import detector_model, pose_model
from engine.session import Signature, open_session
from engine.skeleton import KEYPOINTS

POSE = {"kind": "pose", "rgb": False, "mean": [1, 2, 3], "std": [4, 5, 6], "decoder": "dark"}
POSE["keypoints"] = [f"left_{i}" for i in range(17)]
DETECTOR = {"kind": "detector", "rgb": True, "mean": [0, 0, 0], "std": [255, 255, 255], "head": "yolo_raw"}
HEATMAPS = Signature(((0, 3, 64, 48),), ((0, 17, 16, 12),), {})


def signature(*outputs: tuple[int, ...], size: tuple[int, int] = (0, 0), **metadata: str) -> Signature:
    return Signature(((1, 3, *size),), outputs, metadata)


def beside(tmp_path: Path, said: Mapping[str, Any]) -> Path:
    (tmp_path / "m.onnx.json").write_text(json.dumps(said), encoding="utf-8")
    return tmp_path / "m.onnx"


def test_a_model_written_into_a_file_is_read_from_it_as_it_was(tmp_path: Path) -> None:
    pose = PoseModel(
        rgb=False,
        mean=(1.5, 2.0, 3.0),
        std=(4.0, 5.0, 6.25),
        keypoints=("left_hand", "right_hand", "ü"),
        decoder="udp",
        sigma=3.0,
        input_size=(64, 48),
        licence="CC-BY-4.0",
    )
    path = networks.heatmaps(tmp_path / "p.onnx", joints=3, metadata=to_metadata(pose))
    assert pose_model(path, open_session(path).signature) == pose
    detector = DetectorModel(
        rgb=False,
        mean=(0.0, 0.0, 0.5),
        std=(1.0, 2.0, 255.0),
        head="yolo_raw",
        person=3,
        fill=0,
        multiple=64,
        threshold=0.125,
        echo=0.75,
        input_size=(128, 64),
        licence="MIT",
    )
    answer = {"found": np.zeros((1, 8, 50))}
    path = networks.answers(tmp_path / "d.onnx", answer, size=(128, 64), metadata=to_metadata(detector))
    assert detector_model(path, open_session(path).signature) == detector


def test_a_file_beside_the_network_describes_one_that_says_nothing(tmp_path: Path) -> None:
    model = pose_model(beside(tmp_path, POSE), HEATMAPS)
    assert (model.rgb, model.mean, model.std, model.decoder) == (False, (1, 2, 3), (4, 5, 6), "dark")
    assert (model.input_size, model.sigma, model.licence) == ((64, 48), 2.0, "unknown")


def test_what_the_network_says_itself_counts_before_the_file_beside_it(tmp_path: Path) -> None:
    said = PoseModel(True, (0, 0, 0), (1, 1, 1), KEYPOINTS, "quarter")
    model = pose_model(
        beside(tmp_path, POSE), Signature(HEATMAPS.inputs, HEATMAPS.outputs, to_metadata(said))
    )
    assert (model.decoder, model.keypoints) == ("quarter", KEYPOINTS)


WRONG = {
    "kind": [None, "segmenter", [], {"a": 1}],
    "rgb": [1, "true", None],
    "mean": [[1, 2], [1, 2, "3"], 5, None, [1, 2, float("nan")], [1, 2, 10**400], [True, 1, 1]],
    "std": [[1, 2, 0], [1, 2, -3], [1, 2, 3, 4]],
    "decoder": ["taylor", 3, None],
    "keypoints": ["nose", [], ["nose", "nose"], ["nose", ""], [1, 2], ["a,b"], ['a"b'], ["it's"], ["a\nb"]],
    "input_size": [[-64, 48], [64], [64, 0], [64.5, 48], "64x48", [1 << 40, 48]],
    "sigma": [0, -1, "2", 1e9],
    "licence": [5, None],
    "colour": ["red"],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in WRONG for value in WRONG[key]])
def test_a_description_with_a_mistake_is_told_which(tmp_path: Path, key: str, value: Any) -> None:
    with pytest.raises(UserError, match=rf"^m\.onnx\.json: .*{key}") as caught:
        pose_model(beside(tmp_path, POSE | {key: value}), HEATMAPS)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("threshold", 1.5),
        ("echo", 2),
        ("threshold", -0.1),
        ("threshold", "0.5"),
        ("threshold", None),
        ("fill", 256),
    ],
)
def test_so_is_one_of_a_detector(tmp_path: Path, key: str, value: Any) -> None:
    with pytest.raises(UserError, match=rf"^m\.onnx\.json: {key} is"):
        detector_model(beside(tmp_path, DETECTOR | {key: value}), signature((1, 5, 8400)))


@pytest.mark.parametrize("key", ["kind", "rgb", "mean", "std", "keypoints", "decoder"])
def test_what_cannot_be_guessed_has_to_be_said(tmp_path: Path, key: str) -> None:
    said = {name: value for name, value in POSE.items() if name != key}
    with pytest.raises(UserError, match=key):
        pose_model(beside(tmp_path, said), HEATMAPS)


@pytest.mark.parametrize("text", ["", "{", "[1]", "5", "\x00", '{"kind": pose}', "[" * 100_000, b"\xff\xfe"])
def test_a_description_that_is_no_json_object_is_refused(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "m.onnx"
    (tmp_path / "m.onnx.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=r"^m\.onnx\.json: ") as caught:
        pose_model(path, HEATMAPS)
    assert "\n" not in str(caught.value)


def test_metadata_that_is_no_json_is_refused(tmp_path: Path) -> None:
    said = {**to_metadata(PoseModel(True, (0, 0, 0), (1, 1, 1), KEYPOINTS, "dark")), "kinetrail.mean": "1, 2"}
    with pytest.raises(UserError, match=r"^m\.onnx: kinetrail\.mean: not JSON: 1, 2"):
        pose_model(tmp_path / "m.onnx", Signature(HEATMAPS.inputs, HEATMAPS.outputs, said))


@pytest.mark.parametrize("key", ["kinetrail.mean", "kinetrail.person"])
def test_a_number_beyond_all_reason_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(UserError, match=rf"^m\.onnx: {key}: ") as caught:
        pose_model(tmp_path / "m.onnx", Signature(HEATMAPS.inputs, HEATMAPS.outputs, {key: "9" * 5000}))
    assert len(str(caught.value)) < 300


def test_a_name_too_long_for_a_file_beside_it_has_none_there(tmp_path: Path) -> None:
    path = networks.heatmaps(tmp_path / f"{'x' * 248}.onnx")
    assert pose_model(path, open_session(path).signature).keypoints == KEYPOINTS


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (POSE | {"keypoints": ["nose"]}, HEATMAPS),
        (POSE, signature((1, 17, 2), size=(64, 48))),
        (POSE | {"input_size": [64, 64]}, HEATMAPS),
        (POSE, Signature(((0, 1, 64, 48),), HEATMAPS.outputs, {})),
        (POSE, signature((1, 17, 0, 0))),
    ],
)
def test_a_description_that_does_not_fit_the_network_is_refused(
    tmp_path: Path, said: Mapping[str, Any], found: Signature
) -> None:
    with pytest.raises(UserError, match=r"^m\.onnx: .*(described|open)"):
        pose_model(beside(tmp_path, said), found)


@pytest.mark.parametrize(
    "change", [{"head": "rtmdet"}, {"head": "yolo_end2end"}, {"person": 80}, {"input_size": [640, 320]}]
)
def test_a_detector_described_as_another_is_refused(tmp_path: Path, change: Mapping[str, Any]) -> None:
    found = signature((1, 84, 8400), size=(640, 640))
    assert detector_model(beside(tmp_path, DETECTOR), found).head == "yolo_raw"
    with pytest.raises(UserError, match="described"):
        detector_model(beside(tmp_path, DETECTOR | change), found)


NAMES = "{0: 'bicycle', 1: 'person', 2: 'car'}"


@pytest.mark.parametrize(
    ("found", "head", "person", "rgb"),
    [
        (signature((0, 0, 0), (0, 0)), "rtmdet", 0, False),
        (signature((0, 0), (0, 0, 5)), "rtmdet", 0, False),
        (signature((1, 100, 5), (1, 100), size=(320, 320)), "rtmdet", 0, False),
        (signature((1, 300, 6), size=(640, 640)), "yolo_end2end", 0, True),
        (signature((1, 300, 6), task="detect", names=NAMES), "yolo_end2end", 1, True),
        (signature((0, 0, 6), task="detect", names=NAMES), "yolo_end2end", 1, True),
        (signature((1, 84, 8400), size=(640, 640)), "yolo_raw", 0, True),
        (signature((1, 84, 5040), size=(384, 640)), "yolo_raw", 0, True),
        (signature((1, 7, 8400), size=(640, 640), task="detect", names=NAMES), "yolo_raw", 1, True),
        (signature((0, 7, 0), task="detect", names=NAMES), "yolo_raw", 1, True),
        (signature((0, 0, 0), task="detect", names=NAMES), "yolo_raw", 1, True),
        (
            signature((1, 5, 8400), size=(640, 640), task="detect", names="{0: 'swimmer'}"),
            "yolo_raw",
            0,
            True,
        ),
    ],
)
def test_a_well_known_detector_is_known_by_its_shapes(
    tmp_path: Path, found: Signature, head: str, person: int, rgb: bool
) -> None:
    model = detector_model(tmp_path / "m.onnx", found)
    assert (model.head, model.person, model.rgb) == (head, person, rgb)
    assert model.input_size == found.inputs[0][2:]
    assert model.mean == ((0, 0, 0) if rgb else (103.53, 116.28, 123.675))


def test_the_stride_of_a_yolo_is_what_its_pictures_are_multiples_of(tmp_path: Path) -> None:
    for stride, multiple in (("64", 64), ("", 32), ("-1", 32), ("0", 32), ("9" * 5000, 32)):
        found = signature((0, 7, 0), task="detect", names=NAMES, stride=stride)
        assert detector_model(tmp_path / "m.onnx", found).multiple == multiple


@pytest.mark.parametrize("open_shape", [(0, 17, 64, 48), (0, 17, 0, 0)])
def test_seventeen_heatmaps_are_the_joints_of_coco(tmp_path: Path, open_shape: tuple[int, ...]) -> None:
    model = pose_model(tmp_path / "m.onnx", signature(open_shape, size=(256, 192)))
    assert (model.keypoints, model.decoder, model.rgb) == (KEYPOINTS, "quarter", True)
    assert (model.input_size, model.mean) == ((256, 192), (123.675, 116.28, 103.53))


def test_other_heatmaps_are_numbered(tmp_path: Path) -> None:
    model = pose_model(tmp_path / "m.onnx", signature((1, 3, 96, 72), size=(384, 288)))
    assert model.keypoints == ("keypoint_0", "keypoint_1", "keypoint_2")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (signature((1, 1000), size=(224, 224)), r"input \(1, 3, 224, 224\), output \(1, 1000\)"),
        (signature((1, 25200, 85), size=(640, 640)), r"25200, 85"),
        (signature((1, 25200, 6), size=(640, 640)), r"25200, 6"),
        (signature((1, 17, 384), (1, 17, 512), size=(256, 192)), r"\(1, 17, 384\) and \(1, 17, 512\)"),
        (signature((1, 21, 256, 256), size=(256, 256)), "21, 256, 256"),
        (signature((1, 17, 64, 48)), r"\(1, 3, \?, \?\)"),
        (Signature(((1, 3, 64, 48), (1, 2)), ((1, 17, 16, 12),), {}), r"48\) and \(1, 2\)"),
        (Signature(((1, 64, 48, 3),), ((1, 17, 16, 12),), {}), "64, 48, 3"),
        (Signature((), (), {}), "input none, output none"),
        (Signature(((1, 3, 8, 8),), ((),), {}), r"output \(\)"),
    ],
)
def test_any_other_network_is_refused_with_what_was_found(
    tmp_path: Path, found: Signature, words: str
) -> None:
    for kind in (pose_model, detector_model):
        with pytest.raises(UserError, match=rf"^m\.onnx: cannot tell what it is: .*{words}.*m\.onnx\.json$"):
            kind(tmp_path / "m.onnx", found)


@pytest.mark.parametrize("task", ["pose", "segment", "classify", "obb"])
def test_a_yolo_for_another_task_is_named(tmp_path: Path, task: str) -> None:
    found = signature((1, 56, 8400), size=(640, 640), task=task, names="{0: 'person'}")
    for kind in (pose_model, detector_model):
        with pytest.raises(UserError, match=rf"^m\.onnx: a YOLO for the task '{task}'"):
            kind(tmp_path / "m.onnx", found)


@pytest.mark.parametrize(
    "names", ["{0: 'cat', 1: 'dog'}", "{}", "person", "['person']", "{'a': 1}", "{1e999: 'a'}", "[" * 9999]
)
def test_a_yolo_without_a_class_of_people_is_refused(tmp_path: Path, names: str) -> None:
    with pytest.raises(UserError, match=r"^m\.onnx: (finds|cannot read)"):
        detector_model(tmp_path / "m.onnx", signature((1, 300, 6), task="detect", names=names))


def test_a_network_of_the_wrong_kind_is_told_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^m\.onnx: a pose network, where a detector is needed.*--pose"):
        detector_model(tmp_path / "m.onnx", HEATMAPS)
    with pytest.raises(UserError, match=r"^m\.onnx: a person detector, where a pose .*--detector"):
        pose_model(tmp_path / "m.onnx", signature((1, 300, 6)))
    with pytest.raises(UserError, match=r"^m\.onnx: a person detector"):
        pose_model(beside(tmp_path, DETECTOR), signature((1, 84, 8400)))


def test_the_networks_at_hand_are_recognised(shared: Path) -> None:
    path = shared / "models" / "rtmdet_nano_person.onnx"
    detector = detector_model(path, open_session(path).signature)
    assert (detector.head, detector.rgb, detector.input_size) == ("rtmdet", False, (0, 0))
    path = shared / "models" / "simplepose_256x192.onnx"
    pose = pose_model(path, open_session(path).signature)
    assert (pose.keypoints, pose.rgb, pose.input_size) == (KEYPOINTS, True, (256, 192))
