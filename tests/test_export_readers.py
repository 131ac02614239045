"""The programs that the formats are for read them, and find what the session says."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from export_story import FRAMES, ODD, SIZE, Truth, frames, opened, write_story

from app.exports import FORMATS, Style, export
from engine.errors import UserError
from engine.skeleton import KEYPOINTS

PIXEL = 1e-3
LABELS = {"person1": 1, ODD: 2, "person3": 3, "Ana": 12}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    path = tmp_path_factory.mktemp("story") / "a.kinetrail"
    return path, write_story(path)


@pytest.fixture
def reader(request: pytest.FixtureRequest) -> ModuleType:
    """The module of somebody else's program; skips where it is not installed. It may warn as it likes."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(request.param)
        except ImportError as error:
            pytest.skip(
                f"{request.param} is not installed ({error}); docs/exports.md says how it was checked"
            )


def exported(session: Path, name: str, out: Path, **options: object) -> Path:
    with opened(session) as there:
        (made,) = export(there, name, out / f"x{FORMATS[name].ending}", **options)  # type: ignore[arg-type]
    return made


def near(found: object, wanted: object, tolerance: float = PIXEL) -> None:
    np.testing.assert_allclose(
        np.asarray(found, float), np.asarray(wanted, float), rtol=0, atol=tolerance, equal_nan=True
    )


@pytest.mark.parametrize("reader", ["pycocotools.coco"], indirect=True)
def test_pycocotools_evaluates_the_results_against_the_truth(
    story: tuple[Path, Truth], tmp_path: Path, reader: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    from pycocotools.cocoeval import COCOeval

    path, truth = story
    annotations = []
    for number, ((frame, _), person) in enumerate(sorted(truth.items()), start=1):
        left, top, right, bottom = person.box.tolist()
        flat = np.concatenate(
            [np.nan_to_num(person.joints), np.where(person.somewhere, 2, 0)[:, None]], axis=1
        )
        annotations.append(
            {
                "id": number, "image_id": frame, "category_id": 1, "iscrowd": 0,
                "keypoints": flat.ravel().tolist(), "num_keypoints": int(person.somewhere.sum()),
                "bbox": [left, top, right - left, bottom - top], "area": (right - left) * (bottom - top),
            }
        )  # fmt: skip
    truth_file = tmp_path / "truth.json"
    images = [{"id": frame, "width": SIZE[0], "height": SIZE[1]} for frame in frames()]
    categories = [{"id": 1, "name": "person", "keypoints": list(KEYPOINTS)}]
    truth_file.write_text(
        json.dumps({"info": {}, "images": images, "annotations": annotations, "categories": categories})
    )
    coco = reader.COCO(str(truth_file))
    results = coco.loadRes(str(exported(path, "coco", tmp_path)))
    assert len(results.anns) == len(truth)
    found = COCOeval(coco, results, "keypoints")
    found.evaluate()
    found.accumulate()
    found.summarize()
    capsys.readouterr()
    assert found.stats[0] > 0.999


@pytest.mark.parametrize("reader", ["motmetrics"], indirect=True)
@pytest.mark.filterwarnings("ignore")
def test_motmetrics_reads_the_boxes_back(
    story: tuple[Path, Truth], tmp_path: Path, reader: ModuleType
) -> None:
    path, truth = story
    table = reader.io.loadtxt(exported(path, "mot", tmp_path), fmt="mot15-2D")
    assert [(frame - 1, who) for frame, who in table.index] == sorted(truth)
    boxes = np.array([truth[key].box for key in sorted(truth)])
    boxes[:, 2:] -= boxes[:, :2]
    near(table[["X", "Y", "Width", "Height"]], boxes)
    near(table["Confidence"], [truth[key].box_score for key in sorted(truth)], 1e-4)


@pytest.mark.parametrize("reader", ["sleap_io"], indirect=True)
@pytest.mark.filterwarnings("ignore")
def test_sleap_io_reads_the_instances_back(
    story: tuple[Path, Truth], tmp_path: Path, reader: ModuleType
) -> None:
    path, truth = story
    labels = reader.load_csv(str(exported(path, "sleap", tmp_path)), format="sleap")
    assert {node.name for node in labels.skeletons[0].nodes} == set(KEYPOINTS)
    order = [labels.skeletons[0].node_names.index(name) for name in KEYPOINTS]
    found = {
        (int(frame.frame_idx), LABELS[each.track.name]): each for frame in labels for each in frame.instances
    }
    assert sorted(found) == sorted(truth)
    for key, instance in found.items():
        person = truth[key]
        near(instance.numpy()[order], np.where(person.told[:, None], person.joints, np.nan))
        near(instance.score, person.box_score, 1e-4)


@pytest.mark.parametrize("reader", ["movement.io.load_poses"], indirect=True)
@pytest.mark.filterwarnings("ignore")
def test_movement_reads_everybody_at_their_times(
    story: tuple[Path, Truth], tmp_path: Path, reader: ModuleType
) -> None:
    path, truth = story
    poses = reader.from_dlc_file(exported(path, "dlc", tmp_path), fps=25)
    assert sorted(poses.individuals.values.tolist()) == sorted(LABELS)
    assert poses.keypoints.values.tolist() == list(KEYPOINTS)
    near(poses.time, np.arange(FRAMES) / 25, 1e-9)
    for label, who in LABELS.items():
        theirs = poses.position.sel(individuals=label).transpose("time", "keypoints", "space").values
        sure = poses.confidence.sel(individuals=label).transpose("time", "keypoints").values
        for frame in range(FRAMES):
            person = truth.get((frame, who))
            if person is None:
                assert np.isnan(theirs[frame]).all()
                continue
            near(theirs[frame], np.where(person.somewhere[:, None], person.joints, np.nan))
            wanted = np.where(person.foretold, 0, person.scores)
            near(sure[frame], np.where(person.somewhere, wanted, np.nan), 1e-4)


@pytest.mark.parametrize("reader", ["movement.io.load_poses"], indirect=True)
@pytest.mark.filterwarnings("ignore")
def test_movement_reads_one_person(story: tuple[Path, Truth], tmp_path: Path, reader: ModuleType) -> None:
    path, truth = story
    poses = reader.from_dlc_file(exported(path, "dlc", tmp_path, people=[2]), fps=25)
    assert poses.sizes["individuals"] == 1
    theirs = poses.position.squeeze("individuals").transpose("time", "keypoints", "space").values
    for (frame, who), person in truth.items():
        if who == 2:
            near(theirs[frame], np.where(person.somewhere[:, None], person.joints, np.nan))


@pytest.mark.parametrize("reader", ["Pose2Sim.common"], indirect=True)
@pytest.mark.filterwarnings("ignore")
def test_pose2sim_reads_the_markers(story: tuple[Path, Truth], tmp_path: Path, reader: ModuleType) -> None:
    path, truth = story
    folder = exported(path, "trc", tmp_path, people=[1])
    (file,) = folder.iterdir()
    table, numbers, times, markers, header = reader.read_trc(str(file))
    assert len(header) == 5
    assert len(markers) == 19
    assert numbers.tolist() == frames()
    near(times, np.array(frames()) / 25, 1e-9)
    points = table.to_numpy().reshape(len(table), 19, 3)[:, :17] * 1000
    points[..., 1] = SIZE[1] - 1 - points[..., 1]
    for row, frame in enumerate(frames()):
        person = truth.get((frame, 1))
        wanted = np.full((17, 2), np.nan)
        if person is not None:
            wanted = np.where(person.told[:, None], person.joints, np.nan)
        near(points[row, :, :2], wanted)


@pytest.mark.parametrize("reader", ["Pose2Sim.personAssociation"], indirect=True)
@pytest.mark.filterwarnings("ignore")
def test_pose2sim_finds_the_joints_of_openpose_where_its_skeleton_says(
    story: tuple[Path, Truth], tmp_path: Path, reader: ModuleType
) -> None:
    from anytree import PreOrderIter
    from Pose2Sim.skeletons import BODY_25

    path, truth = story
    folder = exported(path, "openpose", tmp_path)
    ids = {node.name: node.id for node in PreOrderIter(BODY_25)}
    found = 0
    for frame in frames():
        people = reader.read_json(str(folder / f"made-up_{frame:012d}_keypoints.json"))
        wanted = [
            person for (each, _), person in sorted(truth.items(), key=lambda item: item[0]) if each == frame
        ]
        assert len(people) == len(wanted)
        for flat, person in zip(people, wanted, strict=True):
            body = np.reshape(flat, (25, 3))
            for name, keypoint in (("LKnee", "left_knee"), ("RWrist", "right_wrist"), ("Nose", "nose")):
                number = KEYPOINTS.index(keypoint)
                joint = [*person.joints[number], person.scores[number]] if person.seen[number] else [0, 0, 0]
                near(body[ids[name]], joint)
                found += bool(person.seen[number])
    assert found > 100


@pytest.mark.parametrize("reader", ["pyarrow.parquet"], indirect=True)
def test_pandas_reads_from_parquet_what_it_reads_from_the_csv(
    story: tuple[Path, Truth], tmp_path: Path, reader: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = story
    from app.exports import parquet

    monkeypatch.setattr(parquet, "ROWS", 200)
    made = exported(path, "parquet", tmp_path)
    assert reader.ParquetFile(made).num_row_groups > 2
    found = pd.read_parquet(made)
    wanted = pd.read_csv(exported(path, "csv", tmp_path, style=Style(raw=True)))
    assert list(found.columns) == [*wanted.columns, "name"]
    assert set(found.name.dropna()) == {ODD, "Ana"}
    for column in wanted.columns:
        near(found[column], wanted[column])


def test_without_pyarrow_parquet_says_what_to_install(
    story: tuple[Path, Truth], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = story
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"pip install 'kinetrail\[parquet\]'"):
        exported(path, "parquet", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["angles", "sleap"])
def test_pandas_reads_the_tables_without_options(
    story: tuple[Path, Truth], tmp_path: Path, name: str
) -> None:
    path, truth = story
    table = pd.read_csv(exported(path, name, tmp_path))
    assert len(table) == len(truth)
    numbers = table.drop(columns=[column for column in ("name", "track") if column in table])
    assert all(kind.kind in "if" for kind in numbers.dtypes)
