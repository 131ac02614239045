"""Rows that run side by side come back in their order, as many as went in."""

from __future__ import annotations

import threading
from pathlib import Path

import networks
import numpy as np
import pytest

from engine.errors import UserError
from engine.session import open_session
from engine.side_by_side import SideBySide


def test_rows_run_at_the_same_time_and_a_row_alone_does_not_open_the_other_network() -> None:
    together = threading.Barrier(2)

    class Network:
        signature = None
        max_batch = 1

        def __init__(self, wait):
            self.wait, self.closed = wait, False

        def run(self, batch):
            self.wait()
            return (batch * 2,)

        def close(self):
            self.closed = True

    opened: list[Network] = []

    def each() -> Network:
        opened.append(Network(lambda: together.wait(60)))  # breaks unless two rows are under way
        return opened[-1]

    alone = Network(lambda: None)
    session = SideBySide(alone, each, 2)
    np.testing.assert_array_equal(session.run(np.ones((1, 2)))[0], [[2, 2]])
    assert not opened
    np.testing.assert_array_equal(
        session.run(np.arange(8.0).reshape(4, 2))[0], np.arange(0, 16, 2).reshape(4, 2)
    )
    session.run(np.ones((2, 2)))
    session.close()
    assert len(opened) == 1
    assert alone.closed
    assert opened[0].closed


def test_a_network_that_fails_says_so_from_whichever_thread(tmp_path: Path) -> None:
    session = open_session(networks.heatmaps(tmp_path / "net.onnx"), "cpu", 2)
    with pytest.raises(UserError, match="cannot run on"):
        session.run(np.zeros((4, 2, 64, 48), np.float32))
    session.close()
