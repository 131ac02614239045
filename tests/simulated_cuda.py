"""A CUDA device that is none. It keeps the rules that a real one punishes only now and then.

Work given to a stream is done when somebody waits for it, not before, so that reading too early reads
garbage. Memory is garbage until written and gone when freed; it, streams and events belong to the context
that was current and to the thread that made them; what an asynchronous copy reads or writes in the host's
memory is page-locked. Breaking a rule raises `RuleBroken` and is remembered for `Device.check`, so that no
`except` can hide it. What a real driver refuses, such as memory that is used up, is a `CudaFailure`, which
`simulated_pycuda` and `simulated_bindings` tell each in its own way.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

GARBAGE = 0xFF  #: of every byte: NaN as float32 and float16, 255 as a pixel
GAP = 1 << 20  #: between two pieces of memory, so that what runs out of one is not in the next
RESULTS = {
    "CUDA_SUCCESS": 0,
    "CUDA_ERROR_INVALID_VALUE": 1,
    "CUDA_ERROR_OUT_OF_MEMORY": 2,
    "CUDA_ERROR_NO_DEVICE": 100,
    "CUDA_ERROR_INVALID_DEVICE": 101,
    "CUDA_ERROR_LAUNCH_FAILED": 719,
}


class RuleBroken(AssertionError):
    """A mistake of the program that uses the device."""


class CudaFailure(Exception):
    """What a real driver answers, by its name; raised in a stream's work, waiting for the stream tells it."""


@dataclass(eq=False)
class Thing:
    """Anything that was made and has to be freed."""

    kind: str
    context: int
    thread: int
    content: Any = None
    size: int = 0


@dataclass(eq=False)
class Event:
    stream: Stream | None = None  #: the one that it was last recorded in
    reached: bool = True


@dataclass(eq=False)
class Stream:
    """Work waiting to be done, in its order."""

    device: Device
    waiting: deque[Callable[[], None]] = field(default_factory=deque)
    captured: list[Callable[[], None]] | None = None

    def enqueue(self, work: Callable[[], None]) -> None:
        """Do this once everything before it is done; or put it into the graph that is being captured."""
        self.device.alive()
        (self.waiting if self.captured is None else self.captured).append(work)

    def run(self, until: Event | None = None) -> None:
        while self.waiting and not (until and until.reached):
            try:
                self.waiting.popleft()()
            except CudaFailure as failure:
                self.waiting.clear()
                self.device.failure = str(failure)  # of a real device too, nothing works after that
        self.device.alive()


class Device:
    """The GPUs of the machine and its driver, as the last `reset` made them."""

    def __init__(self) -> None:
        self.reset()

    def reset(
        self,
        *,
        memory: int = 1 << 30,
        count: int = 1,
        cuda: tuple[int, int] = (13, 0),
        capability: tuple[int, int] = (9, 0),
        name: str = "Simulated GPU",
        driver: bool = True,
    ) -> None:
        """`memory` bytes on each of `count` GPUs; `cuda` is what the driver knows; without one, nothing."""
        self.machine = object()  #: what was made on another one is gone
        self.memory, self.count, self.cuda, self.driver = memory, count, cuda, driver
        self.capability, self.name = capability, name
        self.failure = ""  #: once a kernel failed
        self.broken: list[str] = []
        self.copies = 0  #: asynchronous ones, done
        self.launched = 0  #: graphs
        self._things: dict[int, Thing] = {}
        self._retained: dict[int, int] = {}
        self._next = 0x7F00_0000_0000
        self._stack = threading.local()

    # What a driver answers

    def alive(self) -> None:
        if self.failure:
            raise CudaFailure(self.failure)

    def break_rule(self, what: str) -> RuleBroken:
        self.broken.append(what)
        return RuleBroken(what)

    def check(self) -> None:
        """Raise RuleBroken for every rule that was broken, and for what was not freed."""
        left = [f"{thing.kind} left behind" for thing in self._things.values()]
        left += [f"context of GPU {number} still retained" for number in self._retained]
        left += ["a context is still current"] if self.contexts else []
        if self.broken or left:
            raise RuleBroken("; ".join([*self.broken, *left]))

    # Contexts: that of GPU n is n + 1

    @property
    def contexts(self) -> list[int]:
        """Of this thread, the current one last."""
        if not hasattr(self._stack, "contexts"):
            self._stack.contexts = []
        found: list[int] = self._stack.contexts
        return found

    def context(self) -> int:
        """The current one of this thread. RuleBroken where there is none."""
        if not self.contexts:
            raise self.break_rule("no context is current in this thread")
        return self.contexts[-1]

    def retain(self, number: int) -> int:
        if not 0 <= number < self.count:
            raise CudaFailure("CUDA_ERROR_INVALID_DEVICE")
        self._retained[number] = self._retained.get(number, 0) + 1
        return number + 1

    def release(self, number: int) -> None:
        if number not in self._retained:
            raise self.break_rule("a context was released that nobody retained")
        self._retained[number] -= 1
        if not self._retained[number]:
            del self._retained[number]
            if left := [thing.kind for thing in self._things.values() if thing.context == number + 1]:
                raise self.break_rule(f"a context was released before {', '.join(left)} in it was freed")

    # What is made and freed

    def make(self, kind: str, content: Any = None, size: int = 0) -> int:
        """The handle or address of something new, belonging to this thread and its context."""
        context = self.context()
        self.alive()
        if any(each.captured is not None for each in self.streams()):
            raise self.break_rule(f"{kind} was made while a graph is being captured")
        if kind == "memory" and size > self.free_memory(context):
            raise CudaFailure("CUDA_ERROR_OUT_OF_MEMORY")
        handle = self._next
        self._next += -(-size // GAP) * GAP + GAP
        if kind == "memory":
            content = np.full(size, GARBAGE, np.uint8)
        elif kind == "page-locked memory":
            content = np.full(size, GARBAGE, np.uint8)
            handle = content.ctypes.data
        self._things[handle] = Thing(kind, context, threading.get_ident(), content, size)
        return handle

    def take_back(self, kind: str, handle: int) -> None:
        thing = self.find(kind, handle)
        if thing.thread != threading.get_ident():
            raise self.break_rule(f"{kind} was freed in another thread than it was made in")
        if thing.context != self.context():
            raise self.break_rule(f"{kind} was freed in another context than it was made in")
        if any(each.waiting for each in self.streams()):
            raise self.break_rule(f"{kind} was freed while work is waiting; synchronise first")
        if "memory" in kind:
            thing.content[:] = GARBAGE
        del self._things[handle]

    def find(self, kind: str, handle: int) -> Thing:
        thing = self._things.get(int(handle))
        if thing is None or thing.kind != kind:
            raise self.break_rule(f"{int(handle):#x} is no {kind}, or it was freed")
        return thing

    def streams(self) -> list[Stream]:
        """Those that were made in this thread: what others gave to theirs is theirs to wait for."""
        here, things = threading.get_ident(), list(self._things.values())
        return [each.content for each in things if each.kind == "stream" and each.thread == here]

    def free_memory(self, context: int) -> int:
        here = (each for each in self._things.values() if each.context == context)
        used = (each.size for each in here if each.kind == "memory")
        return self.memory - sum(used)

    def view(self, address: int, nbytes: int, kind: str = "memory") -> memoryview:
        """Bytes of the device. RuleBroken where they are not all in one piece that was made and not freed."""
        for start, thing in self._things.items():
            if thing.kind == kind and start <= address <= address + nbytes <= start + thing.size:
                return memoryview(thing.content)[address - start : address - start + nbytes]
        raise self.break_rule(f"{nbytes} bytes at {address:#x} are in no {kind}")

    # Streams, events, graphs

    def stream(self, handle: int) -> Stream:
        found = self.find("stream", handle)
        if found.context != self.context():
            raise self.break_rule("a stream of another context than the current one")
        stream: Stream = found.content
        return stream

    def copy(self, stream: int, *, to: int, source: int, nbytes: int, kinds: tuple[str, str]) -> None:
        """From the second kind of memory to the first, once the stream comes to it."""

        def now() -> None:
            self.view(to, nbytes, kinds[0])[:] = self.view(source, nbytes, kinds[1])
            self.copies += 1

        self.view(to, nbytes, kinds[0]), self.view(source, nbytes, kinds[1])
        self.stream(stream).enqueue(now)

    def wait(self, handle: int) -> None:
        stream = self.stream(handle)
        if stream.captured is not None:
            raise self.break_rule("waited for a stream whose work is being captured")
        stream.run()

    def record(self, event: int, stream: int) -> None:
        mark: Event = self.find("event", event).content
        mark.stream, mark.reached = self.stream(stream), False
        self.stream(stream).enqueue(lambda: setattr(mark, "reached", True))

    def reach(self, event: int) -> None:
        """Do the work before the event."""
        mark: Event = self.find("event", event).content
        if mark.stream and not mark.reached:
            mark.stream.run(until=mark)

    def capture(self, stream: int) -> None:
        self.stream(stream).captured = []

    def captured(self, stream: int) -> int:
        work = self.stream(stream).captured
        self.stream(stream).captured = None
        if work is None:
            raise self.break_rule("the end of a capture that was never begun")
        return self.make("graph", work)

    def launch(self, graph: int, stream: int) -> None:
        self.launched += 1
        for work in self.find("graph ready to run", graph).content:
            self.stream(stream).enqueue(work)


DEVICE = Device()


def stream(handle: int) -> Stream:
    """The stream of this handle. RuleBroken where it is none, or its context is not current here."""
    return DEVICE.stream(handle)


def install(monkeypatch: pytest.MonkeyPatch, *packages: str, **machine: Any) -> Device:
    """Make the device of a machine like this (see `Device.reset`) all that can be imported."""
    import simulated_bindings
    import simulated_pycuda

    DEVICE.reset(**machine)
    for name in ("engine.cuda_pycuda", "engine.cuda_bindings"):  # they keep what they imported
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]
    for package in ("pycuda", "cuda"):
        monkeypatch.setitem(sys.modules, package, None)
    for package in packages:
        {"pycuda": simulated_pycuda, "cuda-bindings": simulated_bindings}[package].install(monkeypatch)
    return DEVICE


@contextmanager
def current(number: int = 0) -> Iterator[None]:
    """The context of a GPU is current in this thread, as another library would have made it."""
    DEVICE.contexts.append(DEVICE.retain(number))
    try:
        yield
    finally:
        DEVICE.contexts.pop()
        DEVICE.release(number)
