"""The window as a program."""

from __future__ import annotations

import gc

import pytest

from app.ui.application import settle


def test_full_collections_leave_out_what_was_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc, "callbacks", [])
    kept = [[] for _ in range(1000)]
    settle()
    try:
        before = gc.get_freeze_count()
        later = [[] for _ in range(1000)]
        for callback in gc.callbacks:
            callback("stop", {"generation": 1})
        assert gc.get_freeze_count() <= before
        for _ in range(9):
            for callback in gc.callbacks:
                callback("stop", {"generation": 2})
        assert gc.get_freeze_count() >= before + len(later)
        assert before >= len(kept)
        still = [[] for _ in range(1000)]
        for callback in gc.callbacks:
            callback("stop", {"generation": 2})
        assert any(each is still for each in gc.get_objects())
    finally:
        gc.unfreeze()
