"""Who is who over time, and where their joints really are.

A frame goes through four steps: everyone known moves on by the time that passed; the people of the frame
are given to those known (`matching`); joints are corrected by what was measured (`kalman`); whoever is left
over is a newcomer, or known again by looks (`returning`). People out of sight coast on for a while and keep
their id. Every duration is in seconds, so frame rates, dropped frames and pauses need no special case.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.types import Boxes, Poses
from trackers.appearance import Looks, evidence
from trackers.doubles import doubles, unknown
from trackers.matching import assign, likeness
from trackers.people import PATIENCE, People, Sight, look, newcomers, together
from trackers.returning import ENOUGH, recognised
from trackers.types import STANDING, Tracks

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: How far from where they are expected people can be: half their size, for what a box errs, and so many sizes
#: a second: 9 m / s, or five body heights a second, a sprinter of whom nothing is known yet.
REACH, TOP_SPEED = 0.5, 8.0

#: Least likeness, 0 to 1, to somebody seen only once, to somebody in sight in the frame before, and to
#: somebody who was not. Once: a runner at 5 fps has .2. In sight: of 6,000 links on four street clips one in
#: 200 is below .45, and half are above .88. Not in sight: below .4 it was nearly always the wrong person.
LIKE_ONCE, LIKE, LIKE_RETURNED = 0.2, 0.35, 0.4

BY_LOOKS = 0.3  #: how much looks count beside motion where both are known
UNLIKE = -1.5  #: logarithm of the odds by looks below which who appears is not the hidden one expected there
WEAK = 0.6  #: share of the mean score of those known below which a box is matched in the second round
PALE = 0.5  #: share of everybody's mean joint score below which a newcomer may be nobody
EXPECTED = 0.5  #: seconds out of sight up to which place tells more than looks who it is

HANDICAP = 0.1  #: likeness that whoever is hidden is behind those in view: who is in view goes on being there
SECOND_LOOK = 0.3  #: seconds within which an uncertain newcomer has to be seen again

FORETOLD = 0.5  #: seconds for which a joint that is hidden, in somebody who is not, is foretold

_NOBODY = np.zeros(0, np.int64)
_EMPTY = Poses(
    Boxes(np.zeros((0, 4), np.float32), np.zeros(0, np.float32)),
    np.zeros((0, 0, 2), np.float32),
    np.zeros((0, 0), np.float32),
)


class Tracker:
    """Follows everyone from frame to frame.

    `smooth`: whether `Tracks.keypoints` are filtered over time, or are as measured. `forget_after`: seconds
    out of sight during which somebody is expected where their motion would take them. After a second of
    hiding, where somebody is can be told from how they moved to about a body's width; later it is a guess.
    `remember`: seconds out of sight during which somebody can be known again by looks, wherever they turn up.
    `certain`: score from which a box is a newcomer at first sight. Less certain ones have to be seen twice
    within 0.3 s, so that a box that flickers up for one frame is nobody; unless the tracker has just begun,
    or begins again after a gap of `forget_after`: a single picture has people too.
    """

    def __init__(
        self, *, smooth: bool = True, forget_after: float = 1.0, remember: float = 20.0, certain: float = 0.6
    ) -> None:
        for name, seconds in (("forget_after", forget_after), ("remember", remember)):
            if not seconds >= 0.0:
                raise ValueError(f"{name}: expected at least 0 s, got {seconds}")
        self._smooth = smooth
        self._forget_after, self._remember = forget_after, remember
        self._certain = certain
        self._time = -math.inf
        self._nobody = newcomers(look(_EMPTY))
        self._people = self._away = self._nobody  #: away: out of sight for longer than `forget_after`
        self._named = 0

    def update(
        self,
        poses: Poses,
        time: float,
        *,
        looks: Looks | None = None,
        camera: Floats = STANDING,
        detected: bool = True,
    ) -> Tracks:
        """The people of the frame taken at `time` seconds, in the order of their ids.

        Only who is measured in this frame is told of; the others may return. Where the clock stands still or
        runs backwards, no time passes. K is the same in all frames.

        `looks` of the same people tell who returns. `camera`: how it moved, a similarity (2, 3) from the
        pixels of the last frame to those of this one. Not `detected`: the boxes are those `expected`, so
        nobody is new, and boxes follow the joints.

        Raises ValueError where `time` is not finite.
        """
        if not math.isfinite(time):
            raise ValueError(f"time: expected seconds, got {time}")
        dt, self._time = time - self._time, time
        sight = look(poses, looks)
        shared, spare = doubles(sight.bodies())
        known = self._later(dt, sight, camera)
        old, seen, alike = self._match(known, sight, spare)
        new = unknown(shared, spare, seen) if detected else _NOBODY
        here = known.take(old).met(sight.take(seen), alike, detected=detected)
        hidden = self._hidden(known, old)
        if new.size:
            here = together(here, newcomers(sight.take(new)))
        sure = np.ones(len(here.ids), np.bool_)
        if not here.ids.all():
            here, hidden, waits = self._known_again(here, hidden)
            sure = self._sure(here, known, began=dt > self._forget_after) & ~waits
        self._people = together(here, hidden)
        self._name(sure)
        return self._tell(sight, np.concatenate([seen, new]), poses, camera)

    def expected(self, time: float) -> Boxes:
        """Where everyone just seen should be at `time`: boxes around their foretold joints, best first."""
        if not math.isfinite(time):
            raise ValueError(f"time: expected seconds, got {time}")
        people = self._people.take(np.flatnonzero(self._people.unseen <= PATIENCE))
        people = people.later(max(time - self._time, 0.0))
        order = np.argsort(-people.certainty, kind="stable")
        boxes, scores = people.fitted()[order], people.certainty[order]
        return Boxes(boxes.astype(np.float32), scores.astype(np.float32))

    def _later(self, dt: float, sight: Sight, camera: Floats) -> People:
        """Everyone as they should be `dt` seconds later; while nobody is known, K is that of `sight`."""
        people = self._people if self._people.ids.size else newcomers(sight.take(_NOBODY))
        if self._away.ids.size:
            self._away = self._away._replace(unseen=self._away.unseen + max(dt, 0.0))
        if camera is not STANDING:
            people, self._away = people.moved(camera), self._away.moved(camera)
        return people.later(max(dt, 0.0))

    def _match(self, known: People, sight: Sight, spare: Mask) -> tuple[Indices, Indices, Floats]:
        """Who of `known` is who in `sight`, `spare` (N,) excepted: rows of both, and how alike they are.

        In two rounds (Zhang et al., "ByteTrack", ECCV 2022): who is weakly seen takes nobody from who is well
        seen.
        """
        gains = self._gains(known, sight)
        gains[:, spare] = 0.0
        weak = sight.certainty < WEAK * (known.certainty.mean() if known.ids.size else 0.0)
        if not weak.any():
            old, seen = assign(gains)
        else:
            old, seen = assign(np.where(weak, 0.0, gains))
            rest = gains.copy()
            rest[old], rest[:, seen] = 0.0, 0.0
            late, also = assign(rest)
            old, seen = np.concatenate([old, late]), np.concatenate([seen, also])
        return old, seen, gains[old, seen]

    def _gains(self, known: People, sight: Sight) -> Floats:
        """What it gains that one is the other (T, N): by motion and looks; 0 where they cannot be."""
        alike = likeness(known.bodies(), sight.bodies(), (REACH + TOP_SPEED * known.unseen) * known.size)
        hidden = known.missed > 0.0
        alike[hidden] -= HANDICAP
        least = np.where(hidden, LIKE_RETURNED - HANDICAP, np.where(known.age > 0.0, LIKE, LIKE_ONCE))
        least[known.unseen > self._forget_after] = np.inf
        rows, columns = (alike >= least[:, None]).nonzero()
        odds, rests_on = evidence(known.looks, rows, sight.looks, columns)
        share = BY_LOOKS * np.minimum(rests_on / ENOUGH, 1.0)
        gain = (1.0 - share) * alike[rows, columns] + share / (1.0 + np.exp(-odds))
        doubt = np.minimum(known.unseen[rows] / EXPECTED, 1.0)
        other = hidden[rows] & (rests_on >= ENOUGH) & (doubt * odds < UNLIKE)
        gains = np.zeros_like(alike)
        gains[rows, columns] = np.where(other, 0.0, gain)
        return gains

    def _hidden(self, known: People, seen: Indices) -> People:
        """Those of `known` who were not `seen` now, and may come back where they should be.

        Who is out of sight for too long is remembered, if they had a name.
        """
        if len(seen) == len(known.ids) and not self._away.ids.size:
            return self._nobody
        gone = np.ones(len(known.ids), np.bool_)
        gone[seen] = False
        named = known.ids > 0
        waiting = known.unseen <= np.where(named, self._forget_after, min(SECOND_LOOK, self._forget_after))
        left = (gone & ~waiting & named).nonzero()[0]
        if left.size or self._away.ids.size:
            away = together(self._away, known.take(left))
            self._away = away.take(np.flatnonzero(away.unseen <= self._remember))
        stays = (gone & waiting).nonzero()[0]
        return known.take(stays) if stays.size else self._nobody

    def _known_again(self, here: People, hidden: People) -> tuple[People, People, Mask]:
        """Those here, those still hidden, and who (P,) of those here is to wait for a name."""
        back = recognised(here, together(hidden, self._away))
        away = back.missing >= len(hidden.ids)
        self._away = self._away.take(back.missing[away] - len(hidden.ids))
        return back.here, hidden.take(back.missing[~away]), back.waits

    def _sure(self, here: People, known: People, *, began: bool) -> Mask:
        """Which (P,) of those here can have a name: at first sight by their boxes, or as it all `began`.

        Whose joints are far less certain than everybody's is a person only if they last.
        """
        named = known.scores[known.ids > 0]
        usual = named.mean() if named.size else 0.0
        pale = here.scores.sum(axis=1) < PALE * usual * here.scores.shape[1]
        again = ~pale | (here.age >= SECOND_LOOK)
        first = (here.certainty >= self._certain) & ~pale | began
        return np.asarray(np.where(here.age > 0.0, again, first))

    def _name(self, sure: Mask) -> None:
        """Give ids to those of the first people who are `sure` (P,) and have none, from left to right."""
        people = self._people
        nameless = (sure & (people.ids[: len(sure)] == 0)).nonzero()[0]
        if nameless.size:
            nameless = nameless[people.boxes[nameless, 0].argsort(kind="stable")]
            people.ids[nameless] = self._named + 1 + np.arange(len(nameless))
            self._named += len(nameless)

    def _tell(self, sight: Sight, rows: Indices, poses: Poses, camera: Floats) -> Tracks:
        """Those with an id among the first people, who are the `rows` (P,) of `sight`."""
        people = self._people
        order = people.ids[: len(rows)].argsort(kind="stable")
        order = order[people.ids[order] > 0]
        rows = rows[order]
        smooth = people.motion.shown.take(order, axis=0).astype(np.float32)
        measured = poses.keypoints.take(sight.rows[rows], axis=0)
        unmeasured = np.isinf(sight.noise.take(rows, axis=0))[..., None]
        np.copyto(measured, smooth, where=unmeasured)
        xyxy = people.boxes.take(order, axis=0).astype(np.float32)
        boxes = Boxes(xyxy, sight.certainty[rows].astype(np.float32))
        scores = sight.scores.take(rows, axis=0).astype(np.float32)
        hidden = people.motion.hidden.take(order, axis=0)
        predicted = (hidden > 0.0) & (hidden <= FORETOLD)
        told = smooth if self._smooth else measured
        likeness = people.likeness[order].astype(np.float32)
        spread = sight.spread.take(rows, axis=0).astype(np.float32)
        return Tracks(people.ids[order], boxes, measured, told, scores, predicted, likeness, camera, spread)
