"""Pictures as an export shows them, one after the other: what `Style` says is painted, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from app.exports import Style
from app.exports.choice import Choice
from app.painting import faces, trails
from app.painting.draw import paint
from app.painting.faces import Heads
from app.painting.trails import Trails
from app.store.session import Session
from engine.types import Frame, Image, Poses

BEFORE_S = max(faces.HOLD_S, trails.LONG_S)  #: seconds before a picture that may show in it


class Painter:
    """Paints the frames of a session, in order of time."""

    def __init__(self, session: Session, choice: Choice, style: Style, first: int) -> None:
        """`first`: where in `Session.times` it begins; what came shortly before is remembered too."""
        self._session, self._choice, self._style = session, choice, style
        self._threshold = float(session.about.settings.get("keypoint_threshold", 0.3))
        self._names: Mapping[int, str] = {each.id: each.name for each in session.people() if each.name}
        self._trails, self._heads = Trails(), Heads()
        remembers = style.trails or style.blur_faces
        since = np.searchsorted(session.times(), session.times()[first] - BEFORE_S) if remembers else first
        self._next = int(since)
        self._measured = session.measured(self._next)

    def picture(self, place: int, frame: Frame) -> Image:
        """The frame at that place of `Session.times`: (H, W, 3), or (H, W, 4) where it is transparent.

        What is transparent has colours multiplied by how opaque they are.
        """
        poses = [self._see(each) for each in range(self._next, place + 1)][-1]
        tracks = self._choice.only(self._session.tracks(place))
        painted = self._ground(frame.image, poses)
        style = self._style
        if style.trails:
            trails.paint(painted, self._trails, tracks, style.line_width, style.colours)
        paint(painted, tracks, self._threshold, style, self._names)
        return painted

    def _see(self, place: int) -> list[Poses]:
        """Take in who is at that place; everybody who was measured there, if that is asked for."""
        self._next = place + 1
        everybody, time = self._session.tracks(place), float(self._session.times()[place])
        if self._style.trails:
            self._trails.add(time, everybody, self._threshold)
        if not self._style.blur_faces:
            return []
        self._heads.add(time, everybody)
        return [next(self._measured).poses]

    def _ground(self, image: Image, measured: list[Poses]) -> Image:
        """What people are painted on."""
        if self._style.background == "transparent":
            return np.zeros((*image.shape[:2], 4), np.uint8)
        if self._style.background == "black":
            return np.zeros(image.shape, np.uint8)
        painted = np.array(image, order="C")
        if self._style.blur_faces:
            # Whoever was deleted from the session is still in the video.
            there = [faces.heads(poses, self._threshold) for poses in measured]
            faces.cover(painted, np.concatenate([self._heads.places(self._threshold), *there]))
        return painted


def straight(painted: Image) -> Image:
    """The picture (H, W, 4) with its colours no more multiplied by how opaque they are, as files have it."""
    opaque = painted[..., 3]
    edge = (opaque > 0) & (opaque < 255)
    mixed = painted[edge].astype(np.float32)
    mixed[:, :3] = np.minimum(np.rint(mixed[:, :3] * (255.0 / mixed[:, 3:])), 255.0)
    whole: Image = painted.copy()
    whole[edge] = mixed.astype(np.uint8)
    return whole
