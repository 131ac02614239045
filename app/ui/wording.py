"""What errors say of flags, said of what can be done in the window instead."""

from __future__ import annotations

import re

from app.settings import OPTIONS

#: What an error says -> what it says here. The first that fits a place holds there.
INSTEAD = (
    (
        r"(?:pass --overwrite|--overwrite replaces it), -o writes to another \w+",
        "replace it, or choose another folder",
    ),
    (r"rename it to keep it, or pass --overwrite", "rename it to keep it, or replace it"),
    (r"choose another(?: \w+)? with -o", "choose another folder"),
    (r"pass one with --source", "open the video and export from there"),
    (r"say with --source where (?:it|that) is(?: now)?", "open the video where it is now"),
    (r"leave the video out with --no-video", "process a smaller copy of it"),
    (
        r"--no-video, --no-csv and --no-session together leave nothing to write; leave one of them out",
        "the settings leave nothing to write; set no-video, no-csv or no-session to false in window.ini",
    ),
    (
        r"smooth full needs the end of a recording, which a live source has not; use --smooth \S+, or live",
        "smoothing over the whole recording needs its end, which a camera has not; choose another in the"
        " settings",
    ),
    (r"; --smooth full reads a recording twice", "; smoothing over all of it reads a recording twice"),
    (r"which --smooth full writes at the end", "which are written at the end when all of it is smoothed"),
    (r", or with --jobs", ""),
    (r"use --device cpu", "choose the device cpu in the settings"),
    (
        r"build one with build_engine\.py, or pass --trust-engine",
        "build one under Tools, or trust engines from elsewhere in the settings",
    ),
    (r"pass --trust-engine", "trust engines from elsewhere in the settings"),
    (r"pass it as --pose", "choose it as the pose network in the settings"),
    (r"pass it as --detector", "choose it as the person detector in the settings"),
    (r"(?:or )?pass --(?:pose|detector) \S+", "or choose another network in the settings"),
    (
        r"run: kinetrail models download (\S+)(?: --onnx)?|to run it: kinetrail models download (\S+) --onnx",
        "fetch it under Tools, Networks",
    ),
    (r"see: kinetrail models list", "those there are stand under Tools, Networks"),
    (r"pass it with --from-file FILE", "choose From a file under Tools, Networks"),
    (r"to run it: --pose \S+", "choose it in the settings to run it"),
    (r"--([a-z-]+) does nothing for it", r"\1 does nothing for it"),
    (r"--follow [^:\s]+: ", ""),
)
_KNOWN = "|".join(sorted(map(re.escape, OPTIONS), key=len, reverse=True))
_RULES = [(re.compile(pattern), text) for pattern, text in INSTEAD]
_RULES.append((re.compile(rf"(?<![\w.-])--({_KNOWN})(?![\w.-])"), r"\1"))


def in_window(text: str) -> str:
    """The same for somebody who cannot pass flags."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text
