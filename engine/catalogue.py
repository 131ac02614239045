"""Networks that others have published, and what is known about their files.

Nothing here is a guess. A size or digits of a sha256 that nobody has published are left out, and the program
says so; where each figure comes from stands in docs/models.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["pose", "detector"]
Size = tuple[int, int]  #: height, width

_MMPOSE = "https://download.openmmlab.com/mmpose/top_down"
_RTMDET = "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/onnx_sdk"
_DRIVE = "https://drive.usercontent.google.com/download?export=download&confirm=t&id="


@dataclass(frozen=True, slots=True)
class Published:
    """One file. A checkpoint has to be turned into ONNX before it can run; ONNX may come in a zip."""

    name: str
    kind: Kind
    about: str  #: the network, for people
    arch: str  #: its name in `engine.training.zoo`; empty: it is no checkpoint, but ONNX
    input_size: Size
    address: str
    page: str  #: where people find it
    licence: str  #: SPDX
    sha256: str  #: of the checkpoint or the ONNX; all 64 digits, or the first ones if only they are known
    size: int = 0  #: of the same, in bytes; 0: not published
    ap: float = 0.0  #: on COCO val2017 as published, in percent; 0: not published
    data: str = "COCO train2017"  #: what it was trained on

    @property
    def file(self) -> str:
        """Its name in the folder of models."""
        return self.name + (".pth" if self.arch else ".onnx")

    @property
    def onnx(self) -> str:
        """The name there of what can run."""
        return self.name + ".onnx"


def _official(width: int, size: Size, drive: str, sha256: str, length: int, ap: float) -> Published:
    return Published(
        name=f"hrnet_w{width}_{size[0]}x{size[1]}",
        kind="pose",
        about=f"HRNet-W{width}, by its authors",
        arch=f"hrnet_w{width}",
        input_size=size,
        address=_DRIVE + drive,
        page="https://github.com/leoxiaobin/deep-high-resolution-net.pytorch",
        licence="MIT",
        sha256=sha256,
        size=length,
        ap=ap,
    )


def _mmpose(
    about: str, arch: str, size: Size, file: str, ap: float, sha256: str = "", length: int = 0
) -> Published:
    """MMPose puts the first eight digits of a file's sha256 into its name (tools/misc/publish_model.py)."""
    return Published(
        name=f"mmpose_{arch}_{size[0]}x{size[1]}",
        kind="pose",
        about=f"{about}, by MMPose",
        arch=arch,
        input_size=size,
        address=f"{_MMPOSE}/{'hrnet' if 'hrnet' in arch else 'resnet'}/{file}",
        page="https://github.com/open-mmlab/mmpose",
        licence="Apache-2.0",
        sha256=sha256 or file.rsplit("-", 1)[1][:8],
        size=length,
        ap=ap,
    )


def _rtmdet(letter: str, side: int, file: str, sha256: str) -> Published:
    return Published(
        name=f"rtmdet_{letter}_person",
        kind="detector",
        about=f"RTMDet-{letter}, people only, by MMPose",
        arch="",
        input_size=(side, side),
        address=f"{_RTMDET}/{file}",
        page="https://github.com/open-mmlab/mmpose/tree/main/projects/rtmpose",
        licence="Apache-2.0",
        sha256=sha256,
        data="COCO and Objects365",
    )


_ALL = (
    _official(
        32,
        (256, 192),
        "1zYC7go9EV0XaSlSBjMaiyE_4TcHc_S38",
        "19bc083708bb8d873211e50d85d56344c10290c6e8b564c813fdde09645c4c1c",
        114_721_619,
        74.4,
    ),
    _official(
        48,
        (384, 288),
        "1UoJhTtjHNByZSm96W3yFTfU5upJnsKiS",
        "95e0fec3194826d5e3f806ea89be68bbb84517b114c3a32b3058c56610b5ef61",
        255_061_287,
        76.3,
    ),
    _mmpose("HRNet-W32", "hrnet_w32", (256, 192), "hrnet_w32_coco_256x192-c78dce93_20200708.pth", 74.6),
    _mmpose("HRNet-W32", "hrnet_w32", (384, 288), "hrnet_w32_coco_384x288-d9f0d786_20200708.pth", 76.0),
    _mmpose(
        "HRNet-W48",
        "hrnet_w48",
        (256, 192),
        "hrnet_w48_coco_256x192-b9e0b3ab_20200708.pth",
        75.6,
        "b9e0b3ab0439cb68e166c7543e59d2587cd8d7e9acf5ea62a8378eeb82fb50e5",
        255_011_654,
    ),
    _mmpose("HRNet-W48", "hrnet_w48", (384, 288), "hrnet_w48_coco_384x288-314c8528_20200708.pth", 76.7),
    _mmpose(
        "ResNet-50",
        "resnet50",
        (256, 192),
        "res50_coco_256x192-ec54d7f3_20200709.pth",
        71.8,
        "ec54d7f3a287169022530c15dc5b5e6d0224e3c7a3881c26231c63f63686c9b3",
    ),
    _mmpose(
        "ResNet-101",
        "resnet101",
        (256, 192),
        "res101_coco_256x192-6e6babf0_20200708.pth",
        72.6,
    ),
    _mmpose(
        "ResNet-152",
        "resnet152",
        (256, 192),
        "res152_coco_256x192-f6e307c2_20200709.pth",
        73.5,
    ),
    _mmpose(
        "ResNet-152",
        "resnet152",
        (384, 288),
        "res152_coco_384x288-3860d4c9_20200709.pth",
        75.0,
    ),
    _rtmdet(
        "nano",
        320,
        "rtmdet_nano_8xb32-100e_coco-obj365-person-05d8511e.zip",
        "8297e829ccc5590c8e2d32d5a211f322a0585fb7467eec85eb12c9525b0b95d6",
    ),
    _rtmdet(
        "m",
        640,
        "rtmdet_m_8xb32-100e_coco-obj365-person-235e8209.zip",
        "4f4d7e07350b1753299111d1ae500fd64447a5b0e38e4bacbefab6573c742d30",
    ),
)

CATALOGUE: dict[str, Published] = {each.name: each for each in _ALL}
