"""The networks that come with the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.networks.download import Wanted, is_whole
from app.networks.part import kept
from benchmarks import demo_accuracy
from engine.catalogue import Kind
from engine.detector import open_detector
from engine.errors import UserError
from engine.models import default_model
from engine.pose import open_estimator


@pytest.mark.parametrize("kind", ["detector", "pose"])
def test_a_network_of_each_kind_comes_along_with_its_card_and_is_as_it_was_made(kind: Kind) -> None:
    path = default_model(kind)
    assert is_whole(path, Wanted())
    assert kept(path)
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert all(word in card for word in ("## Data", "## Recipe", "## Measured", "## Licence", "## Limits"))


def test_the_networks_that_come_along_are_small_enough() -> None:
    assert default_model("pose").stat().st_size < 25e6
    assert default_model("detector").stat().st_size < 8e6


def test_they_find_the_people_of_the_demo_clip_and_their_joints() -> None:
    """Every 25th frame, against the exact truth, with the measures of benchmarks/demo_accuracy.py."""
    truth = demo_accuracy.read(demo_accuracy.ASSETS / "demo.truth.csv")
    detector = open_detector(default_model("detector"), "cpu", threads=1)
    pose = open_estimator(default_model("pose"), "cpu", threads=1)
    alike, wanted = [], 0
    for image, present in list(demo_accuracy.frames(truth))[::5]:
        found = pose(image, detector.detect([image])[0])
        wanted += int(present.in_view().sum())
        alike += [
            demo_accuracy.oks(present, n, found.keypoints[m].astype(float))
            for n, m in demo_accuracy.matched(present, found.boxes.xyxy.astype(float))
            if present.in_view()[n]
        ]
    detector.close()
    pose.close()
    assert len(alike) >= 0.9 * wanted
    assert sum(alike) / len(alike) > 0.65


@pytest.mark.parametrize("kind", ["detector", "pose"])
def test_where_one_is_missing_the_user_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: Kind
) -> None:
    monkeypatch.setattr("engine.models.own_models", lambda: tmp_path)
    with pytest.raises(UserError, match=f"install Kinetrail again, or pass --{kind} MODEL.onnx"):
        default_model(kind)
