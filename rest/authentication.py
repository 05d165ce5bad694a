"""Authentication: the bearer token in the Authorization header (RFC 6750)."""

from marketplace.errors import Code, ParleyError
from marketplace.tokens import Access, Tokens
from rest.requests import RestRequest


def read_access(tokens: Tokens, request: RestRequest) -> Access:
    """The access granted by the request's token.

    Raises:
        ParleyError: `unauthenticated`, `token_expired`.
    """
    headers = request.headers.getall("authorization", [])
    if len(headers) != 1:
        raise ParleyError(Code.UNAUTHENTICATED, "Send Authorization: Bearer <access token>.")
    scheme, _, token = headers[0].partition(" ")
    if scheme.lower() != "bearer":
        raise ParleyError(Code.UNAUTHENTICATED, "Send Authorization: Bearer <access token>.")
    return tokens.check(token.strip())
