"""The training of a person detector: it learns, it resumes, it says what is wrong."""

from __future__ import annotations

import csv
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import drawn_people
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("ultralytics", reason="has the detector's network; pip install '.[train]'")

from engine.errors import UserError  # noqa: E402
from engine.training import detector, saving, yolo  # noqa: E402
from engine.training.config import load_as  # noqa: E402
from engine.training.detector_config import Config, Phase, Source, rate  # noqa: E402
from engine.training.schedule import phase_at  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")


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


def test_the_loss_falls_and_everything_is_written(config: Config, tmp_path: Path) -> None:
    torch.manual_seed(0)
    weights = detector.train(replace(config, epochs=2, samples=14), CPU)
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
