"""Work sent out of the window: heard in the window's thread, and no trouble to a window that has gone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject

from app.ui.errand import Errand


class Ear:
    """Hears an errand, and in which threads."""

    def __init__(self) -> None:
        self.heard: list[object] = []
        self.ends: list[list[Exception]] = []
        self.threads: set[threading.Thread] = set()
        self.owner = QObject()
        self.errand: Errand[object] = Errand(self.owner, self._hear, self._end)

    def _hear(self, what: object) -> None:
        self.heard.append(what)
        self.threads.add(threading.current_thread())

    def _end(self, errors: list[Exception]) -> None:
        self.ends.append(errors)
        self.threads.add(threading.current_thread())


def until_stopped(tell: Callable[[object], None], stop: threading.Event) -> None:
    tell("on the way")
    stop.wait(20)


def test_what_is_told_is_heard_in_the_thread_of_the_window(qtbot) -> None:
    ear = Ear()
    ear.errand.start(lambda tell, _: tell(threading.current_thread().name), "fetch")
    qtbot.waitUntil(lambda: bool(ear.ends))
    assert ear.heard[-1] == "fetch"
    assert ear.ends == [[]]
    assert ear.threads == {threading.main_thread()}
    assert not ear.errand.busy


def test_the_last_thing_told_is_never_lost_however_late_anybody_listens(qtbot) -> None:
    ear = Ear()

    def work(tell: Callable[[object], None], _: threading.Event) -> None:
        for number in range(1000):
            tell(number)

    ear.errand.start(work, "count")
    ear.errand._threads[0].join()
    qtbot.waitUntil(lambda: bool(ear.ends))
    assert ear.heard == [999]


def test_an_error_comes_to_the_window_and_ends_nothing_else(qtbot) -> None:
    ear = Ear()

    def work(*_: object) -> None:
        raise ZeroDivisionError("by nought")

    ear.errand.start(work, "fail")
    qtbot.waitUntil(lambda: bool(ear.ends))
    assert [type(error) for error in ear.ends[0]] == [ZeroDivisionError]


def test_work_that_is_called_off_says_when_it_ended(qtbot) -> None:
    ear = Ear()
    ear.errand.start(until_stopped, "wait")
    qtbot.waitUntil(lambda: ear.heard == ["on the way"])
    assert ear.errand.busy
    ear.errand.stop()
    qtbot.waitUntil(lambda: ear.ends == [[]])


def test_nothing_is_heard_after_closing_also_of_what_was_on_its_way(qtbot) -> None:
    ear = Ear()
    ear.errand.start(until_stopped, "wait")
    qtbot.waitUntil(lambda: bool(ear.heard))
    before = list(ear.heard)
    ear.errand.close()
    QCoreApplication.processEvents()
    assert (ear.heard, ear.ends, ear.errand.busy) == (before, [], False)


def test_a_thread_that_hangs_outlives_its_window_without_harm(qtbot) -> None:
    ear = Ear()
    release, told = threading.Event(), threading.Event()

    def hang(tell: Callable[[object], None], _: threading.Event) -> None:
        release.wait(20)
        tell("too late")
        told.set()

    ear.errand.start(hang, "hang")
    thread = ear.errand._threads[0]
    ear.owner.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    release.set()
    assert told.wait(20)
    thread.join(20)
    qtbot.wait(1)
    assert (ear.heard, ear.ends) == ([], [])


def test_what_hangs_is_not_waited_for_by_what_is_wanted_next(qtbot, monkeypatch) -> None:
    ear, release = Ear(), threading.Event()
    ear.errand.start(lambda _tell, _stop: release.wait(20), "hang")
    (hung,) = ear.errand._threads
    with monkeypatch.context() as patched:
        patched.setattr(hung, "join", lambda *_: pytest.fail("the window waits"))
        ear.errand.start(lambda tell, _stop: tell("next"), "next")
        qtbot.waitUntil(lambda: bool(ear.ends))
    assert ear.heard == ["next"]
    release.set()
    hung.join(20)
