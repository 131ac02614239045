"""Repairs say who is who anew and change nothing that was measured; each can be taken back."""

from __future__ import annotations

import tempfile
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from fakes import info
from figures import standing
from figures import tracks as people
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.about import Recipe
from app.store.session import Session, open_session_file
from app.store.writer import Writer
from app.types import Result, Timings
from engine.errors import UserError
from engine.skeleton import KEYPOINTS
from engine.types import Frame

PICTURE = np.zeros((4, 8, 3), np.uint8)
#: Who is in which frame: 1 and 2 together, then 3 instead of 1, then 2 and 3, then 4.
STORY = [(1, 2)] * 4 + [(2,)] + [(2, 3)] * 3 + [()] + [(3,)] * 2 + [(4,)] * 3


@pytest.fixture
def session(tmp_path: Path):
    with closing(open_session_file(told(tmp_path))) as opened:
        yield opened


def told(folder: Path) -> Path:
    path = folder / "a.kinetrail"
    with closing(Writer(path, info(), Recipe("a", "", "", KEYPOINTS, {}))) as writer:
        for index, ids in enumerate(STORY):
            crowd = people(ids, [standing(100 * who, index, 50, 90) for who in ids]) if ids else None
            frame = Frame(index, index / 10, PICTURE)
            writer.write(Result(frame, crowd or people([], np.zeros((0, 17, 2))), Timings(0, 0, 0, 0)))
    return path


def cast(session: Session) -> list[dict[int, float]]:
    """Of each frame: ids, and the place of the nose, which tells who it really is."""
    return [
        {who: round(float(at)) for who, at in zip(t.ids.tolist(), t.measured[:, 0, 0], strict=True)}
        for _, _, t in session.each()
    ]


def test_a_swap_exchanges_two_from_that_frame_on(session: Session) -> None:
    before = cast(session)
    session.swap(1, 2, 0.2)
    after = cast(session)
    assert after[:2] == before[:2]
    assert after[2] == {1: before[2][2], 2: before[2][1]}
    assert list(after[4]) == [1]  # who was number 2 there
    assert session.undoable() == "exchange of 1 and 2 from 0.20 s on"


def test_a_merge_gives_all_of_one_to_the_other_unless_they_were_seen_together(session: Session) -> None:
    with pytest.raises(UserError, match=r"3 and 2 are both in the picture at 0\.50 s"):
        session.merge(3, 2)
    session.rename(3, "Ada")
    session.merge(3, 1)
    assert [person.id for person in session.people()] == [1, 2, 4]
    assert session.people()[0].name == "Ada"
    assert session.lane(1).positions.tolist() == [0, 1, 2, 3, 5, 6, 7, 9, 10]


def test_a_split_makes_somebody_new_whose_number_nobody_ever_had(session: Session) -> None:
    new = session.split(2, 0.5)
    assert new not in (1, 2, 3, 4)
    assert session.lane(2).positions.tolist() == [0, 1, 2, 3, 4]
    assert session.lane(new).positions.tolist() == [5, 6, 7]
    session.undo()
    assert session.split(2, 0.3) > new  # the number of a split that was undone is used up too
    for moment in (0.0, 0.5, 9.0):
        with pytest.raises(UserError, match="cannot be split at"):
            session.split(3, moment)


def test_who_is_deleted_is_told_of_no_more_and_comes_back_with_undo(session: Session) -> None:
    before = cast(session)
    session.delete(2)
    assert all(2 not in frame for frame in cast(session))
    assert session.undo() == "removal of 2"
    assert cast(session) == before
    assert session.redo() == "removal of 2"
    assert (session.redo(), session.redoable()) == ("", "")


def test_repairs_are_kept_in_the_file_and_what_was_measured_stays(tmp_path: Path) -> None:
    path = told(tmp_path)
    with closing(open_session_file(path)) as session:
        raw = [frame.poses.keypoints for frame in session.measured()]
        session.swap(1, 2, 0.1)
        session.rename(4, "Grace")
        held = cast(session)
    with closing(open_session_file(path)) as again:
        assert cast(again) == held
        assert [person.name for person in again.people()] == ["", "", "", "Grace"]
        assert again.undo() == "name 'Grace' for 4"
        for frame, before in zip(again.measured(), raw, strict=True):
            np.testing.assert_array_equal(frame.poses.keypoints, before)


def test_two_who_repair_the_same_session_see_what_the_other_did(tmp_path: Path) -> None:
    path = told(tmp_path)
    with closing(open_session_file(path)) as one, closing(open_session_file(path)) as other:
        one.delete(1)
        with pytest.raises(UserError, match="nobody with the number 1"):
            other.rename(1, "Ada")
        assert other.undo() == "removal of 1"
        one.refresh()
        assert [person.id for person in one.people()] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "repair",
    [
        lambda s: s.swap(1, 1, 0.0),
        lambda s: s.swap(1, 9, 0.0),
        lambda s: s.swap(1, 2, float("nan")),
        lambda s: s.merge(2, 2),
        lambda s: s.delete(0),
        lambda s: s.rename(1, "a\nb"),
        lambda s: s.rename(1, "x" * 300),
    ],
)
def test_a_repair_that_makes_no_sense_is_refused_in_one_line(session: Session, repair) -> None:
    with pytest.raises(UserError) as caught:
        repair(session)
    assert "\n" not in str(caught.value)
    assert session.undoable() == ""


class Model:
    """The same repairs on plain lists of sets, with a copy of everything kept for each undo."""

    def __init__(self) -> None:
        self.now: list[dict[int, int]] = [{who: who for who in ids} for ids in STORY]  # id: who it really is
        self.past: list[list[dict[int, int]]] = []
        self.future: list[list[dict[int, int]]] = []

    def do(self, change) -> None:
        self.past.append(self.now)
        self.now = [
            {new: real for who, real in frame.items() if (new := change(n, who))}
            for n, frame in enumerate(self.now)
        ]
        self.future = []

    def undo(self) -> None:
        if self.past:
            self.future.append(self.now)
            self.now = self.past.pop()

    def redo(self) -> None:
        if self.future:
            self.past.append(self.now)
            self.now = self.future.pop()

    def there(self, who: int) -> list[int]:
        return [n for n, frame in enumerate(self.now) if who in frame]


IDS, FRAMES = st.integers(1, 5), st.integers(0, len(STORY))
REPAIRS = st.one_of(
    st.tuples(st.just("swap"), IDS, IDS, FRAMES),
    st.tuples(st.just("merge"), IDS, IDS, FRAMES),
    st.tuples(st.just("split"), IDS, IDS, FRAMES),
    st.tuples(st.just("delete"), IDS, IDS, FRAMES),
    st.tuples(st.just("undo"), IDS, IDS, FRAMES),
    st.tuples(st.just("redo"), IDS, IDS, FRAMES),
)


def both(session: Session, model: Model, kind: str, a: int, b: int, n: int) -> None:
    """The same repair here and there, where it is allowed."""
    if kind in ("undo", "redo"):
        getattr(session, kind)()
        getattr(model, kind)()
        return
    with suppress(UserError):
        if kind == "swap":
            session.swap(a, b, n / 10)
            model.do(lambda f, who: {a: b, b: a}.get(who, who) if f >= n else who)
        elif kind == "merge":
            session.merge(a, b)
            assert not set(model.there(a)) & set(model.there(b))
            model.do(lambda _, who: b if who == a else who)
        elif kind == "split":
            new = session.split(a, n / 10)
            assert model.there(a)[0] < n <= model.there(a)[-1]
            model.do(lambda f, who: new if who == a and f >= n else who)
        else:
            session.delete(a)
            model.do(lambda _, who: 0 if who == a else who)


@settings(max_examples=40, deadline=None)
@given(st.lists(REPAIRS, max_size=12))
def test_any_repairs_undone_and_redone_are_what_a_plain_model_says(repairs) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = Model()
        with closing(open_session_file(told(Path(folder)))) as session:
            nose = {who: cast(session)[frame][who] - 0 for frame, ids in enumerate(STORY) for who in ids}
            for repair in repairs:
                both(session, model, *repair)
            expected = [sorted((who, nose[real]) for who, real in frame.items()) for frame in model.now]
            assert [sorted(frame.items()) for frame in cast(session)] == expected
            for person in session.people():
                assert session.lane(person.id).positions.tolist() == model.there(person.id)
