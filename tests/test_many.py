"""Several sources at once: order, cores, what is said where, and stops that leave nothing running."""

from __future__ import annotations

import io
import json
import os
import threading
import time

import pytest
import standin
from queued import film, tiny_networks

from app import many
from app.cli import main
from app.many import run_many
from app.progress import Board
from app.settings import Settings
from engine.errors import UserError


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def run(tmp_path, capsys):
    """Work on sources with a program that does what they are called; how it went, and both outputs."""
    start = standin.program(tmp_path)

    def call(*names, jobs=2, stop=None, **settings) -> tuple[bool, list[str], list[str]]:
        out = io.StringIO()
        made = Settings(output=str(tmp_path), **settings)
        well = run_many(names, made, stop or threading.Event(), jobs=jobs, out=out, start=start)
        return well, capsys.readouterr().out.splitlines(), out.getvalue().splitlines()

    return call


def test_as_many_at_once_as_wanted_each_with_its_share_of_the_cores(run, tmp_path, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(6))
    well, said, _ = run("a/meets.mp4", "b/meets.mp4", "c/third.mp4")
    assert well
    assert said[-1] == "3 sources: 3 done"
    assert (tmp_path / "order").read_text().split()[-1] == "third"
    tasks = [json.loads((tmp_path / f"{stem}.task").read_text()) for stem in ("meets", "meets-2", "third")]
    assert [task["source"] for task in tasks] == ["a/meets.mp4", "b/meets.mp4", "c/third.mp4"]
    assert [task["cores"] for task in tasks] == [3, 3, 3]


def test_what_came_of_each_is_said_once_and_counted_in_the_end(run):
    well, said, told = run("one.mp4", "broken.mp4", "again.mp4", "bug.mp4", "two.mp4")
    assert not well
    assert sorted(said[:3]) == [
        "again.mp4: finished before, nothing to do",
        "one.mp4: 120 frames read",
        "two.mp4: 120 frames read",
    ]
    assert said[3:] == [
        "5 sources: 2 done, 1 finished before, 2 failed",
        "  broken.mp4: not one picture can be read",
        "  bug.mp4: ran into a bug",
    ]
    assert sorted(told) == [
        "ZeroDivisionError: really",
        "kinetrail: broken.mp4: not one picture can be read",
        "kinetrail: bug.mp4: ran into a bug",
        "networks run on ONNX Runtime",
    ]


def test_quiet_is_quiet_but_for_errors(run):
    well, said, told = run("one.mp4", "broken.mp4", quiet=True)
    assert (well, said) == (False, [])
    assert told == ["kinetrail: broken.mp4: not one picture can be read"]


def test_what_no_source_can_do_without_is_said_once_and_ends_it(run, tmp_path):
    with pytest.raises(UserError, match=r"^pose\.onnx: no network$"):
        run("refused.mp4", "long.mp4", *(f"{n}.mp4" for n in range(20)))
    assert len((tmp_path / "order").read_text().split()) < 22


def test_whoever_stops_it_stops_all_and_they_complete_their_files(run, tmp_path):
    stop = threading.Event()

    def watch() -> None:
        while len(list(tmp_path.glob("*.begun"))) < 2:
            time.sleep(0.02)
        stop.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    well, said, _ = run("one.mp4", "long1.mp4", "long2.mp4", "never.mp4", stop=stop)
    watcher.join()
    assert well
    assert sorted(path.stem for path in tmp_path.glob("*.completed")) == ["long1", "long2"]
    assert sorted(said[:3]) == [
        "long1.mp4: 30 frames read",
        "long2.mp4: 30 frames read",
        "one.mp4: 120 frames read",
    ]
    assert said[3:] == ["4 sources: 1 done, 3 stopped or not begun"]
    assert not (tmp_path / "never.task").exists()


def test_two_at_once_write_what_one_after_the_other_writes(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("app.progress.LINE_S", 1e9)  # on a slow machine it would tell how far it is
    models = tiny_networks(tmp_path)
    clips = [str(film(tmp_path / f"clips-{n}" / "walk.mp4", 8 + n, 5 * n)) for n in range(2)]
    for jobs in ("1", "2"):
        assert main(["run", *clips, *models, "-o", str(tmp_path / jobs), "--jobs", jobs]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        assert said.out.splitlines()[-1] == "2 sources: 2 done"
    names = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "2").iterdir())
    for name in ("walk.csv", "walk-2.csv"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    assert main(["run", *clips, *models, "-o", str(tmp_path / "2"), "--jobs", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 sources: 2 finished before"


@pytest.mark.parametrize("jobs", ["0", "-1", "two"])
def test_a_number_of_jobs_that_is_none_is_refused(tmp_path, capsys, jobs):
    assert main(["run", "a.mp4", "-o", str(tmp_path), "--jobs", jobs]) == 2
    told = capsys.readouterr().err
    assert told.startswith("kinetrail: ")
    assert "--jobs" in told
    assert told.count("\n") == 1


def screen(written: str) -> list[str]:
    """What a terminal shows after that, computed letter by letter."""
    rows, row, column = [""], 0, 0
    while written:
        for code, act in (("\x1b[K", "line"), ("\x1b[J", "below"), ("\r", "left"), ("\n", "down")):
            if written.startswith(code):
                written = written[len(code) :]
                if act == "left":
                    column = 0
                elif act == "down":
                    row, column = row + 1, 0
                    rows += [""] * (row + 1 - len(rows))
                else:
                    rows[row] = rows[row][:column]
                    rows = rows[: row + 1] if act == "below" else rows
                break
        else:
            if written.startswith("\x1b["):
                up, _, written = written[2:].partition("A")
                row -= int(up)
                assert row >= 0
            else:
                rows[row] = rows[row][:column].ljust(column) + written[0] + rows[row][column + 1 :]
                column, written = column + 1, written[1:]
    return [line for line in rows if line]


def test_on_a_terminal_each_has_a_line_at_the_bottom_below_what_stays(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "30")
    out = Terminal()
    board = Board(out, quiet=False)
    board.show({1: "a.mp4  10 %", 2: "b.mp4  10 %"}, "0 of 3 are over")
    board.show({1: "a.mp4  20 %", 2: "b.mp4  90 %"}, "0 of 3 are over")
    board.say("a.mp4: has no sound")
    board.fail(UserError("b.mp4: broken"))
    board.show({1: "a.mp4  30 %", 3: "c.mp4  " + "far " * 20}, "1 of 3 are over")
    assert screen(out.getvalue()) == [
        "a.mp4: has no sound",
        "kinetrail: b.mp4: broken",
        "a.mp4  30 %",
        ("c.mp4  " + "far " * 20)[:29],
        "1 of 3 are over",
    ]
    board.done("c.mp4: done")
    board.show({}, "")
    assert screen(out.getvalue()) == ["a.mp4: has no sound", "kinetrail: b.mp4: broken"]
    assert capsys.readouterr().out == "c.mp4: done\n"


def test_elsewhere_each_has_a_plain_line_every_five_seconds(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("app.progress.time.monotonic", lambda: now[0])
    out = io.StringIO()
    board = Board(out, quiet=False)
    for half in range(25):
        now[0] = 100 + half / 2
        board.show({1: f"a {half}", 2: f"b {half}"}, "0 of 2 are over")
    assert out.getvalue().splitlines() == ["a 10", "b 10", "a 20", "b 20"]


def test_how_far_all_are_is_told_in_one_width(monkeypatch, tmp_path):
    shown, stop = [], threading.Event()

    def show(_, rows, foot):
        shown.append((list(rows.values()), foot))
        if len(rows) == 2:
            stop.set()  # neither ends before both were seen

    monkeypatch.setattr(Board, "show", show)
    start = standin.program(tmp_path)
    settings = Settings(output=str(tmp_path), quiet=True)
    names = ["long.mp4", "long and wide.mp4"]
    assert run_many(names, settings, stop, jobs=2, out=io.StringIO(), start=start)
    both = [rows for rows, _ in shown if len(rows) == 2]
    far = "[######------------------]  25%  30/120  15.0 fps  2 people in view  0:06 left"
    assert both[0] == [f"long.mp4           {far}", f"long and wide.mp4  {far}"]
    assert shown[-1] == ([], "")


def test_one_source_needs_no_process_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(many, "Queue", None)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "nothing.mp4", "--jobs", "8", "-o", str(tmp_path / os.urandom(2).hex())]) == 2
