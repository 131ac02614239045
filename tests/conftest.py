"""Rules every test keeps."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scene_clips import Clips

SHARED = Path(__file__).parents[2] / "shared"
PATIENCE_S = 20.0  #: for a thread that ends in a moment on a quiet machine


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + PATIENCE_S
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left, f"threads left behind: {left}"


@pytest.fixture(autouse=True)
def _the_smallest_numbers_are_no_noughts() -> Iterator[None]:
    """Training turns them into noughts, for the whole process: tests that come later would be others then."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """PyTorch on one: several wait for each other for ever where others work on the same cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Third-party clips, models and photographs that are not part of the project."""
    if not SHARED.is_dir():
        pytest.skip("the shared folder with third-party clips and models is not here")
    return SHARED


@pytest.fixture(scope="session")
def rendered(request: pytest.FixtureRequest) -> Clips:
    """Clips of rendered people and their truth, kept from run to run; `pytest --cache-clear` drops them."""
    from scene_clips import Clips

    return Clips(request.config.cache.mkdir("scene"))
