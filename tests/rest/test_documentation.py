"""The page about the REST interface."""

from html.parser import HTMLParser

from rest.documentation import kind, prose
from tests.rest.people import Rest


class Links(HTMLParser):
    """Collects what a page leads to, and what it can be led to."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note links and ids."""
        for name, value in attrs:
            if name in {"href", "src"} and value is not None:
                self.targets.add(value)
            if name == "id" and value is not None:
                self.ids.add(value)


async def test_the_page_needs_nothing_from_elsewhere(rest: Rest) -> None:
    """Every link leads to the page itself or to the document; no script, no foreign host."""
    response = await rest.client.get("/docs")
    links = Links()
    links.feed(response.text)

    inside = {each.removeprefix("#") for each in links.targets if each.startswith("#")}
    assert {each for each in links.targets if not each.startswith("#")} == {"/openapi.json"}
    assert inside <= links.ids
    assert "<script" not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


async def test_every_operation_and_schema_is_on_it(rest: Rest) -> None:
    """Nothing of the document is left out."""
    document = (await rest.client.get("/openapi.json")).json()
    links = Links()
    links.feed((await rest.client.get("/docs")).text)

    operations = {op["operationId"] for each in document["paths"].values() for op in each.values()}
    schemas = {f"schema-{name}" for name in document["components"]["schemas"]}
    assert operations | schemas <= links.ids


def test_text_is_escaped() -> None:
    """What stands in the document is text, never markup."""
    assert prose("a <b> and `c<d`") == "<p>a &lt;b&gt; and <code>c&lt;d</code></p>"
    assert "&lt;i&gt;" in kind({"type": "string", "enum": ["<i>"]})
