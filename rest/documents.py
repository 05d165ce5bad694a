"""`python -m rest.documents FOLDER` writes openapi.json and asyncapi.json for those who check them."""

import sys
from pathlib import Path

from rest import asyncapi, openapi
from rest.app import OPERATIONS

# Only `servers` would differ at another address.
_PUBLIC_URL = "https://parley.example"


def main(folder: Path) -> None:
    """Write both documents."""
    folder.mkdir(parents=True, exist_ok=True)
    rest = openapi.document(OPERATIONS, _PUBLIC_URL)
    (folder / "openapi.json").write_bytes(openapi.to_json(rest))
    (folder / "asyncapi.json").write_bytes(openapi.to_json(asyncapi.document(_PUBLIC_URL)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
