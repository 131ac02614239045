"""A share that answers with errors: one line, what was stored before is readable, and a resume as if not."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import clips
import killing
import numpy as np
import pytest
import refusing
import trials
from killing import Ended, Killer
from refusing import KEEPING, NAMING, READING, WRITING
from trials import Trials

SESSION, TABLE, VIDEO = "*.kinetrail*", "*.csv.part", "*.mp4.part"


@pytest.fixture(scope="module")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killer]:
    with killing.killer(tmp_path_factory.mktemp("killer")) as made:
        yield made


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory, killer: Killer) -> Trials:
    trying = Trials(tmp_path_factory.mktemp("shares"), killer, frames=40)
    trying.moments("export")
    return trying


def on_share(
    killer: Killer, pattern: str, calls: Sequence[str], nth: int, *task: object, error: int = errno.EIO
) -> Ended:
    """A task, to which these calls on files called so say `error` from the nth thing on it does to files."""
    ended = killer.run("on_share", pattern, " ".join(calls), str(error), str(nth), *map(str, task))
    if refusing.REFUSES_NOT in ended.said:
        pytest.skip(refusing.REFUSES_NOT)
    assert "nothing was refused" not in ended.said
    return ended


def said_in_one_line(ended: Ended) -> None:
    assert ended.code == 2, (ended.code, ended.said)
    assert ended.said.startswith("kinetrail: "), ended.said
    assert ended.said.count("\n") == 1, ended.said


def run_of(tried: Trials, out: Path, clip: Path | None = None) -> list[str]:
    models = "--detector", str(tried.folder / "detector.onnx"), "--pose", str(tried.folder / "pose.onnx")
    return ["command", "run", str(clip or tried.clip), *models, "-o", str(out), "--quiet"]


def check_what_is_left(folder: Path, truth: Path) -> None:
    """A session that opens, and files whose names say that they are good as far as they go."""
    if (folder / "walk.kinetrail").exists():
        trials.frames_alike(folder / "walk.kinetrail", truth / "walk.kinetrail", exact=True)
    if (folder / "walk.csv").exists():
        assert (truth / "walk.csv").read_bytes().startswith((folder / "walk.csv").read_bytes())
    if (folder / "walk.mp4").exists():
        shown = trials.playable(folder / "walk.mp4")
        assert shown == trials.pictures(truth / "walk.mp4")[: len(shown)]


@pytest.mark.parametrize(
    ("pattern", "calls", "nth", "error"),
    [
        (SESSION, WRITING, 60, errno.EIO),
        (SESSION, KEEPING, 20, errno.ESTALE),
        (TABLE, WRITING, 60, errno.ETIMEDOUT),
        (TABLE, KEEPING, 60, errno.EIO),
        (VIDEO, WRITING, 60, errno.ESTALE),
        (VIDEO, READING, 60, errno.EIO),
        (VIDEO, KEEPING, 60, errno.ETIMEDOUT),
        (SESSION, NAMING, 60, errno.ESTALE),
    ],
)
def test_a_run_ends_in_one_line_and_the_next_one_ends_as_if_there_had_been_none(
    tried: Trials, killer: Killer, tmp_path: Path, pattern: str, calls: Sequence[str], nth: int, error: int
) -> None:
    truth = tried.folder / "whole run"
    said_in_one_line(on_share(killer, pattern, calls, nth, *run_of(tried, tmp_path), error=error))
    check_what_is_left(tmp_path, truth)
    again = tried._run("run", tmp_path)
    assert again.code == 0, again.said
    assert (tmp_path / "walk.csv").read_bytes() == (truth / "walk.csv").read_bytes()
    assert trials.pictures(tmp_path / "walk.mp4") == trials.pictures(truth / "walk.mp4")
    assert trials.names(tmp_path) == ["walk.csv", "walk.kinetrail", "walk.mp4"]


@pytest.mark.parametrize(
    ("ending", "calls", "nth"),
    [("csv", WRITING, 1), ("csv", KEEPING, 1), ("mp4", READING, 22), ("mp4", KEEPING, 22)],
)
def test_an_export_that_cannot_be_written_leaves_what_was_there(
    tried: Trials, killer: Killer, tmp_path: Path, ending: str, calls: Sequence[str], nth: int
) -> None:
    out = tmp_path / f"walk.{ending}"
    out.write_text("of before")
    given = "command", "export", tried.session, "--format", ending, "-o", out, "--overwrite", "--quiet"
    said_in_one_line(on_share(killer, f"*.{ending}.part", calls, nth, *given))
    assert out.read_text() == "of before"


def test_an_export_whose_session_cannot_be_read_makes_no_file(
    tried: Trials, killer: Killer, tmp_path: Path
) -> None:
    given = "command", "export", tried.session, "-o", tmp_path / "walk.csv", "--quiet"
    said_in_one_line(on_share(killer, "walk.kinetrail", READING, 10, *given))
    assert trials.names(tmp_path) == []


@pytest.mark.parametrize(("calls", "nth"), [(WRITING, 3), (KEEPING, 40)])
def test_a_repair_that_cannot_be_written_is_as_if_it_had_not_been(
    tried: Trials, killer: Killer, tmp_path: Path, calls: Sequence[str], nth: int
) -> None:
    session, log = Path(shutil.copy(tried.session, tmp_path / "walk.kinetrail")), tmp_path / "log"
    said_in_one_line(on_share(killer, SESSION, calls, nth, "repair", session, log))
    done = log.stat().st_size if log.exists() else 0
    trials.told(session)  # it opens, and what was begun is taken back
    assert killing.repairs_in(session) in (done, done + 1)  # the last may be kept and not be told
    assert killer.run("repair", str(session), str(log)).code == 0
    tried.moments("repair")
    assert trials.edits(session) == trials.edits(tried.folder / "repaired" / "walk.kinetrail")


@pytest.mark.parametrize(("pattern", "calls"), [(SESSION, KEEPING), (VIDEO, WRITING), (TABLE, WRITING)])
def test_a_recording_is_told_of_and_keeps_what_fits(
    killer: Killer, tmp_path: Path, pattern: str, calls: Sequence[str]
) -> None:
    said_in_one_line(on_share(killer, pattern, calls, 60, "record", tmp_path, "150", "0.002"))
    for name in ("walk.mp4", "walk.clean.mp4"):
        if (tmp_path / name).exists():
            assert trials.playable(tmp_path / name)


def test_a_source_that_cannot_be_read_on_is_told_with_the_reason_and_goes_on_when_it_can(
    killer: Killer, tmp_path: Path
) -> None:
    """Long enough that not all of it has been read at once. What can be had by opening it anew is taken."""
    frames = 100
    tried = Trials(tmp_path, killer)
    chance = np.random.default_rng(0)
    pictures = [trials.picture(n) for n in range(frames)]
    for picture in pictures:
        picture[:16] = chance.integers(0, 60, (16, 160, 3))
    clips.write(tried.clip, pictures, [3600 * n for n in range(frames)])
    tried.moments("run")
    truth, out = tmp_path / "whole run", tmp_path / "out"
    ended = on_share(killer, "walk.mp4", READING, 1, *run_of(tried, out))
    said_in_one_line(ended)
    assert f"of {frames} frames could be read (Input/output error)" in ended.said
    check_what_is_left(out, truth)
    assert trials.frames_alike(out / "walk.kinetrail", truth / "walk.kinetrail", exact=True) > 0
    assert tried._run("run", out).code == 0
    assert (out / "walk.csv").read_bytes() == (truth / "walk.csv").read_bytes()
    assert trials.pictures(out / "walk.mp4") == trials.pictures(truth / "walk.mp4")
