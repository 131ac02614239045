"""A GPU that is used, shared and given back by the rules, whichever package speaks to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import simulated_cuda
from simulated_cuda import DEVICE, CudaFailure, Device, RuleBroken, install

from engine import cuda
from engine.cuda import Gpu, number_of
from engine.errors import UserError

BOTH = ("pycuda", "cuda-bindings")


@pytest.fixture(params=BOTH)
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Device:
    return install(monkeypatch, request.param)


def there_and_back(gpu: Gpu, rows: int = 3) -> np.ndarray:
    """What comes back of numbers that were doubled on the GPU."""
    with gpu:
        stream, address = gpu.stream(), gpu.memory(rows * 4)
        one, other = gpu.page_locked((rows,), np.float32), gpu.page_locked((rows,), np.float32)
        one[:] = np.arange(rows)
        stream.copy_in(address, one)
        simulated_cuda.stream(stream.handle).enqueue(lambda: double(address, rows))
        stream.copy_out(other, address)
        assert np.isnan(other).all()  # nothing has happened yet
        stream.synchronise()
        return other.copy()


def double(address: int, rows: int) -> None:
    floats = np.frombuffer(DEVICE.view(address, rows * 4), np.float32)
    floats *= 2


def test_what_is_copied_to_the_gpu_and_back_is_there_once_waited_for(device: Device) -> None:
    gpu = Gpu()
    np.testing.assert_array_equal(there_and_back(gpu), [0, 2, 4])
    gpu.close()
    device.check()


def test_it_says_what_it_is_and_through_which_package(device: Device) -> None:
    gpu = Gpu()
    assert (gpu.name, gpu.capability) == ("Simulated GPU", "9.0")
    assert gpu.binding in ("pycuda 2026.1", "cuda-bindings 13.0.3")
    free, total = gpu.memory_left()
    assert 0 < free <= total == device.memory
    gpu.close()


def test_the_threads_own_context_is_current_again_afterwards(device: Device) -> None:
    with simulated_cuda.current():
        before = list(device.contexts)
        gpu = Gpu()
        there_and_back(gpu)
        assert device.contexts == before
        gpu.close()
        assert device.contexts == before
    device.check()


def test_what_was_taken_last_is_given_back_first(device: Device) -> None:
    given: list[int] = []
    gpu = Gpu()
    for number in range(3):
        gpu.later(lambda number=number: given.append(number))
    gpu.close()
    assert given == [2, 1, 0]
    gpu.close()  # a second time, nothing is left to give
    assert given == [2, 1, 0]
    device.check()


def test_two_gpus_in_one_thread_do_not_take_each_others_place(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in BOTH:
        device = install(monkeypatch, package, count=2)
        first, second = Gpu(0), Gpu(1)
        for gpu in (first, second, first):
            np.testing.assert_array_equal(there_and_back(gpu), [0, 2, 4])
        first.close()
        there_and_back(second)
        second.close()
        device.check()


def test_pycuda_comes_first_and_bindings_where_it_is_missing_or_cannot_record_graphs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = {BOTH: "pycuda", BOTH[1:]: "cuda-bindings", BOTH[:1]: "pycuda"}
    for packages, used in wanted.items():
        install(monkeypatch, *packages)
        gpu = Gpu()
        assert gpu.binding.startswith(used)
        gpu.close()
    install(monkeypatch, *BOTH)
    gpu = Gpu(graphs=True)
    assert gpu.binding.startswith("cuda-bindings")
    gpu.close()


def test_a_graph_repeats_what_was_given_to_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    device = install(monkeypatch, "cuda-bindings")
    gpu = Gpu(graphs=True)
    with gpu:
        stream, address, host = gpu.stream(), gpu.memory(8), gpu.page_locked((2,), np.float32)
        host[:] = [1, 5]
        stream.copy_in(address, host)
        launch = stream.graph(
            lambda: simulated_cuda.stream(stream.handle).enqueue(lambda: double(address, 2))
        )
        for _ in range(3):
            launch()
        stream.copy_out(host, address)
        stream.synchronise()
    np.testing.assert_array_equal(host, [8, 40])
    gpu.close()
    device.check()


def test_memory_that_is_used_up_is_told_with_what_to_do_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for package in BOTH:
        device = install(monkeypatch, package, memory=1000)
        gpu = Gpu()
        with gpu:
            gpu.memory(600)
            with pytest.raises(UserError, match=r"^the GPU cannot take 1 MB of its memory: .*memory; close"):
                gpu.memory(600_000)
        gpu.close()
        device.check()


def test_a_kernel_that_fails_is_told_where_it_is_waited_for(device: Device) -> None:
    def fail() -> None:
        raise CudaFailure("CUDA_ERROR_LAUNCH_FAILED")

    gpu = Gpu()
    with gpu:
        stream, _ = gpu.stream(), gpu.memory(600)
        simulated_cuda.stream(stream.handle).enqueue(fail)
        with pytest.raises(UserError, match=r"^the GPU cannot run: .*launch failed"):
            stream.synchronise()
    gpu.close()
    device.check()


MACHINES: dict[str, tuple[dict[str, object], str]] = {
    "no driver": ({"driver": False}, "NVIDIA's driver is not installed; install it, or use cpu$"),
    "no GPU": ({"count": 0}, "^the GPU cannot be used: .*nvidia-smi"),
    "an old driver": (
        {"cuda": (12, 2)},
        r"knows CUDA 12\.2 at most, and .* needs CUDA 13; .* to 580 or later",
    ),
}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("packages", [BOTH, *[(each,) for each in BOTH]], ids="+".join)
def test_a_machine_without_what_it_takes_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, machine: str, packages: tuple[str, ...]
) -> None:
    settings, wanted = MACHINES[machine]
    device = install(monkeypatch, *packages, **settings)
    with pytest.raises(UserError, match=wanted) as caught:
        Gpu()
    assert "\n" not in str(caught.value)
    device.check()


def test_a_gpu_that_is_not_there_is_named(device: Device) -> None:
    with pytest.raises(UserError, match=r"^device cuda:3: there is one GPU"):
        Gpu(3)
    device.check()


def test_without_either_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    with pytest.raises(
        UserError, match=r"^the GPU cannot be used without pycuda or cuda-bindings: pip install"
    ):
        Gpu()


def test_a_device_that_is_no_gpu_is_refused() -> None:
    assert [number_of(each) for each in ("auto", "cuda", "cuda:0", "cuda:12")] == [0, 0, 0, 12]
    for name in ("cpu", "auto:1", "cuda:", "gpu"):
        with pytest.raises(UserError, match=f"^device {name}: this runs on an NVIDIA GPU only"):
            number_of(name)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 2024\nGCC", "535.183.01"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n", "580.65.06"),
        ("nothing of the kind", "for CUDA 13.0"),
    ],
)
def test_the_drivers_version_is_read_where_linux_has_it(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, version: str
) -> None:
    (tmp_path / "version").write_text(text)
    monkeypatch.setattr(cuda, "KERNEL_MODULE", tmp_path / "version")
    gpu = Gpu()
    assert gpu.driver == version
    gpu.close()
    device.check()


def _left_behind(gpu: Gpu) -> None:
    with gpu:
        gpu.memory(10)


def _in_another_thread(gpu: Gpu) -> None:
    with gpu:
        gpu.memory(10)
    thread = threading.Thread(target=lambda: _quietly(gpu.close))
    thread.start()
    thread.join()


def _while_work_waits(gpu: Gpu) -> None:
    with gpu:
        stream, address = gpu.stream(), gpu.memory(4)
        stream.copy_in(address, gpu.page_locked((1,), np.float32))
    _quietly(gpu.close)


def _pageable(gpu: Gpu) -> None:
    with gpu:
        stream, address = gpu.stream(), gpu.memory(4)
        _quietly(lambda: stream.copy_in(address, np.zeros(1, np.float32)))


def _no_context(gpu: Gpu) -> None:
    _quietly(lambda: gpu.memory(10))


def _quietly(work: Callable[[], None]) -> None:
    try:
        work()
    except RuleBroken:
        return


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "crime", [_left_behind, _in_another_thread, _while_work_waits, _pageable, _no_context]
)
def test_the_simulation_itself_notices(device: Device, crime: Callable[[Gpu], None]) -> None:
    gpu = Gpu()
    crime(gpu)
    with pytest.raises(RuleBroken):
        device.check()
