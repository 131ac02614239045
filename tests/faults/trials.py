"""What is tried with kills: run, export, repair and recording, and all that has to hold afterwards.

Truth is always another, uninterrupted program on the same clip: CSVs are compared byte for byte, videos
picture by picture with their times.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import av
import clips
import killing
import networks
import numpy as np
from killing import Ended, Killer

from app.outputs.growing import whole
from app.store.session import open_session_file

Pictures = list[tuple[int, bytes]]

FRAMES = 60
KINDS = ("run", "run --smooth full", "run --detect-every 3", "export", "repair", "recording")
RECORDED, PAUSE_S = 150, 0.002  #: frames of a recording, and the time between them


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a kill left."""

    kind: str
    killed: bool  #: it may also have come too late
    frames: int  #: in the session, or rows of the log of repairs
    torn: bool  #: the last line of a CSV that was being written is not whole


class Trials:
    """A clip, networks for it, and what becomes of it when nobody interrupts."""

    def __init__(self, folder: Path, killer: Killer, *, frames: int = FRAMES) -> None:
        self.folder, self._killer = folder, killer
        networks.rectangle_detector(folder / "detector.onnx")
        networks.heatmaps(folder / "pose.onnx")
        self.clip = folder / "walk.mp4"
        clips.write(self.clip, [picture(n) for n in range(frames)], [3600 * n for n in range(frames)])
        self._moments: dict[str, int] = {}  # of each kind, once it was done without interruption

    def moments(self, kind: str) -> int:
        """How many things one of that kind does to files; done once, to be compared with."""
        if kind not in self._moments:
            ended = self._uninterrupted(kind)
            assert ended.code == 0, ended.said
            self._moments[kind] = ended.moments
        return self._moments[kind]

    def _uninterrupted(self, kind: str) -> Ended:
        if kind in ("export", "repair"):
            self.moments(KINDS[0])
        if kind == "export":
            return self._export(self.folder / "truth.csv")
        if kind == "repair":
            return self._repair(self._copied(self.folder / "repaired"))
        if kind == "recording":
            return self._record(self.folder / "recorded")
        return self._run(kind, self._truth(kind))

    @property
    def session(self) -> Path:
        """Of a run that nobody interrupted."""
        return self._truth(KINDS[0]) / "walk.kinetrail"

    def kill(self, kind: str, name: str, *, at: int = killing.NEVER, after_s: float = 60.0) -> Outcome:
        """Kill one of that kind at a moment, check what is left, and let it be done again to its end."""
        self.moments(kind)
        folder = self.folder / name
        folder.mkdir()
        try:
            if kind == "export":
                return self._kill_export(folder, at, after_s)
            if kind == "repair":
                return self._kill_repair(folder, at, after_s)
            if kind == "recording":
                return self._kill_recording(folder, at, after_s)
            return self._kill_run(kind, folder, at, after_s)
        finally:
            shutil.rmtree(folder)

    def _kill_run(self, kind: str, folder: Path, at: int, after_s: float) -> Outcome:
        ended = self._run(kind, folder, at=at, after_s=after_s)
        kept, torn = self._check_run(kind, folder)
        again = self._run(kind, folder)
        assert again.code == 0, again.said
        truth = self._truth(kind)
        assert (folder / "walk.csv").read_bytes() == (truth / "walk.csv").read_bytes()
        assert pictures(folder / "walk.mp4") == pictures(truth / "walk.mp4")
        assert names(folder) == ["walk.csv", "walk.kinetrail", "walk.mp4"]
        with closing(open_session_file(folder / "walk.kinetrail")) as session:
            assert session.about.finished
        return Outcome(kind, ended.code == -9, kept, torn)

    def _check_run(self, kind: str, folder: Path) -> tuple[int, bool]:
        """What lies there after a kill: frames of the session, and whether a line is torn."""
        truth, kept = self._truth(kind), 0
        if (folder / "walk.kinetrail").exists():
            kept = frames_alike(folder / "walk.kinetrail", truth / "walk.kinetrail", exact="full" not in kind)
        check_video(folder / "walk.mp4", pictures(truth / "walk.mp4"))
        return kept, check_table(folder / "walk.csv", (truth / "walk.csv").read_bytes())

    def _kill_export(self, folder: Path, at: int, after_s: float) -> Outcome:
        out = folder / "walk.csv"
        before = self.session.read_bytes()
        ended = self._export(out, at=at, after_s=after_s)
        torn = check_table(out, (self.folder / "truth.csv").read_bytes())
        assert self._export(out, "--overwrite").code == 0
        assert out.read_bytes() == (self.folder / "truth.csv").read_bytes()
        assert names(folder) == ["walk.csv"]
        assert self.session.read_bytes() == before
        return Outcome("export", ended.code == -9, 0, torn)

    def _kill_repair(self, folder: Path, at: int, after_s: float) -> Outcome:
        session = self._copied(folder)
        ended = self._repair(session, at=at, after_s=after_s)
        log = folder / "log"
        done = log.stat().st_size if log.exists() else 0
        with closing(open_session_file(session)) as opened:
            opened.people()
        kept = killing.repairs_in(session)
        assert done <= kept <= done + 1, f"{done} repairs were done, and {kept} are kept"
        assert self._repair(session).code == 0
        assert edits(session) == edits(self.folder / "repaired" / "walk.kinetrail")
        assert told(session) == told(self.folder / "repaired" / "walk.kinetrail")
        return Outcome("repair", ended.code == -9, kept, torn=False)

    def _kill_recording(self, folder: Path, at: int, after_s: float) -> Outcome:
        ended, truth = self._record(folder, at=at, after_s=after_s), self.folder / "recorded"
        kept = 0
        if (folder / "walk.kinetrail").exists():
            kept = frames_alike(folder / "walk.kinetrail", truth / "walk.kinetrail", exact=True)
        for name in ("walk.mp4", "walk.clean.mp4"):
            check_video(folder / name, pictures(truth / name))
        torn = check_table(folder / "walk.csv", (truth / "walk.csv").read_bytes())
        left = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert self._record(folder).code == 0
        now = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert left.items() <= now.items(), "the next recording changed what was there"
        return Outcome("recording", ended.code == -9, kept, torn)

    def _truth(self, kind: str) -> Path:
        return self.folder / f"whole {kind}"

    def _run(self, kind: str, folder: Path, *, at: int = killing.NEVER, after_s: float = 60.0) -> Ended:
        models = "--detector", str(self.folder / "detector.onnx"), "--pose", str(self.folder / "pose.onnx")
        given = "run", str(self.clip), *kind.split()[1:], *models, "-o", str(folder), "--quiet"
        return self._killer.run("command", *given, at=at, after_s=after_s)

    def _export(self, out: Path, *more: str, at: int = killing.NEVER, after_s: float = 60.0) -> Ended:
        given = "export", str(self.session), "-o", str(out), "--quiet", *more
        return self._killer.run("command", *given, at=at, after_s=after_s)

    def _repair(self, session: Path, *, at: int = killing.NEVER, after_s: float = 60.0) -> Ended:
        log = session.with_name("log")
        return self._killer.run("repair", str(session), str(log), at=at, after_s=after_s)

    def _record(self, folder: Path, *, at: int = killing.NEVER, after_s: float = 60.0) -> Ended:
        given = str(folder), str(RECORDED), str(PAUSE_S)
        return self._killer.run("record", *given, at=at, after_s=after_s)

    def _copied(self, folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        return Path(shutil.copy(self.session, folder / "walk.kinetrail"))


def plan(trials: Trials, count: int, seed: int) -> list[tuple[str, int, float]]:
    """Of each kind in turn, when to kill: half of them before a thing done to a file, half by the clock."""
    chance, chosen = random.Random(seed), []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        if number // len(KINDS) % 2:
            longest = {"export": 0.2, "repair": 0.3, "recording": 0.6}.get(kind, 1.2)
            chosen.append((kind, killing.NEVER, chance.uniform(0.0, longest)))
        else:
            chosen.append((kind, chance.randint(1, trials.moments(kind)), 60.0))
    return chosen


def picture(index: int) -> np.ndarray:
    """Somebody who walks to the right, and is gone for a moment now and then."""
    image = np.full((96, 160, 3), 20, np.uint8)
    left = 20 + 3 * (index % 30)
    image[16:88, left : left + 32] = 190
    image[45:58, left + 10 : left + 23] = 255
    return image


def pictures(path: Path) -> Pictures:
    """Every picture of a video with its time, in ticks."""
    with av.open(str(path)) as video:
        return [(int(frame.pts or 0), frame.to_ndarray().tobytes()) for frame in video.decode(video=0)]


def playable(path: Path) -> Pictures:
    """The same of one that ends anywhere, as far as a player comes: what is whole of its last packets."""
    shown: Pictures = []
    with av.open(str(path)) as video, suppress(av.InvalidDataError):
        for packet in video.demux(video=0):
            shown += [(int(frame.pts or 0), frame.to_ndarray().tobytes()) for frame in packet.decode()]
    return shown


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def check_video(path: Path, truth: Pictures) -> None:
    """A video with its name is whole; one that grows can be played as far as its fragments are whole."""
    part = path.with_name(f"{path.name}.part")
    if path.exists():
        assert pictures(path) == truth
    if not part.exists():
        return
    with part.open("rb", buffering=0) as file:
        _, samples = whole(file)
    if samples:
        shown = playable(part)
        assert shown == truth[: len(shown)]
        assert len(shown) >= samples


def check_table(path: Path, truth: bytes) -> bool:
    """A CSV with its name is whole; one that grows is its beginning. Whether a line of that is torn."""
    part = path.with_name(f"{path.name}.part")
    if path.exists():
        assert path.read_bytes() == truth
    if not part.exists():
        return False
    content = part.read_bytes()
    assert truth.startswith(content)
    return content[-1:] not in (b"", b"\n")


def frames_alike(path: Path, truth: Path, *, exact: bool) -> int:
    """How many frames a session holds, all of them as in the other; not `exact`: measured, not smoothed."""
    with closing(open_session_file(path)) as session, closing(open_session_file(truth)) as other:
        for mine, its in zip(session.measured(), other.measured(), strict=False):
            assert (mine.index, mine.time, mine.looked) == (its.index, its.time, its.looked)
            np.testing.assert_array_equal(mine.poses.keypoints, its.poses.keypoints)
        if exact:
            for (_, _, mine_told), (_, _, its_told) in zip(session.each(), other.each(), strict=False):
                np.testing.assert_array_equal(mine_told.ids, its_told.ids)
                np.testing.assert_array_equal(mine_told.keypoints, its_told.keypoints)
        assert len(session.times()) <= len(other.times())
        return len(session.times())


def edits(session: Path) -> list[tuple[object, ...]]:
    """The log of repairs, without the time of day."""
    with closing(sqlite3.connect(session)) as database:
        return database.execute("SELECT kind, a, b, at_s, name FROM edit ORDER BY number").fetchall()


def told(session: Path) -> list[tuple[int, list[int]]]:
    """Who is in each frame."""
    with closing(open_session_file(session)) as opened:
        return [(index, tracks.ids.tolist()) for index, _, tracks in opened.each()]


def summary(outcomes: Sequence[Outcome]) -> dict[str, tuple[int, int, int]]:
    """Of each kind: tries, kills that came in time, torn last lines."""
    return {
        kind: (
            sum(each.kind == kind for each in outcomes),
            sum(each.kind == kind and each.killed for each in outcomes),
            sum(each.kind == kind and each.torn for each in outcomes),
        )
        for kind in KINDS
    }
