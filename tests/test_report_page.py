"""The page of a report: it shows what was found, needs nothing else, and no name has any power in it."""

from __future__ import annotations

import argparse
import base64
import json
import re
import threading
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from figures import standing
from report_sessions import opened, stored, tracks

from app.report import command
from app.report.findings import Findings
from app.report.measure import measure
from app.report.page import page
from app.report.thumbs import MOST, chosen, thumbnails
from app.store.session import Session, open_session_file
from engine.errors import UserError

HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(2)'> &\u202etxt.mp4"
VOID = {"meta", "img", "br"}


class Read(HTMLParser):
    """What is in a page, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def people(number: int, spiked: int) -> dict[int, np.ndarray]:
    """Two who stand; in one frame an elbow of the first is far away."""
    both = {1: standing(40 + 0.2 * number, 30, 60, 180), 2: standing(180, 30, 60, 180)}
    if number == spiked:
        both[1][7] += (130, 0)
    return both


def film(path: Path, frames: int = 60) -> Path:
    """A video whose grey tells the number of each picture."""
    with av.open(str(path), "w") as box:
        stream = box.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 240, "yuv420p", 12
        for number in range(frames):
            grey = np.full((240, 320, 3), 2 * number + 60, np.uint8)
            box.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="bgr24")))
        box.mux(stream.encode())
    return path


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Of the film, with one spike, in frame 37, that smoothing kept."""
    source = film(tmp_path / "film.mp4")
    frames = [(n, n / 25, tracks(people(n, 37))) for n in range(60)]
    return stored(tmp_path / "film.kinetrail", frames, source=source, name="film.mp4", size=(320, 240))


def found(session: Session) -> Findings:
    return measure(session, threading.Event())


def call(*said: str) -> bool:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(list(said)), threading.Event())


def test_hostile_names_are_only_text(tmp_path: Path):
    frames = [(n, n / 25, tracks(people(n, 30))) for n in range(50)]
    with closing(opened(tmp_path / "a.kinetrail", frames, name=HOSTILE)) as session:
        session.rename(1, "</title><svg onload=alert(3)>" + HOSTILE.replace("\u202e", ""))
        written = page(found(session), session.times(), {}, "")
    read = Read(written)
    assert read.open == []
    assert not {tag for tag, _ in read.tags} & {"script", "iframe", "object", "link", "img", "form", "base"}
    for _, attributes in read.tags:
        assert not [name for name in attributes if name.startswith("on")]
    assert "\u202e" not in written
    assert "<script>alert(1)</script>" in read.text  # as words
    assert "onload=alert(3)" in read.text


def test_page_and_json_tell_how_late_a_live_session_was(tmp_path: Path):
    frames = [(n, n / 25, tracks(people(n, 99))) for n in range(50)]
    late = dict.fromkeys(range(50), 0.0625) | {20: 12.5, 7: 0.25, 8: 0.25, 9: 0.25}
    known = stored(tmp_path / "known.kinetrail", frames, live=True, late=late)
    assert call(str(known), "--json", "-o", str(tmp_path / "known.json"))
    told = json.loads((tmp_path / "known.json").read_text())["frames"]["latency_ms"]
    assert told == {"median": 62.5, "p95": 250.0, "worst": 12500.0, "worst_at_s": 0.8, "known": 1.0}
    with closing(open_session_file(known)) as session:
        read = Read(page(found(session), session.times(), {}, ""))
    assert "Latency: median 62 ms, 95 % up to 250 ms, worst 12.5 s at 0:00.8." in read.text
    high = [
        float(each["height"] or 0)
        for tag, each in read.tags
        if tag == "rect" and each.get("class") == "worst"
    ]
    assert sorted(high)[-5:] == pytest.approx([0.18, 0.72, 0.72, 0.72, 36.0])


def test_a_live_session_of_which_nobody_knows_how_late_it_was_says_so(tmp_path: Path):
    frames = [(n, n / 25, tracks(people(n, 99))) for n in range(50)]
    with closing(opened(tmp_path / "old.kinetrail", frames, live=True)) as session:
        read = Read(page(found(session), session.times(), {}, ""))
    assert "Latency not known: recorded by an older Kinetrail" in read.text
    assert not [each for tag, each in read.tags if tag == "svg" and each.get("class") == "lag"]


def test_the_page_fetches_nothing(session: Path):
    call(str(session))
    written = session.with_name("film.report.html").read_text()
    read = Read(written)
    assert read.open == []
    for _, attributes in read.tags:
        for name in ("src", "href", "data", "action", "srcset", "poster"):
            assert (attributes.get(name) or "data:").startswith("data:")
    style = written[written.index("<style>") : written.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    policy = next(a["content"] for tag, a in read.tags if tag == "meta" and "http-equiv" in a)
    assert (policy or "").startswith("default-src 'none'")
    assert "prefers-color-scheme:dark" in style
    assert "@media print" in style


def test_the_page_says_at_its_top_what_not_to_trust(session: Path):
    call(str(session))
    text = Read(session.with_name("film.report.html").read_text()).text
    assert text.index("Do not trust 0.2 s of 2.4 s") < text.index("Time") < text.index("People")
    assert "0:01.38 to 0:01.58" in text  # a tenth of a second around frame 37
    assert "left elbow of 1 off for a moment" in text
    for model in ("ab" * 32, "cd" * 32):
        assert model in text
    assert "keypoint_threshold" in text


def test_the_picture_is_of_the_very_frame(session: Path):
    with closing(open_session_file(session)) as opened_file:
        findings = found(opened_file)
        video = str(session.with_name("film.mp4"))
        made = thumbnails(opened_file, findings.suspicions, video, threading.Event())
    assert list(made) == [0]
    head, coded = made[0].split(",")
    assert head == "data:image/jpeg;base64"
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(coded), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[0] <= 220
    assert picture.shape[1] <= 320
    with av.open(video) as box:
        greys = [np.median(shot.to_ndarray(format="bgr24")[..., 1]) for shot in box.decode(video=0)]
    assert int(np.argmin(np.abs(np.array(greys) - np.median(picture[..., 1])))) == 37
    assert picture.std() > 5  # there is a skeleton on it


def test_pictures_are_few_and_worst_first(tmp_path: Path):
    frames = [(n, n / 25, tracks(people(n, n if n % 4 == 2 else -1))) for n in range(600)]
    with closing(opened(tmp_path / "a.kinetrail", frames)) as session:
        suspicions = found(session).suspicions
    numbers = chosen(suspicions)
    assert 0 < len(numbers) <= MOST
    assert numbers == sorted(numbers)
    assert numbers[0] == 0


def test_a_missing_video_costs_only_the_pictures(session: Path):
    session.with_name("film.mp4").unlink()
    call(str(session))
    written = session.with_name("film.report.html").read_text()
    assert "<img" not in written
    assert "The video is not where it was" in written
    assert "left elbow of 1" in written


def test_another_video_is_not_shown(session: Path, tmp_path: Path):
    other = film(tmp_path / "other.mp4", 30)
    with pytest.raises(UserError, match="is not the video that was measured"):
        call(str(session), "--source", str(other))
    other.replace(session.with_name("film.mp4"))
    call(str(session))
    assert "Another video is where it was" in session.with_name("film.report.html").read_text()


def test_a_report_is_never_overwritten_unasked(session: Path, capsys: pytest.CaptureFixture[str]):
    out = session.with_name("film.report.html")
    assert call(str(session))
    assert "film.report.html" in capsys.readouterr().out
    out.write_text("mine")
    with pytest.raises(UserError, match="--overwrite"):
        call(str(session))
    assert out.read_text() == "mine"
    assert call(str(session), "--overwrite", "--quiet")
    assert out.read_text().startswith("<!DOCTYPE html>")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["film.kinetrail", "film.mp4"])
def test_what_it_is_made_of_is_never_overwritten(session: Path, name: str):
    before = session.with_name(name).read_bytes()
    with pytest.raises(UserError, match="is what the report is made of"):
        call(str(session), "-o", str(session.with_name(name)), "--overwrite")
    assert session.with_name(name).read_bytes() == before


def test_json_has_the_same_numbers_and_writes_no_page(session: Path, capsys: pytest.CaptureFixture[str]):
    call(str(session), "--json")
    told = json.loads(capsys.readouterr().out)
    assert not session.with_name("film.report.html").exists()
    with closing(open_session_file(session)) as opened_file:
        findings = found(opened_file)
    assert told["schema"] == 1
    assert told["counts"] == {"exchange": 0, "handover": 0, "jump": 0, "swap": 0, "spike": 1}
    (spike,) = told["suspicions"]
    assert (spike["joints"], spike["people"], spike["mended"]) == (["left_elbow"], [1], False)
    assert spike["start_s"] == pytest.approx(37 / 25)
    assert [person["id"] for person in told["people"]] == [person.id for person in findings.people]
    elbow = told["people"][0]["joints"]["left_elbow"]
    assert elbow["jitter"]["raw"] == pytest.approx(findings.people[0].joints[7].raw, abs=1e-6)
    assert [model["sha256"] for model in told["models"]] == ["ab" * 32, "cd" * 32]
    assert told["trust"]["do_not_trust_s"] == pytest.approx(0.2, abs=0.01)
    call(str(session), "--json", "-o", str(session.with_name("numbers.json")), "--quiet")
    assert json.loads(session.with_name("numbers.json").read_text()) == told


def test_a_stop_writes_nothing(session: Path):
    parser, stop = argparse.ArgumentParser(), threading.Event()
    command.add_arguments(parser)
    stop.set()
    assert not command.run(parser.parse_args([str(session)]), stop)
    assert [path.name for path in session.parent.glob("*report*")] == []


def test_a_session_of_nobody_makes_a_page(tmp_path: Path):
    with closing(opened(tmp_path / "a.kinetrail", [(n, n / 25, tracks({})) for n in range(5)])) as session:
        text = Read(page(found(session), session.times(), {}, "")).text
    assert "There is nobody in it." in text
    assert not re.search(r"\bnan\b|\binf\b", text)


@pytest.mark.parametrize("apart", [1e-9, 0.5, 1e6, 1e12])
def test_odd_times_and_odd_settings_make_a_page_too(tmp_path: Path, apart: float):
    frames = [(n, n * apart, tracks(people(n, 5))) for n in range(20)]
    odd = {"keypoint_threshold": "<b>none</b>"}
    with closing(opened(tmp_path / "a.kinetrail", frames, settings=odd)) as session:
        written = page(found(session), session.times(), {}, "")
    assert Read(written).open == []
    assert len(written) < 300_000
