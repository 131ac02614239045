"""Choosing one person or two, by mouse or by keys. The one chosen first comes first."""

from __future__ import annotations

from collections.abc import Sequence

Chosen = tuple[int, ...]  #: ids, two at most


def clicked(chosen: Chosen, who: int, *, add: bool) -> Chosen:
    """After a click on somebody; `add`: beside whoever is chosen, or no more."""
    if not add:
        return (who,)
    if who in chosen:
        return tuple(each for each in chosen if each != who)
    return (*chosen[:1], who)


def walked(chosen: Chosen, ids: Sequence[int], step: int, *, add: bool) -> Chosen:
    """One lane up (-1) or down (1) among `ids`; `add`: with the one chosen first."""
    if not ids:
        return ()
    here = ids.index(chosen[-1]) if chosen else (-1 if step > 0 else len(ids))
    who = ids[min(max(here + step, 0), len(ids) - 1)]
    return (chosen[0], who) if add and chosen and who != chosen[0] else (who,)
