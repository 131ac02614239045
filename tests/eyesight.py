"""How colours look: contrast as WCAG 2 computes it, and how far apart they are to people without a cone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from test_draw import DEUTAN, PROTAN, oklab


def linear(colour: str) -> NDArray[np.float64]:
    """#rrggbb as linear sRGB."""
    srgb = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    dark, light = sorted(float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, other))
    return (light + 0.05) / (dark + 0.05)


def apart(one: str, other: str) -> float:
    """Distance in OKLab, to whoever of normal sight, protanopes and deuteranopes sees least of it."""
    seen = [
        [oklab(np.clip(linear(each) @ np.array(eye).T, 0, 1)) for each in (one, other)]
        for eye in (np.eye(3), PROTAN, DEUTAN)
    ]
    return min(float(np.linalg.norm(a - b)) for a, b in seen)
