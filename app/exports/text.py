"""Numbers as text, many at once: looked up in tables of digits instead of formatted one by one.

A row of text is a row of words of eight bytes; what is not used of a word is filled with zero bytes, and
those are taken out of everything at the end. The digits are those of C's printf, to the last: pixels are
whole steps of 1/512 and scores of 1/10000, so rounding to decimals is a matter of whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from app import grid

Words = NDArray[np.uint64]

LARGEST = 20_000  #: pixels; what is farther is formatted one by one
COMMA = int(np.frombuffer(b",".ljust(8, b"\0"), np.uint64)[0])  #: the word of an empty field


def words(texts: Iterable[str]) -> Words:
    """A word for each text of at most eight letters."""
    return np.frombuffer(b"".join(text.encode().ljust(8, b"\0") for text in texts), np.uint64)


def pixel_words(steps: NDArray[np.int32]) -> Words:
    """A comma and the pixels with three decimals: (..., 2) words for steps (...)."""
    above = np.abs(steps)
    far = (above >= int(LARGEST * grid.PIXEL)) | (above < 0)  # the least of all has no number above 0
    above *= np.int32(125)  # what is far away runs over, and is replaced below
    above += 31 + ((above >> 6) & 1)  # ties to even, as in printf
    above >>= 6  # thousandths
    whole = above // np.int32(1000)
    rest = above - whole * np.int32(1000)
    whole += (steps < 0) * np.int32(LARGEST + 1)
    both = np.empty((*steps.shape, 2), np.uint64)
    both[..., 0] = np.take(_wholes(), whole, mode="clip")
    both[..., 1] = np.take(_thousandths(), rest, mode="clip")
    if far.any():
        both[far] = long_words(f",{step / 512:.3f}" for step in steps[far].tolist())
    return both


def score_words(steps: NDArray[np.uint16]) -> Words:
    """A comma and the score with four decimals: a word for each of the steps."""
    return np.take(_scores(), steps)


def number_words(numbers: NDArray[np.int64]) -> Words:
    """A comma and the number: (N, 2) words for whole numbers (N,)."""
    known, which = np.unique(numbers, return_inverse=True)
    return long_words(f",{number}" for number in known.tolist())[which]


def long_words(texts: Iterable[str]) -> Words:
    """Two words for each text of at most sixteen letters: (N, 2)."""
    return words(text.ljust(16, "\0")[at : at + 8] for text in texts for at in (0, 8)).reshape(-1, 2)


def joined(table: Words) -> bytes:
    """The text of everything in it."""
    return table.tobytes().translate(None, b"\0")


@cache
def _wholes() -> Words:
    """A comma and each number from 0; then the same with a minus."""
    return words(f",{sign}{number}" for sign in ("", "-") for number in range(LARGEST + 1))


@cache
def _thousandths() -> Words:
    return words(f".{number:03d}" for number in range(1000))


@cache
def _scores() -> Words:
    known = [f",{n // 10_000}.{n % 10_000:04d}" for n in range(int(grid.MOST * grid.SCORE) + 1)]
    return words(known + [",nan"] * (grid.NO_SCORE + 1 - len(known)))
