"""Files that are whole or not there, and the folder of a training: what a kill leaves does no harm."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.training.whole import alone, clear, whole

ROOT = Path(__file__).parents[1]
BUSY = """
import os, sys, time
from pathlib import Path
from engine.training.whole import alone, whole
with alone(Path(sys.argv[1])), whole(Path(sys.argv[1]) / "last.pth") as part:
    part.write_bytes(b"half")
    if os.fork():
        print("there", flush=True)
    time.sleep(60)
"""


@contextmanager
def busy(folder: Path) -> Iterator[int]:
    """Another training there, which has forked as those do that draw pictures, amid saving; its number."""
    run = [sys.executable, "-c", BUSY, str(folder)]
    with subprocess.Popen(
        run, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "there\n"
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.stdout.read()  # until the last of them is gone


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "it.npy"
    with whole(path) as part:
        part.write_bytes(b"all")
        assert not path.exists()
    assert path.read_bytes() == b"all"
    with suppress(KeyError), whole(path) as part:
        part.write_bytes(b"ha")
        raise KeyError
    assert path.read_bytes() == b"all"
    assert names(path.parent) == ["it.npy"]


def test_of_two_trainings_in_one_folder_the_second_is_refused_by_name(tmp_path: Path) -> None:
    with busy(tmp_path), pytest.raises(UserError, match=rf"{tmp_path}: another training saves there"):
        alone(tmp_path).__enter__()
    with alone(tmp_path):
        pass


def test_what_is_being_written_is_left_alone_and_what_a_kill_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "last.pth").write_bytes(b"before")
    (tmp_path / "last.pth.1234.part").write_bytes(b"of an earlier kill")
    with busy(tmp_path) as number:
        (part,) = tmp_path.glob("*.part")
        clear(tmp_path)
        with whole(tmp_path / "last.pth") as mine:
            mine.write_bytes(b"mine")
        assert names(tmp_path) == ["last.pth", part.name, "training.lock"]
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
        with alone(tmp_path):  # though the forked process lives on
            pass
    clear(tmp_path)
    assert names(tmp_path) == ["last.pth", "training.lock"]
    assert (tmp_path / "last.pth").read_bytes() == b"mine"


def test_parts_of_other_files_are_not_ours_to_clear(tmp_path: Path) -> None:
    (tmp_path / "net.pth.part").write_bytes(b"of a download")
    with whole(tmp_path / "net.onnx") as part:
        part.write_bytes(b"all")
    assert names(tmp_path) == ["net.onnx", "net.pth.part"]
