"""The queue: order, progress, failures that stay where they are, and stops that leave nothing running."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import standin

from app.processing import Queue, Work
from app.settings import Settings


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Callable[..., Queue]]:
    start = standin.program(tmp_path)
    made: list[Queue] = []

    def make(changed: Callable[[], None] = lambda: None, jobs: int = 1, **more: Any) -> Queue:
        made.append(Queue(changed, jobs=jobs, start=start, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def until(queue: Queue, number: int, fits: Callable[[Work], bool], change: threading.Event) -> Work:
    """The work, once it is as wanted."""
    while True:
        change.clear()
        work = next(work for work in queue.works() if work.number == number)
        if fits(work):
            return work
        assert change.wait(20), work


def test_recordings_are_worked_on_in_the_order_they_came(queue: Callable[..., Queue], tmp_path: Path) -> None:
    line = queue()
    for name in ("c", "a", "b"):
        line.add(name, Settings(output=str(tmp_path)))
    assert line.wait(20)
    assert (tmp_path / "order").read_text().split() == ["c", "a", "b"]
    assert [(work.state, work.share, work.message) for work in line.works()] == [
        ("done", 1.0, f"{name}: 120 frames read") for name in ("c", "a", "b")
    ]


def test_what_goes_wrong_with_one_is_told_and_the_others_go_on(
    queue: Callable[..., Queue], tmp_path: Path
) -> None:
    line = queue()
    for name in ("broken", "dies", "well"):
        line.add(name, Settings(output=str(tmp_path)))
    assert line.wait(20)
    broken, dies, well = line.works()
    assert (broken.state, broken.message) == ("failed", "broken: not one picture can be read")
    assert dies.state == "failed"
    assert "out of memory" in dies.message
    assert well.state == "done"


def test_progress_is_a_share_and_a_time_that_is_left(queue: Callable[..., Queue], tmp_path: Path) -> None:
    change = threading.Event()
    line = queue(change.set)
    number = line.add("long", Settings(output=str(tmp_path)))
    work = until(line, number, lambda work: work.frames > 0, change)
    assert (work.share, work.left_s, work.state) == (0.25, 6.0, "working")


def test_a_cancelled_recording_completes_its_files_and_the_next_one_begins(
    queue: Callable[..., Queue], tmp_path: Path
) -> None:
    change = threading.Event()
    line = queue(change.set)
    first = line.add("long", Settings(output=str(tmp_path)))
    second = line.add("well", Settings(output=str(tmp_path)))
    until(line, first, lambda work: work.frames > 0, change)
    line.cancel(first)
    until(line, second, lambda work: work.state == "done", change)
    assert (tmp_path / "long.completed").exists()
    assert line.works()[0].state == "cancelled"


def test_one_that_waits_is_taken_out_before_it_begins(queue: Callable[..., Queue], tmp_path: Path) -> None:
    change = threading.Event()
    line = queue(change.set)
    first = line.add("long", Settings(output=str(tmp_path)))
    second = line.add("never", Settings(output=str(tmp_path)))
    until(line, first, lambda work: work.frames > 0, change)
    line.cancel(second)
    line.cancel(first)
    assert line.wait(20)
    line.close()
    assert (tmp_path / "order").read_text().split() == ["long"]


def test_whoever_does_not_listen_is_ended_when_asked_again(
    queue: Callable[..., Queue], tmp_path: Path
) -> None:
    change = threading.Event()
    line = queue(change.set)
    number = line.add("deaf", Settings(output=str(tmp_path)))
    until(line, number, lambda work: work.frames > 0, change)
    line.cancel(number)
    line.cancel(number)
    line.close()
    assert line.works()[0].state == "cancelled"


def test_several_are_worked_on_at_once_where_that_is_wanted(
    queue: Callable[..., Queue], tmp_path: Path
) -> None:
    change = threading.Event()
    line = queue(change.set, jobs=2)
    for _ in range(2):
        line.add("long", Settings(output=str(tmp_path)))
    for number in (1, 2):
        until(line, number, lambda work: work.frames > 0, change)
    assert [work.state for work in line.works()] == ["working", "working"]


def test_what_is_over_can_be_cleared_and_numbers_are_not_used_again(
    queue: Callable[..., Queue], tmp_path: Path
) -> None:
    line = queue()
    line.add("a", Settings(output=str(tmp_path)))
    assert line.wait(20)
    line.add("b", Settings(output=str(tmp_path)))
    assert line.wait(20)
    line.clear()
    assert line.works() == ()
    assert line.add("c", Settings(output=str(tmp_path))) == 3


def test_one_that_completes_its_files_can_be_put_into_the_queue_again(
    queue: Callable[..., Queue], tmp_path: Path
) -> None:
    change = threading.Event()
    line = queue(change.set)
    first = line.add("long", Settings(output=str(tmp_path)))
    until(line, first, lambda work: work.frames > 0, change)
    line.cancel(first)
    second = line.again(first)
    until(line, second, lambda work: work.frames > 0, change)
    assert (tmp_path / "order").read_text().split() == ["long", "long"]
    line.cancel(second)
    assert line.wait(20)


def test_one_that_is_over_gives_way_to_the_next_try_at_it(
    queue: Callable[..., Queue], tmp_path: Path
) -> None:
    line = queue()
    number = line.add("broken", Settings(output=str(tmp_path)), stem="other", cores=1)
    assert line.wait(20)
    line.again(number, overwrite=True)
    assert line.wait(20)
    (work,) = line.works()
    assert (work.number, work.stem, work.cores, work.settings.overwrite) == (2, "other", 1, True)


def test_a_recording_that_was_finished_before_is_told_from_one_that_is_done(
    queue: Callable[..., Queue], tmp_path: Path
) -> None:
    line = queue()
    line.add("again", Settings(output=str(tmp_path)))
    assert line.wait(20)
    (work,) = line.works()
    assert (work.state, work.share, work.message) == ("skipped", 1.0, "again: finished before, nothing to do")


def test_everything_that_is_said_on_the_way_is_kept_in_order(queue, tmp_path) -> None:
    made = queue()
    made.add("talks", Settings(output=str(tmp_path)))
    assert made.wait(20)
    (work,) = made.works()
    assert work.said == ("first this", "then that")
    assert work.message.startswith("called")


def test_what_outputs_are_called_is_asked_when_their_turn_comes(queue, tmp_path) -> None:
    asked: list[str] = []

    def stem_of(work: Work) -> str:
        asked.append(f"{work.source} after {sum(each.over for each in made.works())}")
        return f"{work.source}-{len(asked)}"

    made = queue(stem_of=stem_of)
    for _ in range(2):
        made.add("talks", Settings(output=str(tmp_path)))
    assert made.wait(20)
    assert asked == ["talks after 0", "talks after 1"]
    assert [work.message for work in made.works()] == ["called talks-1", "called talks-2"]
    assert [work.stem for work in made.works()] == ["talks-1", "talks-2"]
