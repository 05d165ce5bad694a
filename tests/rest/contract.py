"""Validates responses against the OpenAPI document."""

import json
import re
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped] # it ships no types


class Contract:
    """The document, and the check of a response against its operation."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._validators: dict[str, jsonschema.Draft202012Validator] = {}
        self._paths = [
            (re.compile(re.sub(r"{\w+}", "[^/]+", path)), methods)
            for path, methods in sorted(
                document["paths"].items(), key=lambda item: item[0].count("{")
            )
        ]

    async def check(self, response: httpx.Response) -> None:
        """Fail unless the document has the status, the media type and the form of the body."""
        await response.aread()
        assert re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", response.headers["x-request-id"])
        operation = self._operation(response.request)
        if operation is None:
            assert response.status_code in {400, 404, 405, 408, 413, 414}
            self._check_body(response, "application/problem+json", {"$ref": _PROBLEM})
            return
        exchange = f"{response.request.method} {response.request.url.path}: {response.text[:500]}"
        assert str(response.status_code) in operation["responses"], exchange
        answer = operation["responses"][str(response.status_code)]
        if "content" in answer:
            media_type = response.headers["content-type"].partition(";")[0]
            self._check_body(response, media_type, answer["content"][media_type]["schema"])
        else:
            assert response.content == b""

    def _check_body(self, response: httpx.Response, media_type: str, schema: Any) -> None:
        assert response.headers["content-type"].partition(";")[0] == media_type
        if media_type.endswith("json") and response.request.method != "HEAD":
            self._validator(schema).validate(response.json())

    def _validator(self, schema: Any) -> Any:
        # A new validator walks the whole document: without a cache, a fifth of the suite's time.
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            rooted = {**schema, "components": self._document["components"]}
            self._validators[key] = jsonschema.Draft202012Validator(rooted)
        return self._validators[key]

    def _operation(self, request: httpx.Request) -> dict[str, Any] | None:
        method = "get" if request.method == "HEAD" else request.method.lower()
        for pattern, methods in self._paths:
            if pattern.fullmatch(request.url.path):
                found: dict[str, Any] | None = methods.get(method)
                return found
        return None


_PROBLEM = "#/components/schemas/Problem"
