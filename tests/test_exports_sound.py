"""A part of a video has the sound that was heard while its pictures were seen."""

from __future__ import annotations

import threading
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import clips
import pytest
from figures import nobody
from test_mp4 import frames, sound

from app.exports import export
from app.sources.video import open_video
from app.store.about import Recipe, fingerprint
from app.store.session import open_session_file
from app.store.writer import Writer
from app.types import Result, Timings
from engine.skeleton import KEYPOINTS

FRAMES, LATE_S = 200, 11


@pytest.fixture(scope="module", params=[0, LATE_S])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """Twelve seconds with a sound, from 0 or from later on; their session; and when they begin."""
    folder, late = tmp_path_factory.mktemp("film"), int(request.param)
    video, session = folder / "walk.mp4", folder / "walk.kinetrail"
    clips.write(
        video, map(clips.picture, range(FRAMES)), [3600 * n for n in range(FRAMES)], audio_s=FRAMES / 25
    )
    if late:
        video = later(video, late)
    recipe = Recipe("walk", str(video), fingerprint(video), KEYPOINTS, {"keypoint_threshold": 0.3})
    with (
        closing(open_video(video, stem="walk", threads=1)) as source,
        closing(Writer(session, source.info, recipe)) as sink,
    ):
        for frame in source.frames(threading.Event()):
            sink.write(Result(frame, nobody(), Timings(0, 0, 0, 0)))
    return video, session, late


def later(video: Path, seconds: int) -> Path:
    """The same, all of it so much later on the clock."""
    moved = video.with_suffix(".mkv")
    with av.open(str(video)) as source, av.open(str(moved), "w") as copy:
        streams = {each.index: copy.add_stream_from_template(each) for each in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.pts += round(seconds / packet.time_base)
                packet.dts += round(seconds / packet.time_base)
                packet.stream = streams[packet.stream.index]
                copy.mux(packet)
    return moved


@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 2.0), (3.0, 5.0), (6.52, 8.0)])
def test_a_part_begins_at_zero_with_its_own_sound(
    film: tuple[Path, Path, int], tmp_path: Path, start_s: float, end_s: float
) -> None:
    video, session, late = film
    out = tmp_path / "part.mp4"
    with closing(open_session_file(session)) as there:
        export(there, "mp4", out, start_s=late + start_s, end_s=late + end_s)
    pictures = frames(out)
    first, last = round(25 * start_s), min(round(25 * end_s), FRAMES - 1)
    assert [clips.number(image) for _, image in pictures] == list(range(first, last + 1))
    assert [time for time, _ in pictures] == [Fraction(n, 25) for n in range(last + 1 - first)]
    begin, end = Fraction(first, 25) + late, Fraction(last + 1, 25) + late
    heard = [each for each in sound(video) if each[0] + each[2] > begin and each[0] < end]
    assert len(heard) > 40
    told = sound(out)
    assert [each[3] for each in told] == [each[3] for each in heard]
    off = [abs(mine[0] + begin - theirs[0]) for mine, theirs in zip(told, heard, strict=True)]
    assert max(off) < Fraction(1, 1000), "no one hears a millisecond"
