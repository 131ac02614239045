"""What reaches the screen is counted over the last two seconds."""

from __future__ import annotations

import pytest

from app.watch import sight
from app.watch.sight import Sight


def test_frames_a_second_and_latency_are_those_of_late(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(sight.time, "perf_counter", lambda: now[0])
    seen = Sight()
    assert (seen.fps(), seen.latency_ms()) == (0.0, -1.0)
    for late in (0.04, 0.05, 0.9):
        now[0] += 0.1
        seen.count(now[0] - late)
    assert seen.fps() == 1.5
    assert seen.latency_ms() == pytest.approx(50)
    now[0] += 5
    assert (seen.fps(), seen.latency_ms()) == (0.0, -1.0)
