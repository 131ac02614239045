"""A share that answers with errors: calls of the kernel on chosen files fail, by a filter of this process.

seccomp(2) and its filters in BPF, see linux/seccomp.h and linux/filter.h. What goes through mapped memory (an
index of SQLite's, files that libraries map) asks the kernel nothing and cannot be refused so.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

NO_NEW_PRIVILEGES, FILTER, ALL_THREADS = 38, 1, 1  #: PR_SET_NO_NEW_PRIVS, SECCOMP_SET_MODE_FILTER, ..._TSYNC
LOAD, EQUAL, RETURN = (
    0x20,
    0x15,
    0x06,
)  #: BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ, BPF_RET
ALLOW, ERROR = 0x7FFF0000, 0x00050000  #: SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
NUMBER_AT, MACHINE_AT, FIRST_AT = (
    0,
    4,
    16,
)  #: in struct seccomp_data: call, machine, first argument
REFUSES_NOT = "this kernel lets us refuse no calls"

#: Of each machine its AUDIT_ARCH, and the numbers of seccomp and of the calls that can be refused.
MACHINES = {
    "x86_64": (0xC000003E, 317, {
        "read": 0, "write": 1, "close": 3, "lseek": 8, "pread64": 17, "pwrite64": 18, "readv": 19,
        "fsync": 74, "fdatasync": 75, "ftruncate": 77,
        "rename": 82, "link": 86, "unlink": 87, "unlinkat": 263, "renameat": 264, "linkat": 265,
    }),
    "aarch64": (0xC00000B7, 277, {
        "read": 63, "write": 64, "close": 57, "lseek": 62, "pread64": 67, "pwrite64": 68, "readv": 65,
        "fsync": 82, "fdatasync": 83, "ftruncate": 46, "unlinkat": 35, "renameat": 38, "linkat": 37,
    }),
}  # fmt: skip
READING = "read", "pread64", "readv", "lseek"
WRITING = "write", "pwrite64", "ftruncate"
KEEPING = "fsync", "fdatasync"
NAMING = "rename", "renameat", "link", "linkat", "unlink", "unlinkat"  #: refused whatever file they are about


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def refuse(calls: Sequence[str], descriptors: Sequence[int], error: int) -> None:
    """From now on each of these calls on one of these descriptors fails, in every thread of this process.

    Calls of NAMING know no descriptors, and fail altogether.
    """
    if platform.machine() not in MACHINES:
        raise OSError(0, REFUSES_NOT)
    machine, seccomp, numbers = MACHINES[platform.machine()]
    known = [numbers[call] for call in calls if call in numbers]
    code = _steps(machine, known, [] if set(calls) & set(NAMING) else descriptors, error)
    c = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(code) // 8, code)
    if (
        c.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        or c.syscall(seccomp, FILTER, ALL_THREADS, ctypes.byref(program))
    ):  # fmt: skip
        raise OSError(ctypes.get_errno(), REFUSES_NOT)


def _steps(machine: int, numbers: Sequence[int], descriptors: Sequence[int], error: int) -> bytes:
    """Is it this machine, one of the calls, one of the descriptors? Each a comparison that jumps ahead."""

    def one_of(values: Sequence[int]) -> list[tuple[int, int, int, int]]:
        """Past the step behind these where it is one of them; that step lets the call through."""
        rest = [(EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
        return [*rest, (RETURN, 0, 0, ALLOW)]

    steps = [
        *((LOAD, 0, 0, MACHINE_AT), *one_of([machine])),
        *((LOAD, 0, 0, NUMBER_AT), *one_of(numbers)),
        *(((LOAD, 0, 0, FIRST_AT), *one_of(descriptors)) if descriptors else ()),
        (RETURN, 0, 0, ERROR | error),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def opened(pattern: str) -> list[int]:
    """The descriptors of this process for files that are called so (as for `Path.match`)."""
    found = []
    for each in Path("/proc/self/fd").iterdir():
        try:
            if each.readlink().match(pattern):
                found.append(int(each.name))
        except OSError:
            continue  # the one that lists them
    return found


def when(touches: Callable[[Any], bool], nth: int, pattern: str, act: Callable[[list[int]], object]) -> None:
    """Before the nth thing that is done to files from now on, or the first after it with such a file open."""
    counted, done = [0], threading.Event()

    def look(_frame: Any, event: str, function: Any) -> None:
        if event != "c_call" or done.is_set() or not touches(function):
            return
        counted[0] += 1
        if counted[0] >= nth and (found := opened(pattern)):
            done.set()
            act(found)

    threading.setprofile(look)
    sys.setprofile(look)
