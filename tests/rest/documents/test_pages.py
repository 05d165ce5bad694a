"""The documentation pages of the REST interface and the socket."""

from html.parser import HTMLParser

import pytest

from rest.documents.pages import kind, prose
from tests.rest.people import Rest


class Links(HTMLParser):
    """Collects a page's link targets and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record links and ids."""
        for name, value in attrs:
            if name in {"href", "src"} and value is not None:
                self.targets.add(value)
            if name == "id" and value is not None:
                self.ids.add(value)


@pytest.mark.parametrize("path", ["/docs", "/docs/socket"])
async def test_a_page_needs_no_other_host(path: str, rest: Rest) -> None:
    """Links lead only to these pages and documents; there are no scripts and no other hosts."""
    response = await rest.client.get(path)
    links = Links()
    links.feed(response.text)

    inside = {target.removeprefix("#") for target in links.targets if target.startswith("#")}
    outside = {target for target in links.targets if not target.startswith("#")}
    assert outside == {"/docs", "/docs/socket", "/openapi.json", "/asyncapi.json"}
    assert inside <= links.ids
    assert "<script" not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


async def test_every_operation_and_schema_is_on_the_page(rest: Rest) -> None:
    """The page includes all of the document."""
    document = (await rest.client.get("/openapi.json")).json()
    links = Links()
    links.feed((await rest.client.get("/docs")).text)

    operations = {
        op["operationId"] for methods in document["paths"].values() for op in methods.values()
    }
    schemas = {f"schema-{name}" for name in document["components"]["schemas"]}
    assert operations | schemas <= links.ids


async def test_every_call_push_and_schema_is_on_the_page(rest: Rest) -> None:
    """The page includes all of the document."""
    document = (await rest.client.get("/asyncapi.json")).json()
    links = Links()
    links.feed((await rest.client.get("/docs/socket")).text)

    schemas = {f"schema-{name}" for name in document["components"]["schemas"]}
    assert document["operations"].keys() | schemas <= links.ids


def test_text_is_escaped() -> None:
    """Text of the document is never interpreted as markup."""
    assert prose("a <b> and `c<d`") == "<p>a &lt;b&gt; and <code>c&lt;d</code></p>"
    assert "&lt;i&gt;" in kind({"type": "string", "enum": ["<i>"]})
