"""Where default networks come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UserError
from engine.models import default_model


@pytest.fixture
def nothing_of_our_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("engine.models.resources.files", lambda _: tmp_path / "assets")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.usefixtures("nothing_of_our_own")
def test_a_folder_of_models_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINETRAIL_MODELS", str(tmp_path))
    (tmp_path / "rtmdet_nano_person.onnx").write_bytes(b"x")
    (tmp_path / "simplepose_256x192.onnx").write_bytes(b"x")
    assert default_model("detector") == tmp_path / "rtmdet_nano_person.onnx"
    assert default_model("pose") == tmp_path / "simplepose_256x192.onnx"


@pytest.mark.usefixtures("nothing_of_our_own")
def test_what_comes_with_the_program_counts_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "assets" / "models"
    own.mkdir(parents=True)
    for folder in (own, tmp_path):
        (folder / "simplepose_256x192.onnx").write_bytes(b"x")
    monkeypatch.setenv("KINETRAIL_MODELS", str(tmp_path))
    assert default_model("pose").parent == own


@pytest.mark.usefixtures("nothing_of_our_own")
@pytest.mark.parametrize("folder", ["", "there/is/none"])
def test_without_any_the_user_is_told_what_to_pass(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    monkeypatch.setenv("KINETRAIL_MODELS", folder)
    for kind in ("pose", "detector"):
        with pytest.raises(UserError, match=r"--detector MODEL\.onnx --pose MODEL\.onnx"):
            default_model(kind)
