"""What is seen of a recording, and what is known of its session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.playback.lanes import EMPTY, Chart
from app.types import NO_POSES
from engine.types import Boxes, Frame, Poses
from trackers.types import Tracks


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A picture and who is in it."""

    frame: Frame
    tracks: Tracks
    processed: bool  #: whether anybody has looked for people in this picture
    found: Poses = NO_POSES  #: everybody the networks saw in it, also who was deleted since


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """What is known of the session."""

    session: str = ""  #: path, "" while there is none
    looked_for: bool = False  #: whether there is one has been found out
    chart: Chart = EMPTY
    finished: bool = False  #: processed to the end
    undoable: str = ""  #: what can be taken back, in words
    redoable: str = ""
    said: str = ""  #: what was done last
    trouble: str = ""  #: what could not be done, and what to do
    details: str = ""  #: where that is a bug, its traceback


def nobody(joints: int = 17) -> Tracks:
    """An empty picture."""
    none = np.zeros((0, joints, 2), np.float32)
    boxes = Boxes(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    return Tracks(np.zeros(0, np.int64), boxes, none, none.copy(), np.zeros((0, joints), np.float32))
