"""Where the program begins in a folder that needs no Python: see kinetrail.spec and docs/install.md.

There is no `python -m` in such a folder, but the program starts some of its own modules in processes of their
own, with `sys.executable -P -m MODULE`. So that is understood here, for our modules only.
"""

import ctypes
import os
import runpy
import sys
from contextlib import suppress
from pathlib import Path

OURS = ("app", "engine", "trackers")
FALLBACK = ("libxcb.so.1", "libGLdispatch.so.0", "libGLX.so.0", "libGL.so.1", "libEGL.so.1",
            "libwayland-client.so.0", "libwayland-cursor.so.0", "libwayland-egl.so.1")  # fmt: skip


def main() -> int:
    """Run the program, or the module that was asked for."""
    load_what_is_missing(Path(sys.executable).parent / "_internal" / "fallback")
    restore_environment()
    if sys.argv[1:3] == ["-P", "-m"] and sys.argv[3:] and sys.argv[3].partition(".")[0] in OURS:
        module, sys.argv[1:] = sys.argv[3], sys.argv[4:]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        return 0
    from app.cli import main

    return main()


def load_what_is_missing(folder: Path) -> None:
    """Libraries of a desktop, each needed by the ones after it: the system's own, or else ours."""
    for name in FALLBACK:
        for path in (name, str(folder / name)):
            with suppress(OSError):
                ctypes.CDLL(path, ctypes.RTLD_GLOBAL)
                break


def restore_environment() -> None:
    """Undo what was set for this folder on the way here, and has done its work.

    Whatever else is started from here, such as a file manager, must find its own libraries and plugins; and
    this program, started again, must not believe that all of it was done already.
    """
    for name in (
        "QT_PLUGIN_PATH",
        "LD_LIBRARY_PATH",
        *(each for each in os.environ if each.startswith("_PYI_")),
    ):
        os.environ.pop(name, None)
    if before := os.environ.pop("LD_LIBRARY_PATH_ORIG", ""):
        os.environ["LD_LIBRARY_PATH"] = before


if __name__ == "__main__":
    sys.exit(main())
