"""A second start: what is finished is left alone, what was cut off goes on, and nothing made is lost."""

from __future__ import annotations

import io
import shutil
import sys
import threading
from contextlib import closing
from pathlib import Path

import clips
import mjpeg
import pytest
from queued import film, tiny_networks

from app import job
from app.call import run_all
from app.cli import main
from app.progress import Reports
from app.settings import Settings
from app.store import schema
from app.store.about import keep
from app.store.session import open_session_file


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> list[str]:
    return tiny_networks(tmp_path_factory.mktemp("models"))


@pytest.fixture
def run(models, tmp_path, capsys, monkeypatch):
    """`kinetrail run`: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments) -> tuple[int, str, str]:
        code = main(["run", *models, "-o", "out", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def no_network(monkeypatch):
    """Whoever opens one from now on fails."""

    def refuse():
        def opened(*_, **__):
            raise AssertionError("a network was opened")

        monkeypatch.setattr(job, "open_detector", opened)
        monkeypatch.setattr(job, "open_estimator", opened)

    return refuse


def content(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Of each file: its bytes, and when it was written."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(folder.iterdir())}


def cut_off(session: Path) -> None:
    """As if its run had been killed after the first block."""
    with closing(schema.connect(session)) as database:
        keep(database, finished=False, outputs={})
    for ending in (".mp4", ".csv"):
        session.with_suffix(ending).unlink()


def test_what_is_finished_is_left_as_it_is_and_nothing_is_opened_for_it(run, tmp_path, no_network):
    clip = film(tmp_path / "walk.mp4")
    assert run(clip)[0] == 0
    before = content(tmp_path / "out")
    no_network()
    assert run(clip) == (0, "walk.mp4: finished before, nothing to do\n", "")
    assert content(tmp_path / "out") == before


def test_the_same_command_goes_on_where_the_last_one_was_cut_off(run, tmp_path):
    names = [film(tmp_path / f"{name}.mp4") for name in "abc"]
    assert run(*names[:2])[0] == 0
    whole = (tmp_path / "out" / "b.csv").read_bytes()
    cut_off(tmp_path / "out" / "b.kinetrail")
    code, said, told = run(*names)
    assert code == 0
    assert told == "b.mp4: goes on after the 12 frames that an earlier run has measured\n"
    first, second, third, *end = said.splitlines()
    assert first == "a.mp4: finished before, nothing to do"
    assert second.startswith("b.mp4: 12 frames read, 12 written (all measured before), 1 person seen")
    assert " fps" not in second, "nothing was measured now"
    assert third.startswith("c.mp4: 12 frames read, 12 written")
    assert end == ["3 sources: 2 done, 1 finished before"]
    assert (tmp_path / "out" / "b.csv").read_bytes() == whole
    assert run(*names)[1].splitlines()[-1] == "3 sources: 3 finished before"


def test_other_settings_begin_anew_and_everything_made_before_is_kept(run, tmp_path):
    clip = film(tmp_path / "walk.mp4")
    run(clip)
    before = {path.suffix: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    code, said, told = run(clip, "--smooth", "off")
    assert (code, told.count("\n")) == (0, 1)
    assert "walk.mp4: begins anew, since smooth is another; the 12 frames measured by an earlier run" in told
    assert "kept in out/walk.1.kinetrail" in told
    assert said.startswith("walk.mp4: 12 frames read, 12 written")
    for ending in (".mp4", ".csv"):
        assert (tmp_path / "out" / f"walk.1{ending}").read_bytes() == before[ending]
    with closing(open_session_file(tmp_path / "out" / "walk.1.kinetrail")) as session:
        assert len(session.times()) == 12
        assert session.about.settings["smooth"] == ""
    run(clip)
    assert len(list((tmp_path / "out").iterdir())) == 9
    assert (tmp_path / "out" / "walk.2.csv").exists()


def test_what_only_shows_it_otherwise_is_made_of_the_session(run, tmp_path, no_network):
    clip = film(tmp_path / "walk.mp4")
    run(clip)
    before = (tmp_path / "out" / "walk.csv").read_bytes()
    code, _, told = run(clip, "--keypoint-threshold", "0")
    assert code == 0
    assert told == (
        "walk.mp4: was measured before; its files are made anew, since keypoint-threshold is another; the"
        " earlier ones are kept in out/walk.1.mp4, out/walk.1.csv\n"
    )
    assert (tmp_path / "out" / "walk.1.csv").read_bytes() == before
    with closing(open_session_file(tmp_path / "out" / "walk.kinetrail")) as session:
        assert session.about.settings["keypoint_threshold"] == 0
    no_network()
    assert run(clip, "--keypoint-threshold", "0")[1] == "walk.mp4: finished before, nothing to do\n"


def test_a_kill_while_it_is_shown_otherwise_leaves_nobody_in_doubt(run, tmp_path, monkeypatch):
    clip = film(tmp_path / "walk.mp4")
    run(clip)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("app.call.once", killed)
        patch.setattr("app.plan.Plan.conclude", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            run(clip, "--follow", "1")
    code, said, told = run(clip, "--follow", "1")
    assert code == 0
    assert "goes on after the 12 frames" in told.splitlines()[-1]
    assert "one person followed" in said
    assert (tmp_path / "out" / "walk.1.csv").exists()
    assert not (tmp_path / "out" / "walk.2.csv").exists()


def test_no_password_of_an_address_is_in_a_session(models, tmp_path):
    stop = threading.Event()

    class Listener(Reports):
        def going(self, *_) -> None:
            stop.set()

    settings = Settings(output=str(tmp_path / "out"), detector=models[1], pose=models[3])
    with mjpeg.MjpegCamera(rate=25) as camera:
        address = camera.address.replace("://", "://user:hunter2@")
        assert run_all([address], settings, stop, Listener(io.StringIO()))
    found = sorted((tmp_path / "out").iterdir())
    assert len(found) == 3
    assert not any(b"hunter2" in path.read_bytes() for path in found)


def test_a_live_source_says_that_others_wait_behind_it(models, tmp_path, capsys):
    stop = threading.Event()
    told = []

    class Listener(Reports):
        def say(self, line: str) -> None:
            told.append(line)
            stop.set()

    settings = Settings(output=str(tmp_path / "out"), detector=models[1], pose=models[3])
    with mjpeg.MjpegCamera(rate=25) as camera:
        assert run_all([camera.address, "never.mp4"], settings, stop, Listener(sys.stdout))
    assert len(told) == 1
    assert told[0].endswith("is live; what waits behind it begins at its end, or with --jobs")
    assert "2 sources: 2 stopped or not begun" in capsys.readouterr().out


def test_a_file_that_somebody_changed_stops_that_source_only(run, tmp_path):
    clip, other = film(tmp_path / "walk.mp4"), film(tmp_path / "other.mp4")
    run(clip)
    (tmp_path / "out" / "walk.csv").write_text("mine\n")
    code, said, told = run(clip, other)
    failure = "out/walk.csv exists already; --overwrite replaces it, -o writes to another folder"
    assert (code, told) == (2, f"kinetrail: {failure}\n")
    assert said.splitlines()[-2:] == ["2 sources: 1 done, 1 failed", f"  {failure}"]
    assert (tmp_path / "out" / "walk.csv").read_text() == "mine\n"


def test_another_recording_of_the_same_name_does_not_take_its_place(run, tmp_path):
    first = film(tmp_path / "a" / "walk.mp4")
    run(first)
    before = content(tmp_path / "out")
    code, _, told = run(film(tmp_path / "b" / "walk.mp4", start=20))
    assert code == 2
    assert f"walk.kinetrail is of another recording, {first}; --overwrite replaces it" in told
    assert content(tmp_path / "out") == before


def test_a_recording_that_was_moved_is_still_the_same(run, tmp_path):
    clip = film(tmp_path / "a" / "walk.mp4")
    run(clip)
    (tmp_path / "b").mkdir()
    moved = Path(shutil.move(clip, tmp_path / "b" / "walk.mp4"))
    assert run(moved)[:2] == (0, "walk.mp4: finished before, nothing to do\n")


def test_a_recording_that_has_changed_is_measured_anew(run, tmp_path):
    clip = film(tmp_path / "walk.mp4")
    run(clip)
    film(clip, frames=15, start=20)
    code, said, told = run(clip)
    assert code == 0
    assert "begins anew, since the source is another" in told
    assert said.startswith("walk.mp4: 15 frames read")
    assert (tmp_path / "out" / "walk.1.mp4").exists()


def test_overwriting_keeps_the_repairs_of_somebody(run, tmp_path):
    clip = film(tmp_path / "walk.mp4")
    run(clip)
    with closing(open_session_file(tmp_path / "out" / "walk.kinetrail")) as session:
        session.rename(1, "Ada")
    code, said, told = run(clip, "--overwrite")
    assert code == 0
    assert said.startswith("walk.mp4: 12 frames read, 12 written")
    assert "the session that was repaired is kept in out/walk.1.kinetrail" in told
    with closing(open_session_file(tmp_path / "out" / "walk.1.kinetrail")) as session:
        assert [person.name for person in session.people()] == ["Ada"]


def test_what_could_not_be_read_to_its_end_is_tried_again(run, tmp_path):
    """It may be there by now: a share of the network, a copy that was still being made."""
    clips.truncated(tmp_path / "hurt.mp4", frames=60, keep=0.5)
    code, _, first = run(tmp_path / "hurt.mp4")
    assert code == 2
    code, said, told = run(tmp_path / "hurt.mp4")
    assert code == 2
    assert "frames read" in said
    assert told.splitlines()[-1] == first.splitlines()[-1]


def test_following_nobody_fails_as_often_as_it_is_tried(run, tmp_path):
    clip = film(tmp_path / "walk.mp4")
    for _ in range(2):
        code, _, told = run(clip, "--follow", "7")
        assert code == 2
        assert "nobody is number 7; seen were 1" in told
    code, said, _ = run(clip, "--follow", "1")
    assert code == 0
    assert "one person followed" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "walk.csv",
        "walk.kinetrail",
        "walk.mp4",
    ]
    assert run(clip, "--follow", "1")[1] == "walk.mp4: finished before, nothing to do\n"


@pytest.mark.parametrize("wanted", ["99", "5000,5000@0.1", "80,50@7"])
@pytest.mark.parametrize("flags", [(), ("--overwrite",)])
def test_whom_nobody_is_takes_nothing_from_a_finished_run(run, tmp_path, no_network, wanted, flags):
    clip = film(tmp_path / "walk.mp4")
    run(clip)
    before = content(tmp_path / "out")
    no_network()
    code, said, told = run(clip, "--follow", wanted, *flags)
    assert (code, said, told.count("\n")) == (2, "", 1)
    assert f"kinetrail: walk.mp4: --follow {wanted}: nobody is " in told
    assert told.endswith("; all files stay as they are\n")
    assert content(tmp_path / "out") == before
    assert run(clip)[1] == "walk.mp4: finished before, nothing to do\n"


def test_recordings_of_one_name_have_files_of_their_own_and_are_known_again(run, tmp_path):
    clips = [film(tmp_path / "a" / "x.mp4", 12), film(tmp_path / "b" / "x.mp4", 9, start=20)]
    assert run(*clips)[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"{name}.{ending}" for name in ("x-2", "x") for ending in ("csv", "kinetrail", "mp4")
    ]
    rows = [len((tmp_path / "out" / name).read_text().splitlines()) for name in ("x.csv", "x-2.csv")]
    assert rows == [13, 10]
    before = content(tmp_path / "out")
    assert run(*clips)[1].splitlines()[-1] == "2 sources: 2 finished before"
    code, _, told = run(*reversed(clips))
    assert code == 2
    assert "out/x.kinetrail is of another recording" in told
    assert content(tmp_path / "out") == before


def test_without_sessions_nobody_knows_what_is_finished(run, tmp_path):
    clip = film(tmp_path / "walk.mp4")
    assert run(clip, "--no-session")[0] == 0
    code, _, told = run(clip, "--no-session")
    assert code == 2
    assert "walk.mp4 exists already" in told
