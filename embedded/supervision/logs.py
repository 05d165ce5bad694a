"""Log files of the child processes, bounded in size."""

import shutil
from pathlib import Path

LARGEST_BYTES = 50 * 1024 * 1024


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.stem}.1{path.suffix}")


def begin(path: Path) -> None:
    """Start an empty log at `path`; the previous one is kept beside it as `<name>.1.log`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.replace(_previous(path))
    path.touch(mode=0o600)


def bound(path: Path) -> None:
    """Move the content of a log aside once it has grown beyond `LARGEST_BYTES`.

    The children write in append mode, so they continue at the start of the truncated file.
    """
    if path.exists() and path.stat().st_size > LARGEST_BYTES:
        shutil.copyfile(path, _previous(path))
        with path.open("r+b") as log:
            log.truncate()


def tail(path: Path, lines: int = 5, width: int = 400) -> str:
    """Return the last `lines` lines, each truncated to `width` characters; empty without a log."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 16_384))
        text = log.read().decode("utf-8", "replace")
    return "\n".join(line[:width] for line in text.splitlines()[-lines:])
