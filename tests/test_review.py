"""A recording and its session looked at together: skeletons on their frames, repairs that are seen."""

from __future__ import annotations

import gc
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import clips
import played
import pytest
from reading import read

from app.playback.belonging import stem_for
from app.playback.looked import Account, Looked
from app.playback.review import Review
from app.store.session import Session, open_session_file


class Watched:
    """A review, and all it ever showed."""

    def __init__(self, video: Path, *places: Path, session: Path | None = None) -> None:
        self.seen: list[Looked] = []
        self.changed = threading.Condition()
        self.review = Review(str(video), places, show=self.seen.append, changed=self._wake, session=session)

    def _wake(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def until(self, true: Callable[[Account], bool]) -> Account:
        deadline = time.monotonic() + 20
        while not true(self.review.account()):
            assert time.monotonic() < deadline, self.review.account()
            with self.changed:
                self.changed.wait(0.01)
        return self.review.account()

    def at(self, time_s: float) -> Looked:
        self.review.player.seek(time_s)
        self.until(lambda _: bool(self.seen) and self.seen[-1].frame.time == time_s)
        return self.seen[-1]


@contextmanager
def watched(video: Path, *places: Path, session: Path | None = None) -> Iterator[Watched]:
    it = Watched(video, *places, session=session)
    try:
        yield it
    finally:
        it.review.close()


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    clips.variable_rate_with_audio(tmp_path / "walk.mp4")
    return tmp_path / "walk.mp4"


THERE = {1: (0, 20), 2: (5, 40), 3: (22, 40)}


@pytest.fixture
def seen(walk: Path) -> Path:
    return played.session(walk, walk.with_suffix(".kinetrail"), THERE)


def test_every_picture_comes_with_the_people_of_that_very_picture(walk: Path, seen: Path) -> None:
    info, truth, _ = read(walk)
    with watched(walk, walk.parent) as it:
        it.until(lambda account: account.session == str(seen))
        for frame in truth[::-1]:
            looked = it.at(frame.time)
            index = clips.number(looked.frame.image)
            assert index == frame.index
            expected = played.people(
                {who: 0.8 for who, (first, end) in THERE.items() if first <= index < end},
                index,
                (info.width, info.height),
            )
            assert looked.tracks.ids.tolist() == expected.ids.tolist()
            assert abs(looked.tracks.keypoints - expected.keypoints).max(initial=0) < 0.2
            assert looked.processed


def test_what_was_closed_holds_no_session_any_more(walk: Path, seen: Path) -> None:
    """The window keeps what outlived a few collections of garbage for good, see `app.ui.application`."""
    with watched(walk, walk.parent) as it:
        it.until(lambda account: account.session == str(seen))
        assert _sessions() == 1
    assert _sessions() == 0


def _sessions() -> int:
    gc.collect()
    return sum(type(thing) is Session for thing in gc.get_objects())


def test_a_picture_that_was_never_measured_shows_nobody_rather_than_its_neighbours(walk: Path) -> None:
    making = played.Making(walk, walk.with_suffix(".kinetrail"), {1: (0, 40)})
    making.write(40, missing=range(12, 15))
    making.finish()
    with watched(walk, walk.parent) as it:
        it.until(lambda account: account.finished)
        measured = [it.at(frame.time).processed for frame in read(walk)[1][10:17]]
        assert measured == [True, True, False, False, False, True, True]


def test_whoever_is_before_and_after_a_picture_never_measured_is_hidden_in_it_too(
    walk: Path,
) -> None:
    """As in the recording of a camera that is faster than the networks."""
    info, truth, _ = read(walk)
    making = played.Making(walk, walk.with_suffix(".kinetrail"), {1: (0, 40), 2: (0, 12)})
    making.write(40, missing=range(12, 15))
    making.finish()
    with watched(walk, walk.parent) as it:
        it.until(lambda account: account.finished)
        it.review.delete(2)  # and is still in the video
        it.until(lambda account: account.said == "Deleted 2")
        for frame in truth[12:15]:
            looked = it.at(frame.time)
            assert not looked.processed
            assert not len(looked.tracks)
            assert len(looked.found) == 4  # both before, one of them after, and that one on the way
            share = (frame.time - truth[11].time) / (truth[15].time - truth[11].time)
            ends = [played.standing(1, index, (info.width, info.height)) for index in (11, 15)]
            on_way = (1 - share) * ends[0] + share * ends[1]
            assert abs(looked.found.keypoints[-1] - on_way).max() < 0.2
        assert len(it.at(truth[20].time).found) == 1


def test_pictures_long_after_the_last_that_was_measured_hide_nobody(walk: Path) -> None:
    making = played.Making(walk, walk.with_suffix(".kinetrail"), {1: (0, 40)})
    making.write(2)
    making.close()
    _, truth, _ = read(walk)
    late = next(frame for frame in truth if frame.time > truth[1].time + 0.75)
    with watched(walk, walk.parent) as it:
        it.until(lambda account: bool(account.chart.rows))
        assert len(it.at(late.time).found) == 0
        assert len(it.at(truth[3].time).found) == 1


def test_the_session_of_the_output_folder_comes_before_that_beside_the_video(
    walk: Path, tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    played.session(walk, walk.with_suffix(".kinetrail"), {1: (0, 40)})
    played.session(walk, tmp_path / "runs" / "walk.kinetrail", {9: (0, 40)})
    with watched(walk, tmp_path / "runs", tmp_path) as it:
        account = it.until(lambda account: bool(account.chart.rows))
        assert [row.id for row in account.chart.rows] == [9]


def test_a_session_of_another_recording_of_the_same_name_is_not_taken(walk: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    clips.constant(tmp_path / "other" / "walk.mp4")
    played.session(tmp_path / "other" / "walk.mp4", tmp_path / "walk.kinetrail", {1: (0, 9)})
    with watched(walk, tmp_path) as it:
        account = it.until(lambda account: account.looked_for)
        assert account.trouble == ""  # it is simply none of its business
        assert not account.chart.rows
        played.session(walk, tmp_path / "walk-2.kinetrail", {1: (0, 9)})
        it.review.refresh()
        account = it.until(lambda account: bool(account.chart.rows))
        assert account.session == str(tmp_path / "walk-2.kinetrail")
        assert account.trouble == ""


def test_a_session_of_what_the_recording_was_before_it_changed_is_told_of(walk: Path, seen: Path) -> None:
    clips.constant(walk, 12)
    with watched(walk, walk.parent) as it:
        account = it.until(lambda account: bool(account.trouble))
        assert account.trouble.startswith("walk.kinetrail is of another recording called walk.mp4")
        assert "process it again" in account.trouble
        assert not account.chart.rows
        seen.unlink()
        played.session(walk, seen, {1: (0, 9)})
        it.review.refresh()
        assert it.until(lambda account: bool(account.chart.rows)).trouble == ""


def test_files_of_a_recording_are_called_like_it_unless_that_is_anothers(walk: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert stem_for(str(walk), out) == "walk"
    played.session(walk, out / "walk.kinetrail", {1: (0, 9)})
    assert stem_for(str(walk), out) == "walk"  # its own, to go on with
    other = tmp_path / "other" / "walk.mp4"
    other.parent.mkdir()
    clips.constant(other)
    assert stem_for(str(other), out) == "walk-2"
    played.session(other, out / "walk-2.kinetrail", {1: (0, 9)})
    assert stem_for(str(other), out) == "walk-2"
    third = tmp_path / "third" / "walk.mp4"
    third.parent.mkdir()
    clips.constant(third, 20)
    (out / "walk-3.mp4").write_bytes(b"a film of somebody's")
    assert stem_for(str(third), out) == "walk-4"
    assert stem_for(str(third), third.parent) == "walk"  # it does not stand in its own way
    assert stem_for(str(third), tmp_path) == "walk-2"
    clips.constant(walk, 14)
    assert stem_for(str(walk), out) == "walk"  # changed, and still the same place


def test_what_was_repaired_in_the_session_before_is_not_said_of_the_one_that_took_its_place(
    walk: Path, seen: Path
) -> None:
    with watched(walk, walk.parent) as it:
        it.until(lambda account: len(account.chart.rows) == 3)
        it.review.delete(3)
        it.until(lambda account: account.said == "Deleted 3")
        seen.rename(seen.with_name("walk.1.kinetrail"))
        played.session(walk, seen, THERE)
        it.review.refresh()
        assert it.until(lambda account: len(account.chart.rows) == 3).said == ""


def test_a_copy_of_the_recording_still_has_its_session(walk: Path, seen: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    shutil.copyfile(walk, tmp_path / "copy" / "walk.mp4")
    with watched(tmp_path / "copy" / "walk.mp4", tmp_path) as it:
        it.until(lambda account: account.session == str(seen))


def test_without_a_session_pictures_come_all_the_same(walk: Path) -> None:
    with watched(walk, walk.parent) as it:
        account = it.until(lambda account: account.looked_for)
        assert account.session == ""
        assert not it.at(read(walk)[1][7].time).processed


def test_lanes_grow_as_results_come_and_a_session_that_comes_late_is_found(walk: Path) -> None:
    with watched(walk, walk.parent) as it:
        it.until(lambda account: account.looked_for)
        making = played.Making(walk, walk.with_suffix(".kinetrail"), THERE)
        making.write(10)
        it.review.refresh()
        account = it.until(lambda account: bool(account.session))
        assert [len(row.positions) for row in account.chart.rows] == [10, 5]
        assert not account.finished
        making.write(40)
        making.finish()
        it.review.refresh()
        account = it.until(lambda account: account.finished)
        assert [len(row.positions) for row in account.chart.rows] == [20, 35, 18]


def test_repairs_are_seen_at_once_said_in_words_and_taken_back(walk: Path, seen: Path) -> None:
    frames = read(walk)[1]
    with watched(walk, walk.parent) as it:
        it.until(lambda account: bool(account.session))
        here = frames[10].time
        it.at(here)
        it.review.swap(1, 2, here)
        account = it.until(lambda account: bool(account.said))
        assert account.said == f"Swapped 1 and 2 from {here:.2f} s"
        assert account.undoable
        lanes = {row.id: row.positions.tolist() for row in account.chart.rows}
        assert lanes[1] == list(range(40))
        assert lanes[2] == list(range(5, 20))
        x_of_2 = played.standing(2, 10, (128, 96))[:, 0]
        it.until(
            lambda _: bool(abs(it.seen[-1].tracks.keypoints[0, :, 0] - x_of_2).max() < 0.2)
        )  # that is 1 now
        it.review.undo()
        it.until(lambda account: account.said.startswith("Undone: ") and not account.undoable)
        assert {row.id: len(row.positions) for row in it.review.account().chart.rows} == {1: 20, 2: 35, 3: 18}
        it.review.redo()
        it.until(lambda account: account.said.startswith("Done again: "))
        it.review.merge(3, 2)
        it.until(lambda account: account.said == "Merged 3 into 2")
        it.review.split(1, frames[30].time)
        account = it.until(lambda account: account.said.startswith("Split 1 at "))
        assert len(account.chart.rows) == 3
        it.review.rename(2, " Ada ")
        it.until(lambda account: account.said == "Named 2 Ada")
        it.review.delete(1)
        account = it.until(lambda account: account.said == "Deleted 1")
        assert account.chart.rows[0].called() == "Ada"
    session = open_session_file(seen)  # all of it is in the file
    assert 1 not in [person.id for person in session.people()]
    session.close()


@pytest.mark.usefixtures("seen")
def test_a_repair_that_cannot_be_done_says_why_and_changes_nothing(walk: Path) -> None:
    with watched(walk, walk.parent) as it:
        it.until(lambda account: bool(account.session))
        it.review.merge(1, 2)
        account = it.until(lambda account: bool(account.trouble))
        assert account.trouble.startswith("1 and 2 are both in the picture at ")
        assert len(account.chart.rows) == 3
        it.review.rename(1, "Bo")
        assert it.until(lambda account: account.said == "Named 1 Bo").trouble == ""


def test_a_bug_is_told_with_where_it_was_and_without_passwords(walk: Path, seen: Path) -> None:
    def bug(*_: object) -> None:
        raise ZeroDivisionError("rtsp://me:hunter2@192.0.2.1/live")

    with watched(walk, walk.parent) as it:
        it.until(lambda account: account.session == str(seen))
        it.review._ask(bug)  # type: ignore[arg-type]
        account = it.until(lambda account: bool(account.trouble))
        assert "bug (ZeroDivisionError)" in account.trouble
        assert "in bug" in account.details
        assert "hunter2" not in account.trouble + account.details


def test_a_file_that_is_no_session_is_told_of_in_one_line(walk: Path) -> None:
    walk.with_suffix(".kinetrail").write_text("not a session")
    with watched(walk, walk.parent) as it:
        account = it.until(lambda account: bool(account.trouble))
        assert "walk.kinetrail" in account.trouble
        assert account.details == ""
