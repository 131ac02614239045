"""What FFmpeg may open: containers that hold their pictures themselves, and nothing they only point to.

FFmpeg tells a container by its content, whatever its name. Among those it knows are playlists and manifests,
which make it read other files or call other machines: a text called `walk.mp4` could show a picture from
another folder, or tell its author who looks at it. So the containers are listed here, and the protocols.
"""

from __future__ import annotations

from pathlib import Path

import av
from av.container import InputContainer

#: Containers that cameras, phones and programs write; the text ones, in which FFmpeg would draw letters, and
#: those of games are not among them.
FILES = (
    "mov", "matroska", "avi", "mpegts", "mpegtsraw", "mpeg", "mpegvideo", "asf", "flv", "live_flv", "ogg",
    "mxf", "gxf", "lxf", "nut", "dv", "rm", "wtv", "ivf", "h264", "hevc", "vvc", "h263", "h261", "m4v", "av1",
    "obu", "vc1", "vc1test", "cavsvideo", "avs2", "avs3", "dirac", "mjpeg", "mjpeg_2000", "mpjpeg",
    "yuv4mpegpipe", "ser", "gif", "apng", "swf", "nsv", "nuv", "ipmovie", "pmp", "mods", "mlv", "r3d",
    "image2", "bmp_pipe", "dpx_pipe", "exr_pipe", "j2k_pipe", "jpeg_pipe", "jpegls_pipe", "jpegxl_anim",
    "jpegxl_pipe", "pam_pipe", "pbm_pipe", "pgm_pipe", "pgmyuv_pipe", "png_pipe", "ppm_pipe", "psd_pipe",
    "qoi_pipe", "sgi_pipe", "tiff_pipe", "webp_pipe",
    "aac", "ac3", "aiff", "au", "caf", "eac3", "flac", "mp3", "w64", "wav",  # to say that only sound is in it
)  # fmt: skip
#: What an address may lead to besides: those are made of pieces by design.
STREAMS = ("hls", "rtsp", "rtp", "sdp")
#: How the pieces may come: never from a file of this machine.
NETWORK = (
    "http", "https", "httpproxy", "tls", "tcp", "udp", "udplite", "rtp", "srtp", "rtsp", "rtsps",
    "rtmp", "rtmps", "rtmpt", "rtmpts", "rtmpe", "rtmpte", "ffrtmphttp", "ffrtmpcrypt", "crypto", "data",
)  # fmt: skip

IN_A_FILE = {
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(FILES),
    "pattern_type": "none",  # a file called "%d.ppm" is one file
}
ON_THE_NETWORK = {
    "protocol_whitelist": ",".join(NETWORK),
    "format_whitelist": ",".join((*FILES, *STREAMS)),
}


def open_file(path: str | Path) -> InputContainer:
    """The container in a file. av.FFmpegError where there is none; ArgumentError where it is not listed."""
    # "file:" because FFmpeg would take what stands before a colon in a file name for a protocol.
    return av.open(f"file:{path}", options=dict(IN_A_FILE), metadata_errors="replace")
