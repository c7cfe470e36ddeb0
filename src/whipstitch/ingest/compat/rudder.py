"""RudderStack's clients: ``/v1/batch`` and ``/v1/{track,page,screen,identify,alias,group}``, and
the configuration that those for the web and for apps ask for."""

from typing import Any, Final

from whipstitch.ingest.compat.request import CompatRequest
from whipstitch.ingest.compat.segment_spec import TYPES, key_of, translate
from whipstitch.ingest.compat.translation import (
    GET,
    POST,
    CompatAnswer,
    Ecosystem,
    Route,
    Translation,
    error_of,
    json_answer,
)
from whipstitch.ingest.validation.answers import Answer

_TAKEN: Final = CompatAnswer(200, b"OK", "text/plain")
_PYTHON: Final = ("analytics-python/", "rudder-sdk-python/")
_OFF: Final = {"enabled": False}


def _source_config(request: CompatRequest) -> CompatAnswer:
    """A source without destinations: all goes to this server."""
    source: dict[str, Any] = {
        "id": "whipstitch",
        "name": "whipstitch",
        "writeKey": key_of(request),
        "enabled": True,
        "config": {"statsCollection": {"errors": _OFF, "metrics": _OFF}},
        "workspaceId": "whipstitch",
        "destinations": [],
        "connections": [],
    }
    return json_answer(200, source=source, updatedAt="2026-01-01T00:00:00.000Z")


def _success(_request: CompatRequest, _done: Translation) -> CompatAnswer:
    return _TAKEN


def _failure(request: CompatRequest, _done: Translation | None, answer: Answer) -> CompatAnswer:
    # The Python client sends again for ever what is refused.
    loops = request.header(b"user-agent").startswith(_PYTHON)
    if loops and answer.status < 500:
        return _TAKEN
    return json_answer(answer.status, error=error_of(answer))


ECOSYSTEM: Final = Ecosystem(
    "rudder",
    (
        Route(POST, "/v1/batch", translate),
        Route(POST, f"/v1/(?:{'|'.join(TYPES.values())})", translate),
        Route(POST, "/beacon/v1/batch", translate),
        Route(GET, "/sourceConfig", quiet=_source_config),
    ),
    _success,
    _failure,
    key_of,
)
