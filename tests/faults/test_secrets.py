"""Nothing listens, or lets out what is nobody else's business; values reach SQL as values."""

from __future__ import annotations

import ast
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import clips
import pytest
from rtsp import RtspCamera

from app import call
from app.playback.thumbnails import thumbnail
from app.processing import Queue, program
from app.settings import Settings
from app.sources import open_source
from app.ui.preferences import Preferences
from engine.errors import UserError

ROOT = Path(__file__).parents[2]
PASSWORD = "s3cret-Pa55"
PATIENCE_S = 60.0


def test_a_password_is_in_nothing_that_a_run_leaves(tmp_path: Path) -> None:
    """Neither in what it says, nor its files, nor where other users of the machine can look."""
    seen: list[str] = []
    ours = _command(os.getpid())  # and a child's until it is a program of its own, with our camera open
    with RtspCamera(200, login=f"ada:{PASSWORD}") as camera:
        address = camera.address.replace("rtsp://", f"rtsp://ada:{PASSWORD}@")
        changed = threading.Event()
        queue = Queue(changed.set)
        try:
            number = queue.add(address, Settings(output=str(tmp_path / "out"), no_video=True))
            deadline = time.monotonic() + PATIENCE_S
            begun = {}
            while not (begun and list(tmp_path.glob("out/*.kinetrail"))) and time.monotonic() < deadline:
                changed.wait(0.1)
                changed.clear()
                begun = {pid: line for pid in _children(os.getpid()) if (line := _command(pid)) != ours}
                seen += begun.values()
                assert [port for pid in begun for port in _listening(pid)] == []
            queue.cancel(number)
            queue.wait(PATIENCE_S)
        finally:
            queue.close()
        told = queue.works()[0].message
    assert any("work" in line for line in seen)
    left = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert any(path.suffix == ".kinetrail" for path in left)
    assert PASSWORD not in f"{told}{seen}{list(left)}"
    assert [path for path, content in left.items() if PASSWORD.encode() in content] == []


@pytest.mark.parametrize("address", ["rtsp://ada:{}@127.0.0.1:1/x", "http://ada:{}@127.0.0.1:1/x?token={}"])
def test_a_password_is_in_no_error(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError) as said:
        open_source(address.format(PASSWORD, PASSWORD), stem="x")
    error: BaseException | None = said.value
    while error is not None:
        assert PASSWORD not in str(error)
        error = error.__cause__
    assert PASSWORD not in "".join(capfd.readouterr())


def test_a_password_is_not_told_with_a_bug(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(call, "open_source", broken)
    address = f"rtsp://ada:{PASSWORD}@camera/live"
    assert not call.run_all([address], Settings(output=str(tmp_path)), threading.Event())
    said = "".join(capsys.readouterr())
    assert "bug of Kinetrail" in said
    assert PASSWORD not in said


def test_a_job_that_dies_is_named_without_its_password(tmp_path: Path) -> None:
    for address in (f"rtsp://ada:{PASSWORD}@camera", f"rtsp://ada:{PASSWORD}@camera/live"):
        queue = Queue(lambda: None, start=[sys.executable, "-c", "raise SystemExit(3)"])
        queue.add(address, Settings(output=str(tmp_path)))
        queue.wait(PATIENCE_S)
        message = queue.works()[0].message
        queue.close()
        assert PASSWORD not in message
        assert message.startswith("rtsp://camera")


def test_an_address_with_a_password_is_not_remembered(tmp_path: Path) -> None:
    preferences = Preferences(tmp_path / "window.ini")
    for address in (
        f"rtsp://ada:{PASSWORD}@camera/live",
        f"http://camera/?pwd={PASSWORD}",
        "rtsp://camera/2",
    ):
        preferences.add_recent(address)
    assert preferences.recent() == ["rtsp://camera/2"]
    assert PASSWORD not in (tmp_path / "window.ini").read_text()


def test_a_job_takes_no_module_from_the_folder_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("")
    (tmp_path / "app" / "__main__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (tmp_path / "json.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    queue = Queue(lambda: None)
    queue.add("nothing.mp4", Settings(output=str(tmp_path / "out")))
    queue.wait(PATIENCE_S)
    message = queue.works()[0].message
    queue.close()
    assert not (tmp_path / "ran").exists()
    assert "there is no file 'nothing.mp4'" in message
    assert program()


def test_pictures_of_people_in_the_cache_are_for_their_owner_alone(tmp_path: Path) -> None:
    clips.constant(tmp_path / "walk.mp4", 3)
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o755)
    thumbnail(str(tmp_path / "walk.mp4"), cache, threading.Event())
    (kept,) = cache.iterdir()
    assert (cache.stat().st_mode & 0o777, kept.stat().st_mode & 0o777) == (0o700, 0o600)


# SQL

SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA|ATTACH)\b")
#: What may stand in a statement beside its own text: names and numbers of ours, and question marks.
OURS = {"APPLICATION", "len(MIGRATIONS)", "', '.join(INDEX)", "', '.join('?' * len(row))", "name"}


def test_sql_takes_values_as_parameters_alone() -> None:
    found = []
    for path in sorted((ROOT / "app").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if "sqlite3" not in path.read_text(encoding="utf-8") and path.parent.name != "store":
            continue
        found += [f"{path.name}: {line}" for line in _put_together(tree)]
    assert found == []


@pytest.mark.parametrize(
    "code",
    ["x = f'SELECT {a} FROM b'", "x = 'SELECT ' + a", "x = 'SELECT %s' % a", "x = 'DELETE {}'.format(a)"],
)
def test_sql_with_a_value_in_it_would_be_found(code: str) -> None:
    assert list(_put_together(ast.parse(f"def f(a):\n    {code}")))


def _put_together(tree: ast.AST) -> Iterator[str]:
    """Statements of SQL, inside of functions, that are not written out as they are."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for node in ast.walk(function):
            text = ast.unparse(node)
            match node:
                case ast.JoinedStr(values=values) if SQL.search(text):
                    parts = [
                        ast.unparse(each.value) for each in values if isinstance(each, ast.FormattedValue)
                    ]
                    yield from (text for part in parts if part not in OURS)
                case ast.BinOp(left=ast.Constant(value=str() as said)) if SQL.search(said):
                    yield text
                case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as said))) if SQL.search(
                    said
                ):
                    yield text


def _children(pid: int) -> list[int]:
    """All processes below one."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            direct = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        found += [each for child in direct for each in (child, *_children(child))]
    return found


def _command(pid: int) -> str:
    """What anybody on the machine can see of a process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _listening(pid: int) -> list[str]:
    """Sockets of a process that wait for others to connect, or to send."""
    try:
        own = {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()}
        tables = {
            kind: Path(f"/proc/{pid}/net/{kind}").read_text() for kind in ("tcp", "tcp6", "udp", "udp6")
        }
    except OSError:
        return []
    found = []
    for kind, table in tables.items():
        for line in table.splitlines()[1:]:
            _, local, remote, state, *_, inode = line.split()[:10]
            waits = state == "0A" if kind.startswith("tcp") else set(remote) <= set("0:")
            if waits and f"socket:[{inode}]" in own:
                found.append(f"{kind} {local}")
    return found
