"""How pictures are encoded: those that can be seen through, and others."""

from __future__ import annotations

from dataclasses import dataclass

PRESET, QUALITY = "superfast", "21"  #: x264's preset and constant rate factor
UNIT = 118  #: FFmpeg's, of how coarse a picture is


@dataclass(frozen=True, slots=True)
class Coding:
    """How pictures are written."""

    container: str
    codec: str
    pixels: str  #: as FFmpeg calls their layout
    taken: str  #: and that of those that are painted
    tag: str  #: that tells players what it is, "" for that of the codec
    options: dict[str, str]


def usual() -> Coding:
    """H.264 with key pictures at most every 600; `Mp4` asks for them more often. No B-frames.

    With those, frames would be decoded in another order than shown, and what is stored for how long each
    lasts would belong to a frame two before it. After a pause FFmpeg then takes frames for being beyond the
    end of the edit list, and leaves them out.
    """
    options = {"preset": PRESET, "crf": QUALITY, "g": "600", "bf": "0"}
    return Coding("mp4", "libx264", "yuv420p", "bgr24", "", options)


def transparent() -> Coding:
    """ProRes 4444, which every program that cuts films reads; each of its pictures is a key picture.

    All are quantised alike: to look for the best for each takes seven times as long and nobody sees it.
    """
    options = {"profile": "4444", "vendor": "apl0", "alpha_bits": "8"}
    options |= {"flags": "+qscale", "global_quality": str(2 * UNIT)}
    return Coding("mov", "prores_ks", "yuva444p10le", "bgra", "ap4h", options)
