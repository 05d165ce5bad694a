"""`python -m rest.documents FOLDER` writes the documents that checks and generators use.

These are openapi.json, asyncapi.json, and the page's addresses as paths.json.
"""

import json
import sys
from pathlib import Path

from marketplace.links import Link
from rest.app import OPERATIONS
from rest.documents import asyncapi, openapi

# Another address would only change `servers`.
_PUBLIC_URL = "https://parley.example"


def main(folder: Path) -> None:
    """Write the three documents."""
    folder.mkdir(parents=True, exist_ok=True)
    rest = openapi.document(OPERATIONS, _PUBLIC_URL)
    (folder / "openapi.json").write_bytes(openapi.to_json(rest))
    (folder / "asyncapi.json").write_bytes(openapi.to_json(asyncapi.document(_PUBLIC_URL)))
    paths = {link.name.lower(): link.value for link in Link}
    (folder / "paths.json").write_text(json.dumps(paths), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
