"""What `kinetrail doctor` says of this machine, and of machines that are broken."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import cli, doctor
from app.checks import child, libraries, machine, networks, nvidia, packages
from app.checks.child import Unanswered, answer, asked
from app.checks.finding import Finding, note, ok, problem
from app.checks.nvidia import Gpu, Nvidia
from engine import models
from engine.cache import engine_folder
from engine.fit import Fit, Place, write

NONE = Nvidia()
ONE = Nvidia((Gpu("NVIDIA L4", 23034, 22000, "8.9"),), "580.65.06", "13.0")


def says(answer=None, error=""):
    """Stands in for the other process: it answers, or it does not."""

    def ask(*_: object, **__: object):
        if error:
            raise Unanswered(error)
        return answer

    return ask


def state(found: Finding) -> str:
    return found.state


@pytest.fixture
def no_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without anything in its caches."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(models.FOLDER, raising=False)
    return tmp_path


# The whole page


@pytest.mark.usefixtures("no_engines")
def test_on_this_machine_nothing_is_a_problem():
    page = doctor.examine(threading.Event())
    wrong = {line.name: line.finding.text for line in page.lines if line.finding.state == "problem"}
    assert not wrong
    assert not [line for line in page.lines if "could not be looked at" in line.finding.text]
    assert len(page.lines) > 30
    json.loads(page.as_json())


def test_looking_at_a_machine_needs_none_of_what_it_looks_at():
    script = "import sys, app.doctor; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"numpy", "cv2", "av", "torch", "onnxruntime", "PySide6"} & set(done.stdout.split())


def test_where_nothing_is_installed_the_page_comes_all_the_same():
    script = (
        "from app import doctor; from app.doctor import looked\n"
        "found = [looked(each) for each in doctor.checks() if each.section == 'models']\n"
        "print(*(f'{each.text} {each.remedy}' for each in found), sep='\\n')"
    )
    bare = [sys.executable, "-S", "-E", "-c", script]  # no site-packages
    done = subprocess.run(bare, capture_output=True, text=True, check=True)
    assert "could not be looked at without platformdirs install what is missing" in done.stdout
    assert "bug" not in done.stdout


def test_the_page_comes_whatever_the_locale():
    script = (
        "from app.doctor import *; print(Page([Line('a', 'b', note('Zo\\xeb', 'L\\xe4ufer'))]).as_text())"
    )
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, env=os.environ | plain, check=True)
    assert "Läufer" in done.stdout.decode()


def test_the_page_has_every_remedy_and_json_has_all_that_the_page_has():
    lines = [
        doctor.Line("versions", "NumPy", ok("2.4.6")),
        doctor.Line("versions", "OpenCV", problem("not installed", "pip install opencv-python")),
        doctor.Line("machine", "cameras", note("a name\x1b[2J", "join the group")),
    ]
    page = doctor.Page(lines)
    text = page.as_text()
    assert text.splitlines()[0] == "Kinetrail cannot run here as it is: 1 problem, 1 note"
    assert "-> pip install opencv-python" in text
    assert "\x1b" not in text
    said = json.loads(page.as_json())
    assert said["well"] is False
    assert [each["state"] for each in said["checks"]] == ["ok", "problem", "note"]
    assert set(said["checks"][0]) == {"section", "name", "state", "text", "remedy"}


def test_a_problem_says_what_to_do():
    with pytest.raises(ValueError, match="without a remedy"):
        problem("broken", "")


@pytest.mark.parametrize(
    ("found", "code"), [(ok("fine"), 0), (note("odd"), 0), (problem("broken", "mend it"), 1)]
)
def test_the_exit_code_says_whether_kinetrail_can_run(found, code, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "checks", lambda: iter([doctor.Check("a", "b", lambda: found)]))
    assert cli.main(["doctor"]) == code
    assert found.text in capsys.readouterr().out
    assert cli.main(["doctor", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["checks"][0]["text"] == found.text


def test_a_check_that_fails_is_a_line_of_the_page():
    def broken() -> Finding:
        raise ZeroDivisionError("by\nnought")

    found = doctor.looked(doctor.Check("machine", "memory", broken))
    assert found.state == "note"
    assert found.text == "could not be looked at: ZeroDivisionError: by nought"
    assert found.remedy


@pytest.mark.parametrize(
    ("name", "expected"), [("OpenCV", "problem"), ("numbers", "problem"), ("window", "note")]
)
def test_a_library_that_cannot_be_loaded_is_a_problem_where_it_is_needed(name, expected):
    found = doctor.looked(doctor.Check("libraries", name, says(error="ImportError: libGL.so.1")))
    assert found.state == expected
    assert "libGL.so.1" in found.text
    assert found.remedy


# The other process


def test_a_command_that_hangs_is_given_up_and_so_are_its_children(tmp_path: Path):
    hanging = tmp_path / "nvidia-smi"
    hanging.write_text(f"#!/bin/sh\nsleep 100 &\necho $! > {tmp_path}/child\nsleep 100\n")
    hanging.chmod(0o755)
    patience, before = 0.3, time.monotonic()
    while not (tmp_path / "child").exists():  # on a busy machine it needs more time to come that far
        with pytest.raises(Unanswered, match=rf"no answer within {patience:g} s"):
            answer([str(hanging)], patience=patience)
        patience *= 3
    assert time.monotonic() - before < 60
    grandchild = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    deadline = time.monotonic() + 20
    while grandchild.exists() and grandchild.read_text().rsplit(")", 1)[1].split()[0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_process_that_cannot_be_killed_is_left_alone():
    class Stuck:
        pid, returncode = 1 << 30, None

        def wait(self, _: float) -> int:
            raise subprocess.TimeoutExpired("nvidia-smi", 1)

    stuck = Stuck()
    child._end(stuck)  # type: ignore[arg-type]
    assert stuck.returncode == -9


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import no_such_thing", "No module named 'no_such_thing'"),
        ("import os; os.abort()", r"it crashed \(SIGABRT\)"),
        ("raise SystemExit(3)", "it ended with code 3"),
    ],
)
def test_what_went_wrong_over_there_is_said_in_one_line(script, reason):
    with pytest.raises(Unanswered, match=reason) as told:
        answer([sys.executable, "-c", script])
    assert "\n" not in str(told.value)


def test_a_command_that_is_not_there():
    with pytest.raises(Unanswered, match="cannot be started"):
        answer(["/no/such/command"])


def test_a_library_that_crashes_when_it_is_loaded_does_not_take_the_page_along(tmp_path, monkeypatch):
    (tmp_path / "cv2.py").write_text("import os\nos.abort()\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(Unanswered, match="SIGABRT"):
        asked("opencv")


# Packages


def test_a_package_that_is_missing_is_a_problem_only_where_it_is_needed(monkeypatch):
    monkeypatch.setattr(packages, "installed", lambda _: "")
    assert packages.package(packages.Package("OpenCV", ("opencv-python",))).state == "problem"
    assert packages.package(packages.Package("PyCUDA", ("pycuda",), "gpu")).state == "ok"


def test_a_version_that_is_too_old_names_the_one_that_is_needed(monkeypatch):
    monkeypatch.setattr(packages, "installed", lambda _: "4.11.0.86")
    monkeypatch.setattr(packages, "requirements", lambda: {"opencv-python": ">=5,<6"})
    found = packages.package(packages.Package("OpenCV", ("opencv-python",)))
    assert (found.state, found.remedy) == ("problem", 'pip install "opencv-python>=5,<6"')


@pytest.mark.parametrize(
    ("spec", "version", "fits"),
    [
        (">=2.1,<3", "2.1", True),
        (">=2.1,<3", "2.0.9", False),
        (">=2.1,<3", "3", False),
        ("<8.5,>=8.4.190", "8.4.190", True),
        (">=2.6", "2.13.0+cpu", True),
        (">=10.13.2,<12", "11.4.0.106", True),
        (">=2.6", "2.10", True),
        ("", "1", True),
    ],
)
def test_version_ranges(spec, version, fits):
    assert packages.allows(spec, version) is fits


def test_our_own_requirements_are_read_with_and_without_extras():
    own = packages.requirements()
    assert packages.allows(own["numpy"], "2.1.0")
    assert not packages.allows(own["numpy"], "1.26.4")
    assert "tensorrt-cu13" in own


def test_two_packages_with_the_same_files(monkeypatch):
    here = {"opencv-python": "5", "opencv-python-headless": "5"}
    monkeypatch.setattr(packages, "installed", lambda name: here.get(name, ""))
    assert packages.rivals().state == "note"


def test_a_python_that_is_too_old():
    assert packages.python((3, 10)).state == "problem"
    assert packages.python((3, 11)).state == "ok"


# NVIDIA

DRIVER = """
#include <stdint.h>
#include <string.h>
#define AT 0x7f0000000000ULL /* a handle is an address, wider than an int */
int nvmlInit_v2(void) { return FAILS; }
const char *nvmlErrorString(int code) { return code == 18 ? "Driver/library version mismatch" : "?"; }
int nvmlSystemGetDriverVersion(char *to, unsigned n) {
    if (n < 80) return 7;
    strcpy(to, "580.65.06");
    return 0;
}
int nvmlSystemGetCudaDriverVersion_v2(int *to) { *to = 13020; return 0; }
int nvmlDeviceGetCount_v2(unsigned *to) { *to = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **to) { *to = (void *)(uintptr_t)(AT + i); return 0; }
int nvmlDeviceGetName(void *of, char *to, unsigned n) {
    if ((uintptr_t)of < AT || n < 64) return 2;
    strcpy(to, (uintptr_t)of == AT ? "NVIDIA L4" : "NVIDIA T4");
    return 0;
}
int nvmlDeviceGetMemoryInfo(void *of, uint64_t *to) {
    if ((uintptr_t)of < AT) return 2;
    to[0] = 24ULL << 30; to[1] = 20ULL << 30; to[2] = 4ULL << 30;
    return 0;
}
int nvmlDeviceGetCudaComputeCapability(void *of, int *major, int *minor) {
    if ((uintptr_t)of < AT) return 2;
    *major = 7; *minor = 5;
    return 0;
}
int cuInit(unsigned flags) { return flags ? 1 : FAILS; }
int cuGetErrorName(int code, const char **to) { *to = code ? "CUDA_ERROR_X" : "CUDA_SUCCESS"; return 0; }
"""


def driver(folder: Path, fails: int) -> dict[str, str]:
    """NVIDIA's two libraries, compiled from the above: what lets a process find them."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here to make up a driver with")
    (folder / "driver.c").write_text(DRIVER)
    for name in ("libnvidia-ml.so.1", "libcuda.so.1"):
        command = [compiler, "-shared", "-fPIC", f"-DFAILS={fails}", "driver.c", "-o", name]
        subprocess.run(command, cwd=folder, check=True)
    return {"LD_LIBRARY_PATH": str(folder)}


def test_the_driver_is_asked_as_its_functions_want_it(tmp_path: Path):
    around = driver(tmp_path, 0)
    here = nvidia.look(lambda what: asked(what, env=around))
    names = [(gpu.name, gpu.memory_mb, gpu.free_mb, gpu.capability) for gpu in here.gpus]
    assert names == [("NVIDIA L4", 24576, 20480, "7.5"), ("NVIDIA T4", 24576, 20480, "7.5")]
    assert (here.driver, here.cuda, here.trouble) == ("580.65.06", "13.2", "")
    assert nvidia.cuda(here, lambda what: asked(what, env=around)).state == "ok"


def test_a_driver_that_refuses_says_why(tmp_path: Path):
    around = driver(tmp_path, 18)
    assert nvidia.look(lambda what: asked(what, env=around)).trouble == "Driver/library version mismatch"
    assert "CUDA_ERROR_X" in nvidia.cuda(ONE, lambda what: asked(what, env=around)).text


def test_no_gpu_is_nothing_to_worry_about(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(nvidia.shutil, "which", lambda _: None)
    here = nvidia.look(says({"missing": True}), bus=tmp_path)
    assert here == NONE
    assert nvidia.gpu(here).state == "ok"
    assert nvidia.cuda(here, says(error="unasked")).state == "ok"


def test_a_gpu_without_a_driver_is_seen_on_the_bus(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(nvidia.shutil, "which", lambda _: None)
    for name, vendor, kind in (("0", "0x8086\n", "0x030000\n"), ("1", "0x10de\n", "0x030200\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vendor").write_text(vendor)
        (tmp_path / name / "class").write_text(kind)
    found = nvidia.gpu(nvidia.look(says({"missing": True}), bus=tmp_path))
    assert found.state == "note"
    assert "no driver" in found.text


def test_a_driver_that_was_updated_under_a_running_system_wants_a_restart():
    here = nvidia.look(says({"failed": "Driver/library version mismatch"}))
    assert "restart" in nvidia.gpu(here).remedy


@pytest.mark.parametrize(
    ("driver", "capability", "expected"),
    [("580.65.06", "8.9", "ok"), ("535.1", "8.9", "note"), ("580.1", "7.0", "note")],
)
def test_drivers_and_gpus_that_are_too_old_for_tensorrt_are_told(driver, capability, expected):
    gpu = {"name": "NVIDIA L4", "memory_mb": 23034, "free_mb": 22000, "capability": capability}
    here = nvidia.look(says({"driver": driver, "cuda": "13.0", "gpus": [gpu]}))
    found = nvidia.gpu(here)
    assert found.state == expected
    assert "NVIDIA L4, 22 GiB (21 free)" in found.text


def test_where_the_library_is_missing_its_command_is_asked(monkeypatch):
    monkeypatch.setattr(nvidia.shutil, "which", lambda _: "/usr/bin/nvidia-smi")
    ask = says({"missing": True})
    here = nvidia.look(ask, run=lambda *_: "NVIDIA L4, 23034, 22000, 8.9, 580.65.06\n")
    assert (here.gpus, here.driver) == (ONE.gpus, ONE.driver)
    assert nvidia.gpu(here).state == "ok"
    assert "not answer" in nvidia.look(says(error="no answer within 20 s")).trouble
    assert nvidia.look(ask, run=lambda *_: "No devices were found").trouble

    def hangs(*_: object) -> str:
        raise Unanswered("no answer within 20 s")

    assert "the driver hangs" in nvidia.gpu(nvidia.look(ask, run=hangs)).remedy


def test_cuda_that_does_not_start_is_told_with_its_reason():
    assert nvidia.cuda(ONE, says({"code": 0, "name": "CUDA_SUCCESS"})).state == "ok"
    found = nvidia.cuda(ONE, says({"code": 803, "name": "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"}))
    assert (found.state, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" in found.text) == ("note", True)
    assert nvidia.cuda(ONE, says(error="OSError: libcuda.so.1")).state == "note"


@pytest.mark.parametrize("check", [nvidia.tensorrt, nvidia.pycuda, nvidia.torch])
def test_what_only_a_gpu_needs_is_missed_only_where_there_is_one(check, monkeypatch):
    monkeypatch.setattr(nvidia, "installed", lambda _: "")
    assert check(NONE, says({})).state == "ok"
    if check is not nvidia.torch:
        assert check(ONE, says({})).state == "note"


def test_packages_for_the_gpu_that_cannot_be_loaded(monkeypatch):
    monkeypatch.setattr(nvidia, "installed", lambda _: "1.0")
    broken = says(error="ImportError: libnvinfer.so.11: cannot open shared object file")
    for check in (nvidia.tensorrt, nvidia.pycuda, nvidia.torch):
        found = check(ONE, broken)
        assert found.state == "note"
        assert "libnvinfer" in found.text
        assert found.remedy


def test_where_pycuda_fails_cuda_bindings_will_do_and_both_are_told(monkeypatch):
    monkeypatch.setattr(nvidia, "installed", lambda _: "1.0")

    def ask(question: str):
        if question == "pycuda":
            raise Unanswered("ImportError: libcurand.so.10")
        return {}

    found = nvidia.pycuda(ONE, ask)
    assert found.state == "ok"
    assert "cuda-bindings can be loaded" in found.text
    assert "libcurand" in found.text


@pytest.mark.parametrize(
    ("here", "providers", "expected"),
    [
        (NONE, ["CPUExecutionProvider"], "ok"),
        (ONE, ["CPUExecutionProvider"], "note"),
        (ONE, ["CUDAExecutionProvider", "CPUExecutionProvider"], "ok"),
    ],
)
def test_an_onnx_runtime_without_cuda_is_told_where_there_is_a_gpu(here, providers, expected):
    assert nvidia.onnxruntime(here, says({"providers": providers})).state == expected


@pytest.mark.parametrize(
    ("said", "expected"), [(("13.0", True), "ok"), (("", False), "note"), (("12.6", False), "note")]
)
def test_a_torch_that_does_not_see_the_gpu(said, expected, monkeypatch):
    monkeypatch.setattr(nvidia, "installed", lambda _: "2.13")
    built_for, sees = said
    assert nvidia.torch(ONE, says({"built_for": built_for, "sees_gpu": sees})).state == expected


# Libraries


@pytest.mark.parametrize(
    ("writes", "missing", "expected"),
    [(True, "", "ok"), (True, "av1", "note"), (False, "", "problem"), (True, "h264", "problem")],
)
def test_codecs_that_are_missing(writes, missing, expected):
    reads = {kind: kind != missing for kind in ("h264", "hevc", "vp9", "av1")}
    found = libraries.video(says({"ffmpeg": "8.1", "writes": writes, "reads": reads}))
    assert found.state == expected


def test_qt_itself_is_asked_without_what_opencv_set(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/site-packages/cv2/qt/plugins")
    assert asked("qt", env=libraries.HEADLESS) == {"platform": "offscreen"}


def test_qt_variables_that_the_user_set_are_told(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/elsewhere")
    found = libraries.qt_variables(says(error="unasked"))
    assert (found.state, found.remedy) == ("note", "unset QT_QPA_PLATFORM_PLUGIN_PATH")


def test_opencvs_own_qt_variables_are_told_but_no_trouble(monkeypatch):
    for name in libraries.QT_VARIABLES:  # as OpenCV leaves them in a process that has imported it
        monkeypatch.setenv(name, "/site-packages/cv2/qt/plugins")
    found = libraries.qt_variables(says({"version": "5.0.0", "changed": {"QT_QPA_FONTDIR": "/fonts"}}))
    assert (found.state, "QT_QPA_FONTDIR" in found.text) == ("ok", True)


def test_a_display_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":77")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    found = libraries.window()  # really asked: Qt ends the process when it finds no platform
    assert found.state == "note"
    assert "could not connect to display :77" in found.text


# Machine


def test_little_memory_is_told(tmp_path: Path):
    table = tmp_path / "meminfo"
    table.write_text("MemTotal:        8000000 kB\nMemAvailable:     300000 kB\nHugePages_Total:       0\n")
    found = machine.memory(table)
    assert (found.state, found.text) == ("note", "7.6 GiB, 0.3 free")


def test_cameras_have_names_and_numbers(tmp_path: Path):
    devices, about = tmp_path / "dev", tmp_path / "sys"
    for number, name in ((10, "USB Capture"), (0, "Front Camera"), (1, "Front Camera")):
        device = devices / f"video{number}"
        device.parent.mkdir(exist_ok=True)
        device.touch()
        (about / device.name).mkdir(parents=True)
        (about / device.name / "name").write_text(f"{name}\n")
    assert machine.cameras(devices, about) == ok("Front Camera (0, 1), USB Capture (10)")
    assert machine.cameras(tmp_path / "nowhere", about) == ok("none connected")


def test_a_camera_without_permission_is_told(tmp_path: Path, monkeypatch):
    (tmp_path / "video0").touch()
    monkeypatch.setattr(machine.os, "access", lambda *_: False)
    found = machine.cameras(tmp_path, tmp_path)
    assert found.state == "note"
    assert "video" in found.remedy


def test_a_folder_that_is_full_or_closed_is_told(tmp_path: Path, monkeypatch):
    (tmp_path / "model").write_bytes(bytes(3_000_000))
    inside = tmp_path / "not" / "there"
    assert machine.folder(tmp_path).text.startswith(f"{tmp_path}: 3 MB in it")
    assert machine.folder(inside).state == "ok"
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: SimpleNamespace(free=5 << 20))
    assert machine.folder(tmp_path).state == "note"
    monkeypatch.setattr(machine.os, "access", lambda *_: False)
    assert "no permission" in machine.folder(tmp_path).text


def test_a_file_or_a_dead_link_where_a_folder_has_to_be_is_told(tmp_path: Path):
    (tmp_path / "file").touch()
    (tmp_path / "dead").symlink_to(tmp_path / "nowhere")
    for name in ("file", "dead"):
        found = machine.folder(tmp_path / name / "inside")
        assert found.state == "note"
        assert f"remove {tmp_path / name}" in found.remedy


# Networks


def test_a_default_network_that_is_missing_is_a_problem_with_its_remedy(no_engines: Path, monkeypatch):
    monkeypatch.setattr(models, "own_models", lambda: no_engines)
    found = networks.default("pose")
    assert found.state == "problem"
    assert "--pose" in found.remedy
    (no_engines / models.EMBEDDED["pose"]).touch()
    assert networks.default("pose").state == "ok"


def test_a_damaged_model_is_told(no_engines: Path, monkeypatch):
    monkeypatch.setenv(models.FOLDER, str(no_engines))
    (no_engines / "mine.onnx").write_bytes(b"changed")
    (no_engines / "mine.onnx.sha256").write_text("0" * 64 + "  mine.onnx\n")
    found = networks.models()
    assert found.state == "note"
    assert "mine.onnx is damaged" in found.text


@pytest.fixture
def engine(no_engines: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine that was built here, with TensorRT 11.4 for ONE's GPU."""
    monkeypatch.setattr(networks, "tensorrt_here", lambda: ("tensorrt-cu13", "11.4.0.106"))
    assert engine_folder().is_relative_to(no_engines)
    engine_folder().mkdir(parents=True)
    plan = engine_folder() / "pose.engine"
    plan.write_bytes(b"a plan")
    people = tuple((n, 3, 256, 192) for n in (1, 8, 32))
    write(
        plan,
        Fit(
            place=Place("11.4.0.106", "NVIDIA L4", "8.9", "580.65.06"),
            onnx="pose.onnx",
            onnx_sha256="0" * 64,
            plan_sha256=hashlib.sha256(b"a plan").hexdigest(),
            precision="fp16",
            profile=people,
            metadata={},
            inputs=(),
            outputs=(),
            command="python build_engine.py pose.onnx",
            built="2026-11-22T18:00:00+00:00",
        ),
    )
    return plan


def test_an_engine_that_fits(engine: Path):
    assert networks.engine(engine, ONE) == ok("pose.engine fits: fp16, up to 32 at once")
    two = replace(ONE, gpus=(Gpu("NVIDIA T4", 15000, 15000, "7.5"), *ONE.gpus))
    assert networks.engine(engine, two).state == "ok"


def test_an_engine_that_does_not_fit_is_told_with_the_command_that_rebuilds_it(engine: Path, monkeypatch):
    other = replace(ONE, gpus=(Gpu("NVIDIA T4", 15000, 15000, "7.5"),))
    found = networks.engine(engine, other)
    again = f"rm {engine}*; build it again: python build_engine.py pose.onnx"
    assert (found.state, found.remedy) == ("note", again)
    assert "NVIDIA T4" in found.text
    monkeypatch.setattr(networks, "tensorrt_here", lambda: ("", ""))
    assert "TensorRT" in networks.engine(engine, ONE).text


def test_an_engine_waits_for_its_gpu(engine: Path):
    found = networks.engine(engine, NONE)
    assert found.state == "note"
    assert "no NVIDIA GPU here, and it was built for NVIDIA L4" in found.text
    assert "build" not in found.remedy


def test_an_engine_that_was_edited_or_has_no_record_is_told(engine: Path):
    engine.write_bytes(b"another plan")
    for here in (ONE, NONE):
        assert "changed" in networks.engine(engine, here).text
    engine.with_name("pose.engine.fit.json").unlink()
    found = networks.engine(engine, ONE)
    assert found.state == "note"
    assert found.remedy


@pytest.mark.usefixtures("engine")
def test_every_engine_in_the_cache_has_a_line(monkeypatch):
    monkeypatch.setattr(nvidia, "look", lambda: ONE)
    assert [check.look().state for check in doctor.checks() if check.name == "engine"] == ["ok"]
