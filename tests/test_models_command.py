"""`kinetrail models`: what it says, what it leaves on disk, and with which exit code."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from publisher import Publisher

from app.cli import main
from app.networks import download as module
from engine.catalogue import CATALOGUE, Published
from engine.errors import UserError
from engine.models import model_file

ROOT = Path(__file__).parents[1]
CONTENT = random.Random(2).randbytes(200_000)
CHECKPOINT = ROOT / "assets" / "checkpoints" / "hrnet_tiny-likelihood_128x96.pth"


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINETRAIL_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr("engine.models.resources.files", lambda _: tmp_path / "assets")
    monkeypatch.setattr(module, "PAUSE_S", 0.01)
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def server() -> Iterator[Publisher]:
    with Publisher(CONTENT) as publisher:
        yield publisher


def entry(address: str, content: bytes = CONTENT, digits: int = 64, arch: str = "hrnet_tiny") -> Published:
    return Published(
        name="net",
        kind="pose",
        about="a network",
        arch=arch,
        input_size=(128, 96),
        address=address,
        page="https://example.org/net",
        licence="MIT",
        sha256=hashlib.sha256(content).hexdigest()[:digits],
        size=len(content) if digits == 64 else 0,
    )


@pytest.fixture
def publish(server: Publisher, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(content: bytes = CONTENT, **more: int | str) -> None:
        server.content = content
        monkeypatch.setitem(CATALOGUE, "net", entry(server.address, content, **more))

    put()
    return put


@pytest.mark.usefixtures("publish")
def test_a_checkpoint_arrives_and_what_to_do_with_it_is_said(folder: Path, capfd) -> None:
    assert main(["models", "download", "net"]) == 0
    out, err = capfd.readouterr()
    assert (folder / "net.pth").read_bytes() == CONTENT
    assert f"{folder}/net.pth: 0.2 MB, its sha256 is the published one; MIT" in out
    assert "kinetrail models download net --onnx" in out
    assert err == ""


@pytest.mark.usefixtures("publish")
def test_quiet_says_nothing(capfd) -> None:
    assert main(["models", "download", "net", "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")


def test_it_is_said_how_much_of_the_sha256_is_known(publish: Callable[..., None], capfd) -> None:
    publish(digits=8)
    assert main(["models", "download", "net"]) == 0
    assert "the first 8 digits of its sha256, all that are published, are right" in capfd.readouterr().out


def test_failing_is_one_line_and_exit_code_2(server: Publisher, publish: Callable[..., None], capfd) -> None:
    publish()
    server.content = CONTENT[::-1]
    assert main(["models", "download", "net"]) == 2
    server.etag = '"two"'
    server.__exit__(None, None, None)
    assert main(["models", "download", "net"]) == 2
    server.__enter__()
    first, second = capfd.readouterr().err.splitlines()
    assert re.fullmatch(r"kinetrail: net\.pth: damaged, or another file: .*; what came was removed", first)
    assert re.fullmatch(
        r"kinetrail: net: 127\.0\.0\.1:\d+ cannot be reached \(Connection refused\); is there a network\?;"
        r" by hand: fetch it from https://example\.org/net and pass it with --from-file FILE",
        second,
    )


@pytest.mark.usefixtures("publish")
def test_a_file_fetched_by_hand_is_taken(server: Publisher, tmp_path: Path, folder: Path) -> None:
    source = tmp_path / "Download (1)"
    source.write_bytes(CONTENT)
    assert main(["models", "download", "net", "--from-file", str(source)]) == 0
    assert (folder / "net.pth").read_bytes() == CONTENT
    assert server.asked == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("hrnet_w32", "did you mean hrnet_w32_256x192 or mmpose_hrnet_w32_256x192 or"),
        ("hrnet_w48_384x28", "did you mean hrnet_w48_384x288"),
        ("yolo99", "see: kinetrail models list"),
        ("", "see: kinetrail models list"),
        ("a\x1b[2J", r"a\\x1b\[2J: no published"),
    ],
)
def test_an_unknown_name_is_answered_with_near_ones(name: str, hint: str, capfd) -> None:
    assert main(["models", "download", name]) == 2
    assert re.search(hint, capfd.readouterr().err)


STOPPABLE = """
import sys
from engine.catalogue import CATALOGUE, Published
from app.cli import main
CATALOGUE["net"] = Published("net", "pose", "", "hrnet_tiny", (128, 96), sys.argv[1], "", "MIT", sys.argv[2])
sys.exit(main(["models", "download", "net"]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_came_and_the_same_command_goes_on(
    server: Publisher, folder: Path, capfd, number: signal.Signals
) -> None:
    server.stall_after = 131_072
    digest = hashlib.sha256(CONTENT).hexdigest()
    command = [sys.executable, "-c", STOPPABLE, server.address, digest]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    part = folder / "net.pth.part"
    while not (part.exists() and part.stat().st_size == 131_072):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said == "stopped; 0.1 MB are kept, the same command goes on from there\n"
    server.stall_after = None
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
    assert (folder / "net.pth").read_bytes() == CONTENT
    assert server.sent == [len(CONTENT) - 131_072]
    capfd.readouterr()


# ------------------------------------------------------------------------------------------- list


@pytest.mark.usefixtures("publish")
def test_the_list_says_what_is_here(folder: Path, capfd) -> None:
    def here() -> str:
        capfd.readouterr()
        assert main(["models", "list"]) == 0
        (row,) = (line for line in capfd.readouterr().out.splitlines() if line.startswith("net "))
        return row.split()[-1]

    assert here() == "no"
    folder.mkdir()
    (folder / "net.pth").touch()
    assert here() == "checkpoint"
    (folder / "net.onnx").touch()
    assert here() == "yes"


def test_the_list_for_machines_says_everything_and_unknown_is_null(folder: Path, capfd) -> None:
    assert main(["models", "list", "--json"]) == 0
    found = {each["name"]: each for each in json.loads(capfd.readouterr().out)}
    assert set(found) == set(CATALOGUE)
    known, unknown = found["hrnet_w32_256x192"], found["mmpose_hrnet_w32_256x192"]
    assert known["size_bytes"] == 114_721_619
    assert (len(known["sha256"]), known["sha256_is_complete"]) == (64, True)
    assert unknown["size_bytes"] is None
    assert (unknown["sha256"], unknown["sha256_is_complete"]) == ("c78dce93", False)
    assert known["file"] == str(folder / "hrnet_w32_256x192.pth")
    assert found["rtmdet_nano_person"]["file"] == found["rtmdet_nano_person"]["onnx"]


def test_whoever_reads_the_list_may_leave() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "models", "list"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait()


# ----------------------------------------------------------------------------------------- verify


def states(capfd) -> tuple[int, dict[str, str]]:
    capfd.readouterr()
    code = main(["models", "verify", "--json"])
    return code, {Path(each["file"]).name: each["state"] for each in json.loads(capfd.readouterr().out)}


@pytest.mark.parametrize("digits", [64, 8])
def test_verify_tells_whole_from_damaged(
    publish: Callable[..., None], folder: Path, capfd, digits: int
) -> None:
    publish(digits=digits)
    assert states(capfd) == (0, {})
    main(["models", "download", "net"])
    assert states(capfd) == (0, {"net.pth": "whole"})
    (folder / "net.pth").write_bytes(CONTENT[:-1] + b"x")
    assert states(capfd) == (1, {"net.pth": "damaged"})
    assert main(["models", "verify"]) == 1
    assert "fetch it again" in capfd.readouterr().out
    main(["models", "download", "net"])
    assert states(capfd) == (0, {"net.pth": "whole"})


@pytest.mark.usefixtures("publish")
def test_verify_names_what_it_cannot_judge(server: Publisher, folder: Path, capfd) -> None:
    server.breaks = [131_072] + [0] * module.TRIES
    main(["models", "download", "net"])
    (folder / "mine.onnx").write_bytes(b"x")
    (folder / "rtmdet_m_person.onnx").write_bytes(b"another export")
    (folder / "notes.md").write_text("")
    assert states(capfd) == (
        0,
        {"net.pth.part": "incomplete", "mine.onnx": "unknown", "rtmdet_m_person.onnx": "unknown"},
    )


def test_verify_looks_at_what_comes_with_the_program(tmp_path: Path, capfd) -> None:
    own = tmp_path / "assets" / "models"
    own.mkdir(parents=True)
    (own / "pose.onnx").write_bytes(b"weights")
    assert states(capfd) == (0, {"pose.onnx": "unknown"})
    record = own / "pose.onnx.sha256"
    record.write_text(f"{hashlib.sha256(b'weights').hexdigest()}  pose.onnx\n")
    assert states(capfd) == (0, {"pose.onnx": "whole"})
    (own / "pose.onnx").write_bytes(b"weight")
    assert states(capfd) == (1, {"pose.onnx": "damaged"})


def test_verify_without_any_model(folder: Path, capfd) -> None:
    assert main(["models", "verify"]) == 0
    assert capfd.readouterr().out == f"there is no model in {folder}\n"


# ----------------------------------------------------------------------------------- into ONNX, and run


@pytest.mark.usefixtures("publish")
def test_without_pytorch_the_checkpoint_stays_and_what_to_install_is_said(
    folder: Path, capfd, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("app.networks.models.find_spec", lambda name: None if name == "torch" else find(name))
    assert main(["models", "download", "net", "--onnx"]) == 2
    assert 'needs torch: pip install "kinetrail[train]"' in capfd.readouterr().err
    assert (folder / "net.pth").is_file()


def test_a_checkpoint_becomes_onnx_that_runs_by_its_name(
    publish: Callable[..., None], folder: Path, tmp_path: Path, capfd, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from engine.pose import open_estimator

    publish(CHECKPOINT.read_bytes())
    (tmp_path / "engine").mkdir()  # a folder with the name of our package must not get in the way
    monkeypatch.chdir(tmp_path)
    assert main(["models", "download", "net", "--onnx"]) == 0
    assert "--pose net" in capfd.readouterr().out
    assert states(capfd) == (0, {"net.onnx": "whole", "net.pth": "whole"})
    open_estimator(model_file("pose", "net"), "cpu", 1).close()
    before = (folder / "net.onnx").stat().st_mtime_ns
    assert main(["models", "download", "net", "--onnx"]) == 0
    assert (folder / "net.onnx").stat().st_mtime_ns == before


@pytest.fixture
def exporter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts other code in the place of the exporter."""
    module_folder = tmp_path / "root" / "engine" / "training"
    module_folder.mkdir(parents=True)
    for package in (module_folder, module_folder.parent):
        (package / "__init__.py").touch()
    monkeypatch.setattr("app.networks.models.ROOT", tmp_path / "root")
    monkeypatch.setattr("app.networks.models.find_spec", lambda name: name)

    def put(code: str) -> None:
        (module_folder / "export.py").write_text(code)

    return put


@pytest.mark.usefixtures("publish")
def test_what_the_exporter_complains_about_is_told(
    exporter: Callable[[str], None], folder: Path, capfd
) -> None:
    exporter("import sys; sys.exit('a warning\\nnet.pth: no checkpoint: PyTorch did not write it')")
    assert main(["models", "download", "net", "--onnx"]) == 2
    assert capfd.readouterr().err.endswith("kinetrail: net.pth: no checkpoint: PyTorch did not write it\n")
    assert not (folder / "net.onnx").exists()


@pytest.mark.usefixtures("publish")
def test_an_exporter_that_is_killed_is_told(exporter: Callable[[str], None], capfd) -> None:
    exporter("import os; os.kill(os.getpid(), 9)")
    assert main(["models", "download", "net", "--onnx"]) == 2
    assert "engine.training.export ended with exit code -9" in capfd.readouterr().err


@pytest.mark.usefixtures("publish")
def test_a_network_that_somebody_made_is_not_overwritten_and_a_damaged_one_is_made_anew(
    exporter: Callable[[str], None], folder: Path
) -> None:
    exporter("import sys; open(sys.argv[sys.argv.index('-o') + 1], 'w').write('made')")
    folder.mkdir()
    net = folder / "net.onnx"
    net.write_text("in half precision, by hand")
    assert main(["models", "download", "net", "--onnx"]) == 0
    assert net.read_text() == "in half precision, by hand"
    net.unlink()
    for damage in ("", "damaged"):
        net.write_text(damage) if damage else None
        assert main(["models", "download", "net", "--onnx"]) == 0
        assert net.read_text() == "made"


@pytest.mark.usefixtures("publish")
def test_stopping_stops_the_exporter_too(
    exporter: Callable[[str], None], tmp_path: Path, folder: Path, capfd
) -> None:
    from app.networks.models import download_model

    exporter(f"import os, time; open({str(tmp_path / 'id')!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    stop = threading.Event()

    def when_it_runs() -> None:
        while not ((tmp_path / "id").exists() and (tmp_path / "id").read_text()):
            time.sleep(0.01)
        stop.set()

    thread = threading.Thread(target=when_it_runs)
    thread.start()
    assert not download_model("net", source=None, onnx=True, quiet=False, stop=stop)
    thread.join()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "id").read_text()), 0)
    assert "stopped; the checkpoint is kept" in capfd.readouterr().err
    assert (folder / "net.pth").is_file()


def test_a_name_stands_for_its_file_once_it_is_here(folder: Path) -> None:
    with pytest.raises(UserError, match="run: kinetrail models download hrnet_w32_256x192 --onnx"):
        model_file("pose", "hrnet_w32_256x192")
    with pytest.raises(UserError, match=r"run: kinetrail models download rtmdet_m_person$"):
        model_file("detector", "rtmdet_m_person")
    with pytest.raises(UserError, match="is no pose network; pass it as --detector"):
        model_file("pose", "rtmdet_m_person")
    folder.mkdir()
    (folder / "rtmdet_m_person.onnx").touch()
    assert model_file("detector", "rtmdet_m_person") == folder / "rtmdet_m_person.onnx"
    assert model_file("detector", "my/own.onnx") == Path("my/own.onnx")


def test_a_run_with_a_name_that_is_not_here_says_how_to_get_it(tmp_path: Path, capfd) -> None:
    arguments = ["run", "x.mp4", "--detector", "rtmdet_nano_person", "-o", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "run: kinetrail models download rtmdet_nano_person\n" in capfd.readouterr().err


def test_models_go_to_the_cache_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd) -> None:
    monkeypatch.delenv("KINETRAIL_MODELS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    main(["models", "list"])
    assert f"folder: {tmp_path}/cache/kinetrail/models" in capfd.readouterr().out


# -------------------------------------------------------------------------------------- the catalogue


@pytest.mark.parametrize("each", CATALOGUE.values(), ids=CATALOGUE)
def test_an_entry_of_the_catalogue_can_be_used(each: Published) -> None:
    assert CATALOGUE[each.name] is each
    assert re.fullmatch("[a-z0-9_]+", each.name)
    assert each.address.startswith("https://")
    assert each.page.startswith("https://github.com/")
    assert re.fullmatch("[0-9a-f]{64}|[0-9a-f]{8}", each.sha256)
    assert each.licence in ("MIT", "Apache-2.0")
    assert all(side % 32 == 0 for side in each.input_size)
    assert (each.kind == "detector") == (each.arch == "")


def test_the_digits_in_the_names_of_mmpose_are_those_of_the_whole_sha256() -> None:
    """All of them are known of two."""
    checkpoints = [each for each in CATALOGUE.values() if "openmmlab" in each.address and each.arch]
    for each in checkpoints:
        assert f"-{each.sha256[:8]}_" in each.address
    assert sum(len(each.sha256) == 64 for each in checkpoints) == 2


def test_our_networks_are_those_of_the_catalogue() -> None:
    pytest.importorskip("torch")
    from engine.training.zoo import NAMES

    assert {each.arch for each in CATALOGUE.values() if each.arch} <= set(NAMES)


@pytest.mark.parametrize("folder", ["x" * 5000, __file__])
def test_a_folder_of_models_that_is_none_is_one_line(
    folder: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KINETRAIL_MODELS", folder)
    assert main(["models", "verify"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "no folder that can be read" in said
