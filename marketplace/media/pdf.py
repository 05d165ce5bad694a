"""PDFs: checked and kept as they are.

Nothing is taken out of a PDF: its metadata is part of a document that its author finished, and a
signature would break. A PDF is only ever offered for saving, never shown by a browser as a page.
"""

import shutil
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from marketplace.domain.attachments import MAX_PAGES
from marketplace.media.refusals import DAMAGED, FileRefusedError

# Readers look for the end here (ISO 32000-1, annex H.3.18).
_END_WITHIN_BYTES = 1_024


def prepare(source: Path, content: Path) -> dict[str, Any]:
    """Copy a PDF that can be opened and has not too many pages; returns what it is.

    Raises:
        FileRefusedError: it is damaged, protected by a password, or too long.
    """
    with source.open("rb") as file:
        file.seek(max(0, source.stat().st_size - _END_WITHIN_BYTES))
        if b"%%EOF" not in file.read():
            raise FileRefusedError(DAMAGED)
    try:
        reader = PdfReader(source, strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise FileRefusedError("The PDF is protected by a password.")
        pages = len(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileRefusedError(DAMAGED) from error
    if not 1 <= pages <= MAX_PAGES:
        raise FileRefusedError(f"A PDF may have 1 to {MAX_PAGES} pages.")
    shutil.copyfile(source, content)
    return {"media_type": "application/pdf"}
