"""What is known of one person, added up piece by piece."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.report import joints
from app.report.findings import MOST_GAPS, Gap, JointFinding, PersonFinding, Suspicion
from app.report.identity import Walk, leaps, middles
from app.report.pieces import Bools, Floats, Piece
from app.report.telling import badness, called, joined, sides, suspicion
from app.store.session import Person

GAP_S = 0.2  #: a joint not seen for so long has a gap
LONGEST_GAPS = 5  #: of each joint, that are told
MOST_SPIKES = 100  #: of a person, that are told one by one; the worst
EDGE_PX = 3.0


class Tally:
    """One person. Grows by some 60 bytes a frame."""

    def __init__(self, joints: int, names: tuple[str, ...], size: tuple[int, int], threshold: float) -> None:
        """`names` of so many `joints`; `size` (width, height) of the picture."""
        self._names, self._size, self._threshold = names, size, threshold
        self._rows: list[tuple[NDArray[Any], ...]] = []  # places, times, middles, heights, edges, seen
        self._foretold, self._scores = np.zeros(joints), np.zeros(joints)
        self._accel = np.zeros((4, joints))  # px and thousandths of a height, raw and smoothed
        self._accels = np.zeros(joints)
        self._spiked = np.zeros(joints, np.int64)
        self.spike_rows: list[
            tuple[Floats, Floats, Bools]
        ] = []  #: times, joints, mended of each frame with some
        self._spikes: list[Suspicion] = []
        self._swaps: list[Suspicion] = []
        self.jumps: list[Suspicion] = []

    def add(self, piece: Piece) -> None:
        """The rows of the piece that are its own."""
        height = joints.heights(piece.times, piece.boxes)
        swapped = joints.swaps(piece, self._threshold)
        seen = joints.known(piece, self._threshold)
        self._note_swaps(piece, swapped, height)
        straight = joints.unswapped(piece, swapped)
        self._note_spikes(straight, joints.spikes(straight, joints.known(straight, self._threshold), height))
        self._note_tremble(piece, seen, height)
        for row, speed in leaps(piece, seen, height):
            if piece.own.start <= row < piece.own.stop:
                words = f"{piece.who} is suddenly elsewhere ({speed:.0f} body heights a second)"
                sure = 1.0 - 0.5 * 7.0 / max(speed, 7.0)
                self.jumps.append(
                    suspicion("jump", piece, row - 1, row, (), sure, mended=False, speed=speed, words=words)
                )
        own = piece.own
        self._scores += np.nan_to_num(piece.scores[own]).sum(axis=0)
        self._foretold += (piece.predicted[own] & ~seen[own]).sum(axis=0)
        low, high = piece.boxes[own, :2], piece.boxes[own, 2:]
        far = np.array(self._size) - 1 - EDGE_PX
        edge = np.asarray(np.concatenate([low <= EDGE_PX, high >= far], axis=1).any(axis=1))
        middle = middles(piece)[own].astype(np.float32)
        packed = np.packbits(seen[own], axis=1)
        self._rows.append(
            (piece.places[own], piece.times[own], middle, height[own].astype(np.float32), edge, packed)
        )

    def walk(self, who: int) -> Walk:
        """Their body over time."""
        places, times, middle, height, edge = (
            np.concatenate([row[n] for row in self._rows]) for n in range(5)
        )
        return Walk(who, places, times, middle, height, edge)

    def seen(self) -> Bools:
        """(M, K) which joints were seen."""
        packed = np.concatenate([row[5] for row in self._rows])
        return np.unpackbits(packed, axis=1, count=len(self._names)).astype(np.bool_)

    def suspicions(self) -> list[Suspicion]:
        """Spikes and exchanges of left and right, as far as they are told one by one."""
        return [*self._spikes, *self._swaps]

    def counts(self) -> dict[str, int]:
        """All of them."""
        return {"spike": self._spiked_frames(), "swap": len(self._swaps)}

    def finding(self, person: Person, walk: Walk, frames: int) -> PersonFinding:
        """All in all, in a session of so many frames."""
        seen, count = self.seen(), max(len(walk.places), 1)
        accel = np.divide(
            self._accel, self._accels, out=np.full(self._accel.shape, np.nan), where=self._accels > 0
        )
        gaps = _away(walk)
        parts = []
        for k in range(len(self._names)):
            missing = [gap for gap in _stretches(~seen[:, k], walk.times) if gap.end_s - gap.start_s >= GAP_S]
            parts.append(
                JointFinding(
                    coverage=float(seen[:, k].mean()),
                    foretold=float(self._foretold[k]) / count,
                    score=float(self._scores[k]) / count,
                    gaps=len(missing),
                    gap_s=math.fsum(gap.end_s - gap.start_s for gap in missing),
                    longest=tuple(longest(missing)[:LONGEST_GAPS]),
                    spikes=int(self._spiked[k]),
                    raw_px=float(accel[0, k]),
                    raw=float(accel[1, k]),
                    smoothed_px=float(accel[2, k]),
                    smoothed=float(accel[3, k]),
                )
            )
        total = self._accel[[1, 3]].sum(axis=1) / max(float(self._accels.sum()), 1.0)
        raw, smoothed = total.tolist() if self._accels.any() else (math.nan, math.nan)
        return PersonFinding(
            person.id,
            person.name,
            person.first_s,
            person.last_s,
            len(walk.places),
            len(walk.places) / max(frames, 1),
            float(self._scores.mean()) / count,
            float(seen.mean()),
            float(np.median(walk.heights)),
            tuple(longest(gaps)[:MOST_GAPS]),
            len(gaps),
            self._spiked_frames(),
            len(self._swaps),
            raw,
            smoothed,
            tuple(parts),
        )

    def _spiked_frames(self) -> int:
        return sum(len(times) for times, _, _ in self.spike_rows)

    def _note_tremble(self, piece: Piece, seen: Bools, height: Floats) -> None:
        both = seen & np.isfinite(piece.smoothed).all(axis=2)
        raw = joints.accelerations(piece.times, piece.measured, both)[piece.own]
        told = joints.accelerations(piece.times, piece.smoothed, both)[piece.own]
        frame2, tall = joints.REFERENCE_S**2, height[piece.own, None] / 1000
        self._accels += np.isfinite(raw).sum(axis=0)
        for n, values in enumerate((raw, raw / tall, told, told / tall)):
            self._accel[n] += np.nansum(values, axis=0) * frame2

    def _note_spikes(self, piece: Piece, found: joints.Spikes) -> None:
        own = (found.rows >= piece.own.start) & (found.rows < piece.own.stop)
        if not own.any():
            return
        np.add.at(self._spiked, found.joints[own], 1)
        rows, which = np.unique(found.rows[own], return_inverse=True)
        mended = np.ones(len(rows), np.bool_)
        np.logical_and.at(mended, which, found.mended[own])
        self.spike_rows.append((piece.times[rows], np.bincount(which).astype(np.float64), mended))
        fastest = np.zeros(len(rows))
        np.maximum.at(fastest, which, found.speeds[own])
        worst = np.lexsort((-fastest, mended))[:MOST_SPIKES]
        for n in worst.tolist():
            parts = tuple(found.joints[own][which == n].tolist())
            speed, state = (
                float(fastest[n]),
                "left out by smoothing" if mended[n] else "still there when smoothed",
            )
            which_ones = f"{called(parts, self._names)} of {piece.who}"
            words = f"{which_ones} off for a moment, {speed:.0f} body heights a second; {state}"
            sure = min(0.99, 0.6 + 0.03 * speed)
            row = int(rows[n])
            self._spikes.append(
                suspicion(
                    "spike", piece, row, row, parts, sure, mended=bool(mended[n]), speed=speed, words=words
                )
            )
        self._spikes = sorted(self._spikes, key=badness, reverse=True)[:MOST_SPIKES]

    def _note_swaps(self, piece: Piece, swapped: Bools, height: Floats) -> None:
        for found in sides(piece, swapped, height, self._names):
            before = self._swaps[-1] if self._swaps else found
            begun = found.start_s <= piece.times[piece.own.start]  # maybe in the piece before
            if begun and before is not found and 0 <= found.start_s - before.end_s < GAP_S:
                self._swaps[-1] = joined(before, found)
            else:
                self._swaps.append(found)


def longest(gaps: Iterable[Gap]) -> list[Gap]:
    """Longest first."""
    return sorted(gaps, key=lambda gap: gap.start_s - gap.end_s)


def _stretches(missing: Bools, times: Floats) -> list[Gap]:
    """From the last time seen to the first time seen again; from the first or to the last frame otherwise."""
    last = len(times) - 1
    return [
        Gap(float(times[max(start - 1, 0)]), float(times[min(stop, last)]), inside=True)
        for start, stop in joints.runs(missing)
    ]


def _away(walk: Walk) -> list[Gap]:
    """When somebody is not in the session's frames, between their first and their last."""
    after = np.flatnonzero(np.diff(walk.places) > 1)
    return [
        Gap(float(walk.times[n]), float(walk.times[n + 1]), not (walk.edges[n] or walk.edges[n + 1]))
        for n in after.tolist()
    ]
