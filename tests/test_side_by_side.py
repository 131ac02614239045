"""Rows that run side by side come back in their order, as many as went in."""

from __future__ import annotations

import threading
from pathlib import Path

import networks
import numpy as np
import pytest

from engine.errors import UserError
from engine.onnx_session import OnnxSession
from engine.session import open_session
from engine.side_by_side import SideBySide


@pytest.mark.parametrize("batch", ["n", 1, 4])
@pytest.mark.parametrize("rows", [1, 2, 3, 8, 13])
def test_every_row_is_answered_in_its_place(tmp_path: Path, batch: int | str, rows: int) -> None:
    path = networks.heatmaps(tmp_path / "net.onnx", batch=batch)
    pictures = np.random.default_rng(rows).random((rows, 3, 64, 48), np.float32)
    session = open_session(path, "cpu", 3)
    found = session.run(pictures)[0]
    session.close()
    plain = OnnxSession(path, "cpu", 1)
    expected = np.concatenate([plain.run(picture[None])[0] for picture in pictures])
    plain.close()
    np.testing.assert_allclose(found, expected, atol=1e-6)


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
        opened.append(Network(lambda: together.wait(10)))  # breaks unless two rows are under way
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
