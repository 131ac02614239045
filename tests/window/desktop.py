"""A screen that nobody sees, with a window manager, and a hand at its mouse and its keyboard."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import numpy as np
import pytest
from numpy.typing import NDArray

NEEDED = ("Xvfb", "evilwm")
PATIENCE_S = 80.0
BETWEEN_S = 0.02  #: between two events, as no hand is faster
NOBODY = 0  #: has the keyboard
XWD_FIELDS = 25  #: of its header, each a big-endian number of 32 bits


def check_desktop() -> None:
    """Skip the test where there can be no desktop."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    missing += [f"lib{name}" for name in ("X11", "Xtst") if ctypes.util.find_library(name) is None]
    if missing:
        pytest.skip(f"missing: {', '.join(missing)} (tests/system_packages.sh installs them on Debian)")


class Desktop:
    """`name` is its DISPLAY. Mouse and keyboard go through XTest: nothing can tell them from a hand's."""

    def __init__(self, folder: Path, width: int = 1400, height: int = 900) -> None:
        self._folder, self._size = folder, (width, height)
        self._running: list[subprocess.Popen[bytes]] = []
        self.name = ""

    def __enter__(self) -> Desktop:
        screen = "x".join(map(str, (*self._size, 24)))
        read, write = os.pipe()
        arguments = ["-screen", "0", screen, "-fbdir", str(self._folder), "-nolisten", "tcp", "-noreset"]
        self._start("Xvfb", "-displayfd", str(write), *arguments, pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as told:
            self.name = f":{told.readline().strip()}"
        self._start("evilwm", "-display", self.name, "-fn", "fixed")
        self._x11 = ctypes.CDLL(ctypes.util.find_library("X11"))
        self._xtst = ctypes.CDLL(ctypes.util.find_library("Xtst"))
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._x11.XSetInputFocus.argtypes = (ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_ulong)
        self._x11.XStringToKeysym.restype = ctypes.c_ulong
        self._x11.XKeysymToKeycode.argtypes = (ctypes.c_void_p, ctypes.c_ulong)
        self._x11.XKeysymToKeycode.restype = ctypes.c_ubyte
        self._x11.XkbKeycodeToKeysym.argtypes = (ctypes.c_void_p, ctypes.c_ubyte, ctypes.c_int, ctypes.c_int)
        self._x11.XkbKeycodeToKeysym.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(self._x11.XOpenDisplay(self.name.encode()))
        assert self._display, f"no connection to {self.name}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._x11.XCloseDisplay(self._display)
        for running in reversed(self._running):
            running.terminate()
            running.wait(PATIENCE_S)

    def press(self, keys: str) -> None:
        """Keys as they are called, together: "ctrl+q", "F11", "Return", "?"."""
        *held, last = keys.split("+") if len(keys) > 1 else [keys]
        symbol = ord(last) if len(last) == 1 else self._x11.XStringToKeysym(last.encode())
        assert symbol, f"there is no key {last}"
        code = self._x11.XKeysymToKeycode(self._display, symbol)
        if self._x11.XkbKeycodeToKeysym(self._display, code, 0, 0) != symbol:
            held.append("shift")
        codes = [self._modifier(name) for name in held] + [code]
        for each in codes:
            self._send(self._xtst.XTestFakeKeyEvent, each, 1)
        for each in reversed(codes):
            self._send(self._xtst.XTestFakeKeyEvent, each, 0)

    def type(self, text: str) -> None:
        for letter in text:
            self.press(letter)

    def move(self, x: float, y: float) -> None:
        """The pointer, pixels from the top left corner of the screen."""
        self._send(self._xtst.XTestFakeMotionEvent, -1, round(x), round(y))

    def enter(self, x: float, y: float) -> None:
        """Come from outside every window until the one that lies there has the keyboard."""
        deadline = time.monotonic() + PATIENCE_S
        self._x11.XSetInputFocus(self._display, NOBODY, 0, 0)
        while self._focus() == NOBODY:
            assert time.monotonic() < deadline, f"no window takes the keyboard at {x}, {y}"
            self.move(self._size[0] - 1, self._size[1] - 1)
            self.move(x, y)
            time.sleep(0.2)  # the window manager has to come to it

    def _focus(self) -> int:
        """The window that has the keyboard."""
        window, revert = ctypes.c_ulong(0), ctypes.c_int(0)
        self._x11.XGetInputFocus(self._display, ctypes.byref(window), ctypes.byref(revert))
        return window.value

    def click(self, x: float, y: float) -> None:
        self.move(x, y)
        for down in (1, 0):
            self._send(self._xtst.XTestFakeButtonEvent, 1, down)

    def screen(self) -> NDArray[np.uint8]:
        """What is on the screen now, (H, W, 3) BGR."""
        raw = (self._folder / "Xvfb_screen0").read_bytes()
        head = np.frombuffer(raw, ">u4", XWD_FIELDS).tolist()
        size, width, height, line, colours = head[0], head[4], head[5], head[12], head[19]
        pixels = np.frombuffer(raw, np.uint8, line * height, size + 12 * colours)
        return pixels.reshape(height, line // 4, 4)[:, :width, :3].copy()

    def _modifier(self, name: str) -> int:
        symbol = self._x11.XStringToKeysym(f"{name.replace('ctrl', 'control').capitalize()}_L".encode())
        return int(self._x11.XKeysymToKeycode(self._display, symbol))

    def _send(self, event: Callable[..., int], *what: int) -> None:
        event(self._display, *what, ctypes.c_ulong(0))
        self._x11.XSync(self._display, 0)
        time.sleep(BETWEEN_S)

    def _start(self, *command: str, pass_fds: tuple[int, ...] = ()) -> None:
        quiet = subprocess.DEVNULL
        self._running.append(subprocess.Popen(command, stdout=quiet, stderr=quiet, pass_fds=pass_fds))
