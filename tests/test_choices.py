"""What there is to choose from, and what a choice costs, said without a window."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from fakes import info

from app.checks.nvidia import Gpu, Nvidia
from app.choices import devices, lag_s, networks
from app.job import Job
from app.settings import Settings


@pytest.mark.parametrize("rate", [25, 60])
@pytest.mark.parametrize("how", ["", "live", "one-euro", "lag:0.25s", "full", "off"])
def test_the_lag_is_the_one_that_a_run_tells(how: str, rate: int) -> None:
    source = replace(info(live=how != "full", frames=1000), rate=Fraction(rate), stills=False)
    told = Job(Settings(smooth=how)).lag_ms(source)
    assert 1e3 * lag_s(how, rate) == pytest.approx(told) or (told < 0 and lag_s(how, rate) < 0)


def test_published_networks_are_offered_once_they_can_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINETRAIL_MODELS", str(tmp_path))
    (tmp_path / "hrnet_w32_256x192.onnx").touch()
    (tmp_path / "mmpose_resnet50_256x192.pth").touch()
    (tmp_path / "rtmdet_m_person.onnx").touch()
    assert [each.value for each in networks("pose")] == ["", "hrnet_w32_256x192"]
    assert [each.value for each in networks("detector")] == ["", "rtmdet_m_person"]
    assert "AP 74.4" in networks("pose")[1].text


def test_every_gpu_that_was_found_is_a_device() -> None:
    here = Nvidia((Gpu("RTX 5000", 16384, 15000, "12.0"), Gpu("T4", 15360, 15000, "7.5")), "580", "13.0")
    assert [each.value for each in devices(here)] == ["auto", "cpu", "cuda:0", "cuda:1"]
    assert devices(here)[2].text == "cuda:0, RTX 5000, 16 GiB"
    assert [each.value for each in devices(Nvidia())] == ["auto", "cpu"]
