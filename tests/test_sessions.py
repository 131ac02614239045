"""Whatever runs a network keeps one contract: rows in their order, answers the caller's own, one thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import contract
import numpy as np
import pytest
import simulated_cuda
from contract import KINDS, PROFILE, Case, machine
from contract_detector import ultralytics

from engine.errors import UserError
from engine.session import OPENERS, Session, open_session

torch = pytest.importorskip("torch")

EVERY = {**KINDS, "Ultralytics": ultralytics}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what takes long to make."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(params=EVERY)
def case(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Path
) -> Iterator[Case]:
    threads = torch.get_num_threads()
    simulated_cuda.DEVICE.reset()
    yield EVERY[request.param](tmp_path, monkeypatch, kept)
    simulated_cuda.DEVICE.check()  # of a GPU, everything was given back
    torch.set_num_threads(threads)


@pytest.fixture
def session(case: Case) -> Iterator[Session]:
    opened = case.open()
    yield opened
    opened.close()


def check(found: tuple[np.ndarray, ...], wanted: list[np.ndarray], tolerance: float) -> None:
    assert [each.dtype for each in found] == [np.float32] * len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance)


@pytest.mark.parametrize("rows", [1, *PROFILE[1:], 4])
def test_it_answers_what_onnx_runtime_answers_to_each_row_in_its_place(
    case: Case, session: Session, rows: int
) -> None:
    batch = case.batch(rows)
    check(session.run(batch), case.wanted(batch), case.tolerance)


def test_it_takes_as_many_rows_as_it_says(case: Case, session: Session) -> None:
    batch = case.batch(min(session.max_batch, 9))
    check(session.run(batch), case.wanted(batch), case.tolerance)
    assert 1 <= session.best_batch <= session.max_batch


def test_more_rows_than_it_takes_and_none_at_all_are_a_mistake_of_the_caller(
    case: Case, session: Session
) -> None:
    with pytest.raises(ValueError, match=r"a run takes 1 to \d+ rows, got 0"):
        session.run(case.batch(0))
    if session.max_batch < 1000:
        with pytest.raises(ValueError, match=f"1 to {session.max_batch} rows, got {session.max_batch + 1}"):
            session.run(case.batch(session.max_batch + 1))
    batch = case.batch(1)
    check(session.run(batch), case.wanted(batch), case.tolerance)


def test_answers_are_the_callers_and_stay_as_they_are(case: Case, session: Session) -> None:
    first, second = case.batch(4, seed=1), case.batch(4, seed=2)
    found = session.run(first)
    session.run(second)
    check(found, case.wanted(first), case.tolerance)
    for each in found:
        each += 1  # it may be written to, and nothing else changes by that
    check(session.run(first), case.wanted(first), case.tolerance)
    session.close()
    check(found, [each + 1 for each in case.wanted(first)], case.tolerance)


def test_a_batch_is_only_read_however_it_lies_in_memory(case: Case, session: Session) -> None:
    batch = case.batch(4)
    batch.flags.writeable = False
    check(session.run(batch), case.wanted(batch), case.tolerance)
    every_other = case.batch(8)[::2, ..., ::-1]
    check(session.run(every_other), case.wanted(np.ascontiguousarray(every_other)), case.tolerance)


def test_its_signature_says_what_goes_in_and_out(case: Case, session: Session) -> None:
    batch = case.batch(2)
    found = session.run(batch)
    (shape,) = session.signature.inputs
    for declared, real in (
        (shape, batch.shape),
        *zip(session.signature.outputs, map(np.shape, found), strict=True),
    ):
        assert all(size in (0, there) for size, there in zip(declared[1:], real[1:], strict=True))
    case.check_signature(session)


def test_where_cuda_graphs_are_wished_for_they_do_the_work(case: Case, session: Session) -> None:
    for rows in (1, 2, 3):
        session.run(case.batch(rows))
    assert simulated_cuda.DEVICE.launched == (3 if case.graphs else 0)


def test_closing_twice_is_no_mistake_and_running_after_it_is(case: Case) -> None:
    session = case.open()
    session.run(case.batch(1))
    session.close()
    session.close()
    with pytest.raises(RuntimeError, match="was closed"):
        session.run(case.batch(1))


def test_it_belongs_to_the_thread_that_opened_it(case: Case, session: Session) -> None:
    caught: list[BaseException] = []

    def elsewhere(work: Callable[[], object]) -> None:
        try:
            work()
        except RuntimeError as error:
            caught.append(error)

    for work in (lambda: session.run(case.batch(1)), session.close):
        thread = threading.Thread(target=elsewhere, args=(work,), name="elsewhere")
        thread.start()
        thread.join()
    assert [str(each) for each in caught] == [
        f"{case.path.name}: was opened in thread MainThread, not in elsewhere"
    ] * 2
    batch = case.batch(2)
    check(session.run(batch), case.wanted(batch), case.tolerance)


def test_pictures_of_another_size_are_refused_in_one_line_and_others_still_run(
    case: Case, session: Session
) -> None:
    batch = case.batch(2)
    with pytest.raises(UserError, match=rf"^{case.path.name}: .*cannot run on \(\d, ") as caught:
        session.run(batch[:, :-1, :-1] if not case.pixels else batch[:, :-1, :, :2])
    assert "\n" not in str(caught.value)
    check(session.run(batch), case.wanted(batch), case.tolerance)


DAMAGES: dict[str, Callable[[Path, bytes], object]] = {
    "missing": lambda path, _: path.unlink(missing_ok=True),
    "empty": lambda path, _: path.write_bytes(b""),
    "text": lambda path, _: path.write_text("this is no network"),
    "cut": lambda path, whole: path.write_bytes(whole[: len(whole) * 3 // 5]),
    "a folder": lambda path, _: path.mkdir(),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("ending", OPENERS)
def test_what_is_no_network_is_one_line_with_its_name(
    tmp_path: Path,
    kept: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    ending: str,
    damage: str,
) -> None:
    machine(tmp_path, monkeypatch, "pycuda")
    sources = {
        ".onnx": lambda: contract.heatmaps(tmp_path),
        ".engine": lambda: contract.engine(contract.heatmaps(tmp_path), tmp_path / "net.engine"),
        ".pth": lambda: contract.checkpoint(kept)[0],
    }
    whole = sources.get(ending, lambda: contract.script(tmp_path))().read_bytes()
    path = tmp_path / f"damaged{ending}"
    DAMAGES[damage](path, whole)
    capfd.readouterr()
    with pytest.raises(UserError) as caught:
        open_session(path, "auto" if ending == ".engine" else "cpu")
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "".join(capfd.readouterr()) == ""
    simulated_cuda.DEVICE.check()
