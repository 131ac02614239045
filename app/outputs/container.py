"""What FFmpeg is told of the container, so that every frame keeps its time and a kill costs little."""

from __future__ import annotations

import math
from fractions import Fraction

from app.outputs.growing import HIDING
from app.outputs.sound import Sound
from app.types import SourceInfo

FINEST = Fraction(1, 1_000_000)  #: seconds, of the shortest tick; finer clocks are rounded to it
LONGEST_STEP = 2**30  #: ticks of the MP4 between frames; from 2**31 on FFmpeg refuses them
UNKNOWN_LENGTH = 50_000  #: frames for whose index there is room where nobody knows how many will come
LARGEST_ROOM = 16 << 20  #: bytes kept for the index, enough for some five hours; lengths are often guessed


def options(info: SourceInfo, sound: Sound) -> dict[str, str]:
    """Fragments that begin with a key picture, an index in front at the end, and times kept exactly.

    An edit list says when each stream begins, in ticks of the movie (ISO/IEC 14496-12, 8.6.6): the ticks of
    every stream have to be multiples of them, or the beginnings are rounded.
    """
    rates = [stream.codec_context.sample_rate for stream in sound.streams]
    own = max(info.time_base, FINEST).denominator
    ticks = math.lcm(own, *rates)
    return {
        "movflags": "hybrid_fragmented+frag_keyframe+delay_moov+default_base_moof",
        "movie_timescale": str(ticks if ticks < 2**31 else own),
        "moov_size": str(_index_room(info, sound)),
        "max_interleave_delta": "1000000",  # microseconds; packets come in order here and need not wait
    }


def longest_step(tick: Fraction) -> int:
    """The most ticks between two frames. The MP4 counts in finer ones: FFmpeg wants 10 000 a second."""
    scale = tick.denominator
    while scale < 10_000:
        scale *= 2
    return max(1, math.floor(LONGEST_STEP / (tick * scale)))


def _index_room(info: SourceInfo, sound: Sound) -> int:
    """Bytes to keep free for the index: a little more than it is going to take.

    For a frame it holds 8 bytes for duration and 4 for size, and so for a packet of sound; and some more for
    each key frame and fragment. Longer recordings than were expected get their index at the end.
    """
    frames = info.frames or UNKNOWN_LENGTH
    packets = sum(max(stream.frames, math.ceil(100 * frames / info.rate)) for stream in sound.streams)
    setup = sum(4096 + len(stream.codec_context.extradata or b"") for stream in sound.streams)
    return min(8192 + HIDING + setup + 24 * frames + 16 * packets, LARGEST_ROOM)
