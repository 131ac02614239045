"""What other packages say about themselves: `python -m app.checks.inside WHAT` prints one JSON object.

Runs in a process of its own, see `app.checks.child`. Packages are named, not imported, because the program
itself has to start without them.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from importlib import import_module
from typing import Any

QT_VARIABLES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR", "QT_PLUGIN_PATH")
#: For each kind of video, the decoders that read it without special hardware.
DECODERS = {
    "h264": ("h264",),
    "hevc": ("hevc",),
    "vp9": ("vp9", "libvpx-vp9"),
    "av1": ("libdav1d", "libaom-av1"),
}


def numbers() -> dict[str, Any]:
    """NumPy and what builds on it."""
    return {name: import_module(name).__name__ for name in ("numpy", "scipy.optimize", "filterpy.kalman")}


def opencv() -> dict[str, Any]:
    """Which of Qt's variables OpenCV changes when it is imported."""
    before = {name: os.environ.get(name) for name in QT_VARIABLES}
    version = import_module("cv2").__version__
    changed = {
        name: os.environ.get(name, "") for name in QT_VARIABLES if os.environ.get(name) != before[name]
    }
    return {"version": version, "changed": changed}


def video() -> dict[str, Any]:
    """FFmpeg's version, whether H.264 can be written, and what can be read."""
    av = import_module("av")
    try:
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt, context.framerate = 64, 64, "yuv420p", 25
        context.open()
        writes = True
    except (ValueError, av.error.FFmpegError):  # UnknownCodecError is a ValueError
        writes = False
    reads = {kind: bool(av.codec.codecs_available & set(names)) for kind, names in DECODERS.items()}
    return {"ffmpeg": str(av.ffmpeg_version_info), "writes": writes, "reads": reads}


def onnxruntime() -> dict[str, Any]:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    return {"providers": import_module("onnxruntime").get_available_providers()}


def qt() -> dict[str, Any]:
    """The platform that a window would be opened on."""
    import_module("PySide6.QtWidgets")
    application = import_module("PySide6.QtGui").QGuiApplication([])
    return {"platform": application.platformName()}


def tensorrt() -> dict[str, Any]:
    return {"version": import_module("tensorrt").__version__}


def pycuda() -> dict[str, Any]:
    return {"version": ".".join(map(str, import_module("pycuda.driver").get_version()))}


def cuda_bindings() -> dict[str, Any]:
    return {"name": import_module("cuda.bindings.runtime").__name__}


def torch() -> dict[str, Any]:
    module = import_module("torch")
    return {"built_for": module.version.cuda or "", "sees_gpu": module.cuda.is_available()}


def cuda() -> dict[str, Any]:
    """What the driver's own library answers when CUDA is started: 0 is success."""
    library = ctypes.CDLL("libcuda.so.1")
    name = ctypes.c_char_p()
    code = int(library.cuInit(0))
    library.cuGetErrorName(code, ctypes.byref(name))
    return {"code": code, "name": (name.value or b"").decode()}


def nvidia() -> dict[str, Any]:
    """What NVIDIA's management library says of driver and GPUs."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return {"missing": True}
    library.nvmlErrorString.restype = ctypes.c_char_p
    if code := library.nvmlInit_v2():
        return {"failed": library.nvmlErrorString(code).decode()}
    driver, version, count = ctypes.create_string_buffer(96), ctypes.c_int(), ctypes.c_uint()
    library.nvmlSystemGetDriverVersion(driver, ctypes.c_uint(len(driver)))
    library.nvmlSystemGetCudaDriverVersion_v2(ctypes.byref(version))
    library.nvmlDeviceGetCount_v2(ctypes.byref(count))
    return {
        "driver": driver.value.decode(),
        "cuda": f"{version.value // 1000}.{version.value % 1000 // 10}",
        "gpus": [_gpu(library, number) for number in range(count.value)],
    }


def _gpu(library: ctypes.CDLL, number: int) -> dict[str, Any]:
    handle, name = ctypes.c_void_p(), ctypes.create_string_buffer(96)
    memory = (ctypes.c_ulonglong * 3)()  # nvmlMemory_t: total, free, used
    major, minor = ctypes.c_int(), ctypes.c_int()
    library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(number), ctypes.byref(handle))
    library.nvmlDeviceGetName(handle, name, ctypes.c_uint(len(name)))
    library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory))
    library.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor))
    return {
        "name": name.value.decode(),
        "memory_mb": memory[0] >> 20,
        "free_mb": memory[1] >> 20,
        "capability": f"{major.value}.{minor.value}",
    }


QUESTIONS = {
    each.__name__: each
    for each in (
        numbers,
        opencv,
        video,
        onnxruntime,
        qt,
        tensorrt,
        pycuda,
        cuda_bindings,
        torch,
        cuda,
        nvidia,
    )
}

if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(QUESTIONS[sys.argv[1]]()) + "\n")
    sys.stdout.flush()
    os._exit(0)  # some libraries hang or crash when they are taken down; that is not asked here
