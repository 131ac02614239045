"""When the pictures of a recording are shown, read from its container without decoding anything."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from app.sources.recording import GIVE_UP_AFTER, picture_stream

Ticks: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Stamps:
    """The coded pictures of a recording, in the order they are shown."""

    ticks: Ticks  #: (N,) in the stream's time base, strictly increasing where `ordered`
    keys: Ticks  #: (M,) of those where decoding can begin
    ordered: bool  #: each picture has its own stamp, and they grow: seeking by stamp finds what is meant
    promised: int  #: pictures that an index announces, 0 where there is none


def scan(open_container: Callable[[], InputContainer], stop: threading.Event) -> Stamps:
    """Read the stamps of every packet; damaged stretches are left out. Ends early when `stop` is set."""
    with open_container() as container:
        stream = picture_stream(container, threads=1)
        shown, decoded, keys = _packets(container, stream, stop)
        indexed = container.format.name.startswith("mov")
        promised = sum(not entry.is_discard for entry in stream.index_entries) if indexed else 0
        reordered = stream.codec_context.has_b_frames
    missing = None in shown
    # Without presentation times (AVI) those of decoding do, unless pictures are shown in another order.
    stamps = decoded if missing else shown
    known = [stamp for stamp in stamps if stamp is not None]
    ticks = np.sort(np.array(known, np.int64))
    coded = np.array([stamp for stamp in decoded if stamp is not None], np.int64)
    ordered = len(known) == len(shown) and bool((np.diff(ticks) > 0).all() and (np.diff(coded) >= 0).all())
    return Stamps(ticks, np.sort(np.array(keys, np.int64)), ordered and not (missing and reordered), promised)


def _packets(
    container: InputContainer, stream: av.VideoStream, stop: threading.Event
) -> tuple[list[int | None], list[int | None], list[int]]:
    """Presentation and decoding stamp of each picture that is shown, and the stamps of key pictures."""
    shown: list[int | None] = []
    decoded: list[int | None] = []
    keys: list[int] = []
    failures = 0
    while failures < GIVE_UP_AFTER:
        try:
            for packet in container.demux(stream):
                failures = 0
                if stop.is_set():
                    return shown, decoded, keys
                if packet.size and not packet.is_discard:
                    shown.append(packet.pts)
                    decoded.append(packet.dts)
                    stamp = packet.pts if packet.pts is not None else packet.dts
                    if packet.is_keyframe and stamp is not None:
                        keys.append(stamp)
            break
        except av.FFmpegError:
            failures += 1
    return shown, decoded, keys
