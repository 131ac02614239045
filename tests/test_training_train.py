"""Trainings of a minute: they learn, they mask, they resume, they say what is wrong."""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import drawn_people
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engine.errors import UserError  # noqa: E402
from engine.heatmap import decode, encode  # noqa: E402
from engine.pose import open_estimator  # noqa: E402
from engine.skeleton import oks  # noqa: E402
from engine.training import data, processes, saving, schedule, train  # noqa: E402
from engine.training.augment import PLAIN  # noqa: E402
from engine.training.config import Config, Phase, Source, load  # noqa: E402
from engine.training.evaluate import gallery, poses, true_boxes  # noqa: E402
from engine.training.likelihood import Likelihood, cross_entropy, told  # noqa: E402
from engine.training.trained import open_trained  # noqa: E402
from engine.training.weights import described  # noqa: E402
from engine.training.zoo import build  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

ALONE = processes.Processes(0, 1, torch.device("cpu"))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Two epochs of two steps on four small people."""
    drawn_people.write(tmp_path / "set")
    return Config(
        arch="hrnet_tiny",
        out=str(tmp_path / "out"),
        cache=str(tmp_path / "cache"),
        data=(Source(str(tmp_path / "set")),),
        phases=(Phase((64, 32), batch=2),),
        epochs=2,
        lr=1e-3,
    )


@pytest.mark.parametrize("arch", ["hrnet_tiny", "hrnet_tiny-likelihood"])
def test_a_network_learns_four_pictures(config: Config, tmp_path: Path, arch: str) -> None:
    phases = (Phase((128, 96), batch=4),)
    config = replace(config, arch=arch, phases=phases, samples=240, augment=PLAIN, lr=4e-3, average=0.9)
    weights = train.train(config, ALONE)
    pictures = gallery(tmp_path / "set")
    found, _ = poses(open_estimator(weights, "cpu"), pictures, true_boxes(pictures))
    people = data.read(tmp_path / "set")
    areas = np.prod(people.xyxy[:, 2:] - people.xyxy[:, :2], axis=1) * np.float32(0.53)
    alike = oks(np.concatenate([each.keypoints for _, each in found]), people.joints, areas, people.labelled)
    assert np.diag(alike).min() > 0.9


def test_a_masked_joint_has_no_gradient_and_the_others_have_their_own() -> None:
    maps = torch.rand(3, 17, 8, 6, requires_grad=True)
    weights = torch.ones(3, 17)
    weights[0, 4] = weights[2, 16] = 0
    weights[1, 5] = 0.5
    targets = torch.rand(3, 17, 8, 6)
    train.squared_error(maps, targets, weights, sigma=2.0).backward()
    assert maps.grad is not None
    assert not maps.grad[0, 4].any()
    assert not maps.grad[2, 16].any()
    expected = 2 * (maps.detach() - targets) * weights[..., None, None] / weights.sum() / (np.pi * 4)
    assert torch.allclose(maps.grad, expected, atol=1e-7)


def test_answering_nothing_costs_1() -> None:
    targets = torch.from_numpy(encode(np.full((1, 1, 2), 20.0), np.ones((1, 1), np.bool_), (48, 40), 2.0))
    loss = train.squared_error(torch.zeros_like(targets), targets, torch.ones(1, 1), sigma=2.0)
    assert float(loss) == pytest.approx(1, abs=1e-3)


def test_cross_entropy_is_that_of_the_distributions_over_its_largest() -> None:
    logits = torch.randn(2, 3, 4, 5, requires_grad=True)
    targets, weights = torch.rand(2, 3, 4, 5), torch.tensor([[1.0, 0.5, 0.0], [1.0, 0.0, 1.0]])
    loss = cross_entropy(logits, targets, weights)
    loss.backward()
    expected = 0.0
    for person, joint in np.ndindex(2, 3):
        wanted = targets[person, joint].flatten().double() / targets[person, joint].sum()
        given = torch.distributions.Categorical(logits=logits[person, joint].detach().flatten().double())
        expected -= float(weights[person, joint] * (wanted * given.logits).sum()) / 3.5 / np.log(20)
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
    assert logits.grad is not None
    assert not logits.grad[0, 2].any()


def test_wavering_between_all_cells_costs_1() -> None:
    targets, weights = torch.rand(2, 3, 8, 6), torch.ones(2, 3)
    assert float(cross_entropy(torch.full((2, 3, 8, 6), 3.0), targets, weights)) == pytest.approx(1)


@pytest.mark.parametrize("sigma", [1.25, 2.0, 3.0])
def test_a_likelihood_as_wide_as_its_targets_is_the_heatmap_that_the_decoder_knows(sigma: float) -> None:
    at = np.array([[[21.3, 17.8]]], np.float32)
    target = torch.from_numpy(encode(at, np.ones((1, 1), np.bool_), (44, 40), sigma))
    answer = told(Likelihood().eval(), sigma)(target.clamp_min(1e-12).log())
    assert torch.allclose(answer, target, atol=0.01)
    joints, scores, _ = decode(answer.numpy(), "udp", sigma=sigma)
    assert np.abs(joints - at).max() < 0.02
    assert scores.min() > 0.95


def test_a_trained_likelihood_is_as_high_as_the_targets_of_its_last_phase(
    config: Config, tmp_path: Path
) -> None:
    phase = Phase((64, 32), batch=2, sigma=1.25)
    config = replace(config, arch="hrnet_tiny-likelihood")
    saving.save(described(build(config.arch), config, phase), tmp_path / "w.pth")
    network, _ = open_trained(tmp_path / "w.pth")
    with torch.no_grad():
        volumes = network(torch.rand(2, 3, 64, 32)).sum(dim=(2, 3))
    assert torch.allclose(volumes, torch.tensor(2 * np.pi * 1.25**2, dtype=torch.float32), rtol=1e-4)


def test_a_batch_in_which_nobody_knows_anything_costs_nothing() -> None:
    zeros, ones = torch.zeros(2, 17, 8, 6), torch.ones(2, 17, 8, 6)
    loss = train.squared_error(zeros, ones, torch.zeros(2, 17), 2.0)
    assert float(loss) == 0


def test_a_resumed_training_ends_as_an_uninterrupted_one(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = saving.restore(train.train(config, ALONE))

    class Killed(Exception):
        """Stands for a kill in the second epoch."""

    again = replace(config, out=str(tmp_path / "again"))
    run_epoch = train.Training.run_epoch

    def second_dies(self: train.Training, *rest: object) -> float:
        loss = run_epoch(self, *rest)  # type: ignore[arg-type]
        if self.epoch == 1:
            raise Killed
        return loss

    with monkeypatch.context() as patch:
        patch.setattr(train.Training, "run_epoch", second_dies)
        with pytest.raises(Killed):
            train.train(again, ALONE)
    resumed = saving.restore(train.train(again, ALONE))
    assert whole["state_dict"].keys() == resumed["state_dict"].keys()
    for name, tensor in whole["state_dict"].items():
        assert torch.equal(tensor, resumed["state_dict"][name]), name
    with (tmp_path / "again" / "log.csv").open(encoding="utf-8") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]


@pytest.mark.parametrize("file", ["pose.pth", "last.pth"])
def test_a_kill_between_the_last_two_files_costs_no_weights(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    config = replace(config, epochs=1)
    whole = saving.restore(train.train(replace(config, out=str(tmp_path / "whole")), ALONE))
    save = saving.save

    class Killed(Exception):
        """Stands for a kill before `file` is written."""

    def dies(content: dict[str, object], path: Path) -> None:
        if path.name == file:
            raise Killed
        save(content, path)

    with monkeypatch.context() as patch:
        patch.setattr(saving, "save", dies)
        with pytest.raises(Killed):
            train.train(config, ALONE)
    again = saving.restore(train.train(config, ALONE))
    for name, tensor in whole["state_dict"].items():
        assert torch.equal(tensor, again["state_dict"][name]), name


def test_a_training_can_start_from_the_weights_of_another(config: Config, tmp_path: Path) -> None:
    weights = train.train(config, ALONE)
    again = replace(config, out=str(tmp_path / "again"), start=str(weights), lr=0.0, average=0.0)
    before = saving.restore(weights)["state_dict"]
    after = saving.restore(train.train(again, ALONE))["state_dict"]
    learned = [name for name in before if name.endswith("weight")]
    assert all(torch.equal(before[name], after[name]) for name in learned)


def test_a_training_that_is_over_is_not_started_again(config: Config) -> None:
    first = train.train(config, ALONE).stat().st_mtime_ns
    assert train.train(config, ALONE).stat().st_mtime_ns == first


def test_a_training_of_another_network_is_not_resumed(config: Config) -> None:
    train.train(config, ALONE)
    with pytest.raises(UserError, match="a training of hrnet_tiny, not hrnet_small"):
        train.train(replace(config, arch="hrnet_small", epochs=4), ALONE)


@pytest.mark.parametrize("here", [0, 3])
def test_a_process_whose_checkpoint_is_not_that_of_the_first_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: int
) -> None:
    def from_rank_0(told: list[int], _: int) -> None:
        told[0] = 2

    monkeypatch.setattr(torch.distributed, "broadcast_object_list", from_rank_0)
    second = processes.Processes(1, 2, torch.device("cpu"))
    processes.agree(2, second, tmp_path / "last.pth")
    with pytest.raises(UserError, match=rf"{here} epochs are over here, but 2 where rank 0 runs"):
        processes.agree(here, second, tmp_path / "last.pth")


def test_a_device_that_torch_does_not_know_is_refused(config: Config) -> None:
    with pytest.raises(UserError, match="device gpu: there is no such kind"):
        processes.processes(replace(config, device="gpu"))


def test_a_damaged_checkpoint_is_not_resumed_and_not_replaced(config: Config, tmp_path: Path) -> None:
    train.train(replace(config, epochs=1), ALONE)
    last = tmp_path / "out" / "last.pth"
    half = last.read_bytes()[: last.stat().st_size // 2]
    last.write_bytes(half)
    with pytest.raises(UserError, match=r"last\.pth: damaged or cut off"):
        train.train(config, ALONE)
    assert last.read_bytes() == half


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"w\.pth: cannot be written"):
        saving.save({}, tmp_path / "file" / "out" / "w.pth")


def test_a_full_disk_leaves_the_last_checkpoint_whole(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train.train(replace(config, epochs=1), ALONE)
    before = (tmp_path / "out" / "last.pth").read_bytes()

    def full(_: object, file: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UserError, match="No space left"):
        train.train(config, ALONE)
    assert (tmp_path / "out" / "last.pth").read_bytes() == before
    assert not list((tmp_path / "out").glob("*.part"))


def test_what_the_disk_says_is_told_and_not_what_torch_makes_of_it(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(
            UserError, match=r"w\.pth: cannot be written: \[Errno 27\] File too large; make room"
        ):
            saving.save({"weights": torch.zeros(300_000)}, tmp_path / "w.pth")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_minutes_end_a_training_as_epochs_do(config: Config, tmp_path: Path) -> None:
    train.train(replace(config, epochs=0, minutes=0.05), ALONE)
    with (tmp_path / "out" / "log.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[-1]["minutes"]) >= 0.05 or float(rows[-1]["done"]) > 0.5
    assert float(rows[0]["done"]) == 0


def test_the_learning_rate_warms_up_and_falls() -> None:
    config = Config("a", "b", "c", (Source("d"),), (Phase((64, 32), 2),), epochs=1, lr=1.0, warmup=0.1)
    assert schedule.rate(config, 0) == pytest.approx(0.01)
    assert schedule.rate(config, 0.1) == pytest.approx(1)
    assert schedule.rate(config, 0.55) == pytest.approx(0.5, abs=0.01)
    assert schedule.rate(config, 1) == pytest.approx(0.005)
    stepped = replace(config, schedule="steps", warmup=0.0)
    assert [schedule.rate(stepped, epoch / 210) for epoch in (0, 169, 171, 199, 201)] == [
        1,
        1,
        0.1,
        0.1,
        0.01,
    ]


def test_phases_share_the_training() -> None:
    small, large = Phase((128, 96), 4, share=3), Phase((256, 192), 2, share=1)
    config = Config("a", "b", "c", (Source("d"),), (small, large), epochs=1)
    assert [schedule.phase_at(config, done) for done in (0, 0.74, 0.76, 1)] == [small, small, large, large]


def test_sets_are_mixed_by_weight() -> None:
    config = Config(
        "a", "b", "c", (Source("d", 3), Source("e", 1)), (Phase((64, 32), 2),), epochs=1, samples=400
    )
    rows = schedule.rows_of_epoch([50, 1000], config, epoch=0)
    assert len(rows) == 400
    counts = np.bincount(rows[rows < 50], minlength=50)
    assert counts.min() == counts.max() == 6  # 300 of a set of 50
    assert len(set(rows[rows >= 50])) == 100
    assert not np.array_equal(rows, schedule.rows_of_epoch([50, 1000], config, epoch=1))
    assert np.array_equal(rows, schedule.rows_of_epoch([50, 1000], config, epoch=0))


def test_the_configurations_that_ship_can_be_read() -> None:
    found = sorted((Path(train.__file__).parent / "configs").glob("*.toml"))
    poses = [path for path in found if not path.stem.endswith("_person")]
    assert poses
    for path in poses:
        assert load(path).phases


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("arc = 'x'", "unknown arc"),
        ("epochs = 'many'", "epochs is 'many'; it has to be int"),
        ("minutes = 3", "epochs, minutes: one of them"),
        ("schedule = 'sine'", "schedule is 'sine'"),
        ("[augment]\nturn = 3", "unknown augment.turn"),
        ("[[phases]]\nsize = [100, 60]\nbatch = 4", "sides are multiples of 32"),
        ("[[data]]\nweight = 1.0", "folder missing"),
        ("[[data]]\nfolder = 'g'\nweight = -0.5", "weights and shares are 0 or more"),
        ("warmup = 1.0", "warmup 1.0, samples 0: 0 or more"),
        ("samples = -5", "samples -5: 0 or more"),
        ("= 3", "not TOML"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(tmp_path: Path, change: str, says: str) -> None:
    path = tmp_path / "c.toml"
    head, tables = "arch = 'a'\nout = 'o'\ncache = 'c'\nepochs = 2\n", "[[data]]\nfolder = 'f'\n"
    tables += "[[phases]]\nsize = [64, 32]\nbatch = 2\n"
    path.write_text(head + tables, encoding="utf-8")
    assert load(path).phases == (Phase((64, 32), 2),)
    said = f"{head}{tables}{change}\n" if change.startswith("[") else f"{head}{change}\n{tables}"
    path.write_text(said.replace("epochs = 2\nepochs", "epochs"), encoding="utf-8")
    with pytest.raises(UserError, match=says):
        load(path)


def test_the_command_trains_on_the_sets_and_into_the_folder_it_is_told(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert config.epochs
    path = tmp_path / "c.toml"
    path.write_text(
        f"arch = 'hrnet_tiny'\nout = 'o'\ncache = '{tmp_path / 'cache'}'\nepochs = 1\ndevice = 'cpu'\n"
        "validation = 'set'\nevery = 1\n[[data]]\nfolder = 'set'\n[[phases]]\nsize = [64, 32]\nbatch = 2\n",
        encoding="utf-8",
    )
    assert train.main([str(path), "--data", str(tmp_path), "--out", str(tmp_path / "there")]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[-1] == str(tmp_path / "there" / "pose.pth")
    assert told[-2].startswith("epoch 1 ")
    assert " ap 0.0" in told[-2]


def test_the_command_says_in_one_line_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main([str(tmp_path / "none.toml")]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'none.toml'}: there is no such file\n"


@pytest.mark.usefixtures("config")
def test_two_processes_train_one_network(tmp_path: Path) -> None:
    toml = tmp_path / "two.toml"
    toml.write_text(
        f"arch = 'hrnet_tiny'\nout = '{tmp_path / 'out'}'\ncache = '{tmp_path / 'cache'}'\nepochs = 2\n"
        "device = 'cpu'\nthreads = 1\n[[data]]\nfolder = 'set'\n[[phases]]\nsize = [64, 32]\nbatch = 2\n"
    )
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m"]
    ended = subprocess.run(
        [*run, "engine.training.train", str(toml), "--data", str(tmp_path)],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert len((tmp_path / "out" / "log.csv").read_text().splitlines()) == 3
    steps = saving.restore(tmp_path / "out" / "last.pth")["optimiser"]["state"][0]["step"]
    assert steps == 2  # four people, two at a time in each of two processes: a step an epoch


@pytest.mark.parametrize(
    "change",
    ["lr = nan", "lr = -1.0", "decay = -1.0", "average = 2.0", "seed = -1", "threads = -1", "minutes = inf"],
)
def test_a_number_that_no_training_can_use_is_refused(tmp_path: Path, change: str) -> None:
    file = tmp_path / "it.toml"
    length = "" if change.startswith("minutes") else "epochs = 1\n"
    sets = '[[data]]\nfolder = "set"\n[[phases]]\nsize = [64, 32]\nbatch = 2\n'
    file.write_text(f'arch = "hrnet_tiny"\nout = "out"\ncache = "cache"\n{length}{change}\n{sets}')
    with pytest.raises(UserError, match=change.split()[0]):
        load(file)


def test_a_training_that_could_never_end_is_refused(config: Config) -> None:
    with pytest.raises(UserError, match="how long the training is"):
        replace(config, epochs=-1, minutes=1.0)


def test_fewer_people_than_sets_are_refused(config: Config) -> None:
    with pytest.raises(UserError, match="samples 1: nobody"):
        schedule.rows_of_epoch([4, 4], replace(config, data=config.data * 2, samples=1), 0)


def test_a_kind_of_device_that_no_training_runs_on_is_refused(config: Config) -> None:
    with pytest.raises(UserError, match="device meta: trainings run on"):
        processes.processes(replace(config, device="meta"))


def test_weights_in_the_place_of_the_checkpoint_are_refused(config: Config, tmp_path: Path) -> None:
    saving.save({"arch": config.arch, "state_dict": {}}, tmp_path / "out" / "last.pth")
    with pytest.raises(UserError, match=r"last\.pth: not what a training left there"):
        train.train(config, ALONE)


def test_a_folder_that_cannot_be_written_is_told_before_the_first_epoch(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train.Training, "run_epoch", lambda *_: pytest.fail("trained in vain"))
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UserError, match="nothing can be saved there"):
        train.train(config, ALONE)


def test_ctrl_c_is_one_line(
    config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "load", lambda _: config)
    monkeypatch.setattr(train, "train", interrupted)
    assert train.main(["it.toml"]) == 130
    assert "the same command goes on" in capsys.readouterr().err
