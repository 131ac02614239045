"""Options come from flags and from a TOML file; a mistake is named with its remedy."""

from __future__ import annotations

import dataclasses

import pytest

from app.cli import _parser, _settings
from app.settings import Settings, read_toml
from engine.errors import UserError


def chosen(*flags):
    return _settings(_parser().parse_args(["run", "a.mp4", *flags]))


def test_every_option_can_stand_in_the_file(tmp_path):
    config = tmp_path / "options.toml"
    config.write_text(
        'output = "out"\npose = "p.onnx"\ndetector = "d.onnx"\ndevice = "cuda:1"\ndecode = "dark"\n'
        "trust-engine = true\ncuda-graphs = true\nflip = true\n"
        "keypoint-threshold = 0.5\ndetection_threshold = 1\nmax-people = 3\n"
        'detect-every = 3\nfollow = "10,20@1.5"\nremember = 60\nsmooth = "off"\n'
        "no-video = true\nno-csv = true\nno-session = true\noverwrite = true\nquiet = true\n"
    )
    found = chosen("--config", str(config))
    assert found == Settings(
        "out",
        "p.onnx",
        "d.onnx",
        "cuda:1",
        True,
        True,
        "dark",
        True,
        0.5,
        1.0,
        3,
        "3",
        "10,20@1.5",
        60.0,
        "off",
        True,
        True,
        True,
        True,
        True,
    )
    fields = [field.name for field in dataclasses.fields(Settings)]
    assert all(getattr(found, name) != getattr(Settings(), name) for name in fields)


def test_flags_win_over_the_file(tmp_path):
    config = tmp_path / "options.toml"
    config.write_text("max-people = 3\nkeypoint-threshold = 0.5\n")
    found = chosen("--config", str(config), "--max-people", "1")
    assert (found.max_people, found.keypoint_threshold) == (1, 0.5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("max-peple = 3", "unknown option max-peple; did you mean max-people?"),
        ("xyz = 3", "unknown option xyz; known are cuda-graphs, decode, detect-every, detection-threshold"),
        ('max-people = "3"', "max-people must be a whole number, not '3'"),
        ("max-people = 0", "max-people must be at least 1, not 0"),
        ("max-people = true", "max-people must be a whole number, not True"),
        ("keypoint-threshold = 1.5", "keypoint-threshold must be from 0 to 1, not 1.5"),
        ("keypoint-threshold = nan", "keypoint-threshold must be from 0 to 1, not nan"),
        ("detect-every = 0", "detect-every must be auto or a whole number from 1 to 1000, not '0'"),
        ('detect-every = "often"', "detect-every must be auto or a whole number"),
        ("detect-every = 2.5", "detect-every must be a text, not 2.5"),
        ('smooth = "lag:-1s"', "smooth must be live, one-euro, lag:0.3s (any seconds up to 2), full or off"),
        ('smooth = "lag:nan"', "smooth must be live, one-euro, lag:0.3s"),
        ('follow = "1,2"', "follow must be the number of a person (3), or a place and a time (640,360@2.5"),
        ('follow = "0"', "follow must be the number of a person"),
        ('follow = ""', "follow must be the number of a person"),
        ('smooth = ""', "smooth must be live, one-euro, lag:0.3s"),
        ("remember = -1", "remember must be from 0 to 3600, not -1"),
        ("remember = 3601", "remember must be from 0 to 3600, not 3601"),
        ("remember = nan", "remember must be from 0 to 3600, not nan"),
        ('remember = "20"', "remember must be a number, not '20'"),
        ('follow = "1,2@inf"', "follow must be the number of a person"),
        ("follow = -3", "follow must be the number of a person"),
        ('decode = "fast"', "decode must be one of quarter, dark, udp, argmax, not 'fast'"),
        ('device = "gpu"', "device must be auto, cpu, cuda or cuda:N, not 'gpu'"),
        ('device = "cuda:x"', "device must be auto, cpu, cuda or cuda:N, not 'cuda:x'"),
        ("flip = 1", "flip must be a true or false, not 1"),
        ("[run]\nflip = true", "unknown option run"),
        ("flip = ", "is no valid TOML"),
        ("keypoint-threshold = 1" + 400 * "0", "keypoint-threshold must be a number"),
        ("max-people = " + 5000 * "9", "is no valid TOML"),
        ("max-people = 99999999999", "max-people must be at least 1"),
        ("a = " + 5000 * "[", "is no valid TOML"),
        ('output = "a\\u0000b"', "output must be readable text"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path, line, message):
    config = tmp_path / "options.toml"
    config.write_text(line)
    with pytest.raises(UserError) as caught:
        read_toml(config)
    assert str(config) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_or_not_there_is_named(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is no valid TOML"):
        read_toml(tmp_path / "a.toml")
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read_toml(tmp_path / "b.toml")


@pytest.mark.parametrize(
    "flags",
    [
        ("--max-people", "0"),
        ("--keypoint-threshold", "2"),
        ("--device", "gpu"),
        ("--detect-every", "0"),
        ("--smooth", "lag:-1s"),
        ("--follow", "1,2"),
        ("--follow", ""),
        ("--remember", "inf"),
    ],
)
def test_flags_are_held_to_the_same_rules(flags):
    with pytest.raises(UserError, match=f"command line: {flags[0][2:]} must be"):
        chosen(*flags)
