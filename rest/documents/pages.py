"""/docs and /docs/socket: the documents as self-contained HTML pages."""

import json
import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape


def rest_page(document: dict[str, Any]) -> bytes:
    """The page of an OpenAPI document, in UTF-8."""
    return _rendered("rest.html", document, tags=_by_tag(document))


def socket_page(document: dict[str, Any]) -> bytes:
    """The page of the socket's AsyncAPI document, in UTF-8."""
    operations = document["operations"]
    return _rendered(
        "socket.html",
        document,
        calls={name: call for name, call in operations.items() if "reply" in call},
        pushes={name: push for name, push in operations.items() if "reply" not in push},
        messages=document["components"]["messages"],
        handshake=document["channels"]["socket"]["x-handshake"],
    )


def _rendered(template: str, document: dict[str, Any], **more: Any) -> bytes:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = prose
    environment.filters["kind"] = kind
    environment.filters["resolved"] = lambda value: _resolved(document, value)
    rendered = environment.get_template(template).render(
        document=document, schemas=document["components"]["schemas"], **more
    )
    return rendered.encode()


def prose(text: str) -> Markup:
    """Text as HTML paragraphs; backticks become code, double asterisks become strong."""
    paragraphs = []
    for paragraph in text.split("\n\n"):
        code = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(paragraph)))
        strong = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", code)
        paragraphs.append(f"<p>{strong}</p>")
    return Markup("".join(paragraphs))  # noqa: S704 # escaped above


def kind(schema: dict[str, Any]) -> Markup:
    """A schema in a few words, with links to the schemas it refers to."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    parts = schema.get("anyOf") or schema.get("allOf") or schema.get("oneOf")
    if parts:
        return Markup(" or ").join(kind(part) for part in parts)
    if "const" in schema:
        return Markup("<code>{}</code>").format(json.dumps(schema["const"]))
    named = schema.get("type", "any")
    types = named if isinstance(named, list) else [named]
    words = [
        Markup("array of {}").format(kind(schema["items"]))
        if name == "array" and "items" in schema
        else Markup("{}").format(name)
        for name in types
    ]
    return Markup(" or ").join(words) + _bounds(schema)


def _bounds(schema: dict[str, Any]) -> Markup:
    parts = []
    if "enum" in schema:
        values = Markup(", ").join(
            Markup("<code>{}</code>").format(value) for value in schema["enum"] if value is not None
        )
        parts.append(values)
    if "format" in schema:
        parts.append(Markup("{}").format(schema["format"]))
    for least, most, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ):
        if least in schema or most in schema:
            low, high = schema.get(least, ""), schema.get(most, "")
            parts.append(Markup("{}…{}{}").format(low, high, unit))
    if "pattern" in schema:
        parts.append(Markup("<code>{}</code>").format(schema["pattern"]))
    return Markup(" · ") + Markup(" · ").join(parts) if parts else Markup("")


def _by_tag(document: dict[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    tags: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tags.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    return tags


def _resolved(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """The target of a reference, or the value itself."""
    if "$ref" not in value:
        return value
    target: Any = document
    for step in value["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return dict(target)
