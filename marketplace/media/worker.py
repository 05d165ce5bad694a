"""One worker: `python -m marketplace.media.worker`.

It reads jobs from its standard input, a line of JSON each (`folder`, `media_type`), and answers each
with a line: what the file is, or why it is refused (and `is_last` if the worker ends with it). A file
that needs more than its bounds ends it.
"""

import json
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from marketplace.domain.attachments import MAX_BYTES
from marketplace.media.refusals import DAMAGED, FileRefusedError

# An image of 50 megapixels needs some 500 MB, libraries included; as WebP, a gigabyte.
MEMORY_BYTES = 768 * 1024 * 1024
# The largest photo takes 3 s.
CPU_S = 8
# The parent ends a slow worker earlier; this is for a worker whose parent has died.
ALARM_S = 20
_TOO_LARGE = "The file needs too much memory. Send a smaller one."


def main() -> None:
    """Serve jobs until standard input ends."""
    _bound()
    for line in sys.stdin.buffer:
        signal.alarm(ALARM_S)
        _allow_cpu()
        answer = _answer(**json.loads(line))
        signal.alarm(0)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()
        if "is_last" in answer:
            return


def _bound() -> None:
    """Bound what any file can make this process use."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MAX_BYTES, 4 * MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _allow_cpu() -> None:
    """Bound the CPU time of the next file: beyond it the kernel ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def _answer(folder: str, media_type: str) -> dict[str, Any]:
    try:
        return _prepare(Path(folder), media_type)
    except FileRefusedError as error:
        return {"refused": str(error)}
    except MemoryError:
        # A heap that was full once is not used again.
        return {"refused": _TOO_LARGE, "is_last": True}
    except Exception as error:  # whatever a decoder raises is the file's fault
        # Its text may quote the file, which no log may contain.
        return {"refused": DAMAGED, "why": type(error).__name__}


def _prepare(folder: Path, media_type: str) -> dict[str, Any]:
    """Import what the file needs when it is first needed: each library takes 0.1 s and more."""
    source, content = folder / "source", folder / "content"
    if media_type.startswith("image/"):
        from marketplace.media import images  # noqa: PLC0415

        return images.prepare(source, content, folder / "thumbnail", media_type)
    if media_type.startswith("audio/"):
        from marketplace.media import audio  # noqa: PLC0415

        return audio.prepare(source, content, media_type)
    from marketplace.media import pdf  # noqa: PLC0415

    return pdf.prepare(source, content)


if __name__ == "__main__":
    main()
