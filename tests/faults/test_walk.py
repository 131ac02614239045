"""People come and go, with every file and a recording on: nothing more is held, and nothing left out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import crowd
import pandas as pd
import trials

from app.store.session import open_session_file


def test_whoever_comes_and_goes_is_in_every_file_and_nothing_is_held_for_them(tmp_path: Path) -> None:
    """The same for 200,000 frames, with memory: `python -m benchmarks.soak --only walk`."""
    done, recording, readings = crowd.walk(tmp_path, 300, 60, lambda _: None)
    assert (done.written, recording.trouble, recording.lost) == (300, "", 0)
    assert done.people >= 3  # one more every 100 frames
    assert {each.threads for each in readings[1:-1]} == {readings[1].threads}
    assert len({each.handles for each in readings[1:-1]}) == 1
    with closing(open_session_file(tmp_path / "walks.kinetrail")) as session:
        assert session.indices().tolist() == list(range(300))
        assert sum(person.frames for person in session.people()) == readings[-1].rows
    assert len(pd.read_csv(tmp_path / "walks.csv")) == readings[-1].rows
    for name in ("walks.mp4", "walks.clean.mp4"):
        assert len(trials.pictures(tmp_path / name)) == 300
