"""A pinhole camera that stands still and turns.

World: metres, x to the right, y up, z away from the camera. Two frames of reference for pixels: `project`
gives Kinetrail's, the centre of the first pixel at (0, 0); `on_film` counts from the picture's corner, so
that it scales with the number of samples a pixel has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scene_noise import Array

NEAREST = 0.05  #: metres; what is closer or behind is treated as being this far away


@dataclass(frozen=True)
class Camera:
    """Stands at x = z = 0."""

    pan: tuple[tuple[float, float], ...] = ((0.0, 0.0),)  #: (time, degrees to the right), eased between
    height: float = 1.75  #: metres
    pitch: float = 6.0  #: degrees down
    focal: float = 0.86  #: of the picture's width
    size: tuple[int, int] = (1280, 720)  #: width, height, pixels
    nods: tuple[tuple[float, float], ...] = ()  #: (time, degrees down beside the pitch), eased between

    def yaw(self, t: float) -> float:
        """The pan at time t in radians."""
        return eased(self.pan, t)

    def nodded(self, seen: Array, t: float) -> Array:
        """Points (..., 3) right, down and forward of the camera without its nod -> the same with it."""
        if not self.nods:
            return seen
        s, c = np.sin(eased(self.nods, t)), np.cos(eased(self.nods, t))
        right, down, forward = np.moveaxis(seen, -1, 0)
        return np.stack([right, c * down - s * forward, s * down + c * forward], -1)

    def axes(self, yaw: float) -> Array:
        """Rows: the camera's right, down and forward in the world."""
        s, c, pitch = np.sin(yaw), np.cos(yaw), np.radians(self.pitch)
        sp, cp = np.sin(pitch), np.cos(pitch)
        return np.array([(c, 0, -s), (-s * sp, -cp, -c * sp), (s * cp, -sp, c * cp)])

    def on_film(self, points: Array, t: float) -> Array:
        """World points (N, 3) -> x, y in pixels from the picture's corner and depth in metres, (N, 3)."""
        q = self.nodded((points - (0, self.height, 0)) @ self.axes(self.yaw(t)).T, t)
        width, height = self.size
        scale = self.focal * width / np.maximum(q[:, 2], NEAREST)
        return np.column_stack([q[:, 0] * scale + width / 2, q[:, 1] * scale + height / 2, q[:, 2]])

    def project(self, points: Array, t: float) -> Array:
        """World points (N, 3) -> x, y in frame pixels and depth in metres, (N, 3)."""
        return self.on_film(points, t) - (0.5, 0.5, 0)


def eased(keys: tuple[tuple[float, float], ...], t: float) -> float:
    """Keys (time, degrees) at time t, in radians."""
    k = np.asarray(keys, float)
    i = int(np.clip(np.searchsorted(k[:, 0], t) - 1, 0, max(len(k) - 2, 0)))
    j = min(i + 1, len(k) - 1)
    u = np.clip((t - k[i, 0]) / max(k[j, 0] - k[i, 0], 1e-9), 0, 1)
    return float(np.radians(k[i, 1] + (k[j, 1] - k[i, 1]) * u * u * (3 - 2 * u)))
