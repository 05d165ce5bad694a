"""Voice messages: copied packet by packet into a new container, without metadata and pictures."""

from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from marketplace.media.refusals import DAMAGED, FileRefusedError

# Media type ─▶ the only demuxer that may read it, and the muxer. A named demuxer follows no
# playlist and opens no other file.
_CONTAINERS = {
    "audio/mp4": ("mp4", "ipod"),
    "audio/ogg": ("ogg", "ogg"),
    "audio/webm": ("matroska", "webm"),
    "audio/mpeg": ("mp3", "mp3"),
    "audio/wav": ("wav", "wav"),
}
# No name or version of the program that wrote it.
_EXACT = {"fflags": "+bitexact"}


def prepare(source: Path, content: Path, media_type: str) -> dict[str, Any]:
    """Write the first audio stream of the file; returns what it is.

    Raises:
        FileRefusedError: it is damaged, has no sound, or is a video.
    """
    demuxer, muxer = _CONTAINERS[media_type]
    try:
        with av.open(str(source), format=demuxer, metadata_errors="ignore") as opened:
            duration_ms = _copy(opened, content, muxer)
    except (av.FFmpegError, ValueError) as error:
        raise FileRefusedError(DAMAGED) from error
    return {"media_type": media_type, "duration_ms": duration_ms}


def _copy(opened: Any, content: Path, muxer: str) -> int:
    if any(not stream.disposition & Disposition.attached_pic for stream in opened.streams.video):
        raise FileRefusedError("Videos are not accepted.")
    if not opened.streams.audio:
        raise FileRefusedError("The file has no sound.")
    audio = opened.streams.audio[0]
    first = last = None
    with av.open(str(content), "w", format=muxer, container_options=_EXACT) as written:
        copy = written.add_stream_from_template(audio)
        for packet in opened.demux(audio):
            if packet.dts is None or not packet.size:  # the end
                continue
            first = packet.dts if first is None else first
            last = packet.dts + (packet.duration or 0)
            packet.stream = copy
            written.mux(packet)
    if first is None or last is None:
        raise FileRefusedError(DAMAGED)
    return int((last - first) * audio.time_base * 1_000)
