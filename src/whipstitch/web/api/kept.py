"""What the endpoints have in common that answer from the registry."""

from datetime import datetime
from typing import Any, Final

import msgspec
from fastapi import Request, Response

from whipstitch.analytics.events.pages import rfc3339
from whipstitch.registry.store import Registry
from whipstitch.web.api.errors import Refused

REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Refused, "description": "It cannot be done so; `error` names the field."},
    401: {"model": Refused, "description": "No token, or one that is not valid."},
    404: {"model": Refused, "description": "There is no such thing in this environment."},
    503: {"model": Refused, "description": "ClickHouse or the registry does not answer."},
}
CHANGES: Final = {
    **REFUSALS,
    403: {"model": Refused, "description": "The token's role is viewer."},
}


def registry_of(request: Request) -> Registry:
    registry: Registry = request.app.state.registry
    return registry


def as_json(answer: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(answer), status, media_type="application/json")


def moment(time: datetime) -> str:
    """As the API writes times."""
    return rfc3339(round(time.timestamp() * 1000))


def example(value: object) -> dict[str, Any]:
    """A response of that example, for the description of its endpoint."""
    return {"content": {"application/json": {"example": value}}}
