"""Segment's clients: ``/v1/batch`` and ``/v1/{t,i,p,g,a}``, and the settings that the one for the
web asks for."""

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

_TAKEN: Final = json_answer(200, success=True)
_ENABLED: Final = {"__default": {"enabled": True}}


def _settings(request: CompatRequest) -> CompatAnswer:
    """No destinations but this server, which is where the settings were asked for."""
    integration: dict[str, Any] = {
        "apiKey": request.path.split("/")[3],
        "apiHost": f"{request.header(b'host')}/v1",
        "unbundledIntegrations": [],
        "addBundledMetadata": False,
        "maybeBundledConfigIds": {},
        "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
    }
    return json_answer(
        200,
        integrations={"Segment.io": integration},
        plan={
            "track": {"__default": {"enabled": True, "integrations": {}}},
            "identify": _ENABLED,
            "group": _ENABLED,
        },
        edgeFunction={},
        analyticsNextEnabled=True,
        middlewareSettings={},
        enabledMiddleware={},
        metrics={"sampleRate": 0},
        legacyVideoPluginsEnabled=False,
        remotePlugins=[],
    )


def _success(_request: CompatRequest, _done: Translation) -> CompatAnswer:
    return _TAKEN


def _failure(_request: CompatRequest, _done: Translation | None, answer: Answer) -> CompatAnswer:
    return json_answer(answer.status, success=False, message=error_of(answer))


def _claims(body: bytes) -> bool:
    """The clients of RudderStack have the key in a header only."""
    return b'"writeKey"' in body


ECOSYSTEM: Final = Ecosystem(
    "segment",
    (
        Route(POST, "/v1/(?:batch|import|b)", translate, claims=_claims),
        Route(POST, f"/v1/(?:{'|'.join((*TYPES, *TYPES.values()))})", translate, claims=_claims),
        Route(GET, r"/v1/projects/[\w.-]+/settings", quiet=_settings),
        Route(POST, "/v1/m", quiet=_TAKEN),
    ),
    _success,
    _failure,
    key_of,
)
