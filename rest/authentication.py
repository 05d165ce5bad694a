"""Who asks: the bearer token in the Authorization header (RFC 6750)."""

from marketplace.errors import Code, ParleyError
from marketplace.tokens import Access, Tokens
from rest.requests import RestRequest


def read_access(tokens: Tokens, request: RestRequest) -> Access:
    """What the request's access token says.

    Raises:
        ParleyError: `unauthenticated`, `token_expired`.
    """
    given = request.headers.getall("authorization", [])
    if len(given) != 1:
        raise ParleyError(Code.UNAUTHENTICATED, "Send Authorization: Bearer <access token>.")
    scheme, _, token = given[0].partition(" ")
    if scheme.lower() != "bearer":
        raise ParleyError(Code.UNAUTHENTICATED, "Send Authorization: Bearer <access token>.")
    return tokens.check(token.strip())
