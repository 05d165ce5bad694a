"""What a handler's answer becomes: a whole response, or one that is written while it is sent."""

from typing import TypeAlias

from sanic.response import HTTPResponse
from sanic.response.types import ResponseStream

Response: TypeAlias = HTTPResponse | ResponseStream
