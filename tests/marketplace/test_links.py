"""The table of the page's URL paths."""

import re
from pathlib import Path

import pytest

from marketplace.links import Link
from notify.rules import Facts, intents
from tests.builders import a_match
from tests.notify.helpers import of_match

PATHS = Path(__file__).parents[2] / "web/src/app/paths.ts"


def test_the_page_has_the_same_table_of_addresses() -> None:
    """The table that `make contract` generated for the page is up to date."""
    rows = re.findall(r'^  (\w+): "(.*)",$', PATHS.read_text(encoding="utf-8"), re.MULTILINE)

    assert rows == [(link.name.lower(), link.value) for link in Link]


@pytest.mark.parametrize("id_", ["a/b", "ä b", "%zz", "?x#y"])
def test_an_id_stays_one_segment_of_the_path(id_: str) -> None:
    """No character in an id ends the path or starts another segment."""
    path = Link.RFI.path(id_)

    assert re.fullmatch(r"/rfis/[A-Za-z0-9%._~-]+", path)


def test_customer_and_vendor_share_an_rfis_address() -> None:
    """Both sides have the same path to an RFI: the page shows each its own view."""
    match = a_match()

    (intent,) = intents(of_match("match.offered", match), Facts())

    assert intent.path == f"/rfis/{match.rfi_id}"
