"""The stack's secrets: created at the first start, in a file that only its owner can read."""

import json
import os
import secrets
from pathlib import Path


def load(path: Path) -> dict[str, str]:
    """Return the secrets as environment variables; create them if there are none yet."""
    if not path.exists():
        write_private(path, json.dumps(_make(), indent=1))
    return {str(name): str(value) for name, value in json.loads(path.read_text()).items()}


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600, atomically."""
    scratch = path.with_name(f"{path.name}.new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    scratch.replace(path)


def _make() -> dict[str, str]:
    """Create a token secret, and a sandbox account in the providers' formats."""
    return {
        "PARLEY_TOKEN_SECRET": secrets.token_urlsafe(48),
        "SENDGRID_API_KEY": f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}",
        "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        # 555-0100 to 555-0199 are reserved for fiction.
        "TWILIO_FROM_NUMBER": "+13035550100",
    }
