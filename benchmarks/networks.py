"""What a person costs each network on the CPU: `python -m benchmarks.networks [ARCH...]`.

Median milliseconds a person in ONNX Runtime at 256x192, alone and eight at once. The weights are random,
which costs the same. Other work on the machine shows: HRNet-W32 takes 57 ms where there is none.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from engine.description import PoseModel
from engine.session import Session, open_session
from engine.skeleton import KEYPOINTS
from engine.training.export import export
from engine.training.table import cost
from engine.training.zoo import CPU_FAMILY, build

THREADS = 2
SIZE = (256, 192)
PACKED = (1, 8)
PLAIN = PoseModel(True, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), KEYPOINTS, "quarter", input_size=SIZE)


def cost_ms(session: Session, people: int, repeats: int = 12) -> float:
    """Median milliseconds a person, `people` at once."""
    batch = np.random.default_rng(0).standard_normal((people, 3, *SIZE), np.float32)
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        session.run(batch)
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times[1:]) / people


def main() -> None:
    heading = f"{'network':<14}{'parameters':>11}{'GFLOPs':>9}" + "".join(f"{n:>6} at once" for n in PACKED)
    lines = [heading]
    for arch in sys.argv[1:] or ["hrnet_w32", *CPU_FAMILY]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{arch}.onnx")
            export(build(arch).eval(), PLAIN, path)
            session = open_session(path, "cpu", THREADS)
            spent = [cost_ms(session, n) for n in PACKED]
            session.close()
        parameters, gflops = cost(arch, SIZE)
        times = "".join(f"{each:>11.1f} ms" for each in spent)
        lines.append(f"{arch:<14}{parameters:>9.2f} M{gflops:>9.2f}{times}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
