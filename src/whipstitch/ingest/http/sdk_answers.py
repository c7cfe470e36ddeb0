"""What the further endpoints of released Sankofa SDKs are, and what they answer."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from whipstitch.core.reasons import Reason
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.http.responses import Headers
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import JSON, Answer

READ: Final = frozenset({"GET", "HEAD"})
_WRITE: Final = frozenset({"POST"})
_CATCH: Final = "/api/catch/"
_SLASHES: Final = re.compile("/{2,}")

_REPLAY_OFF: Final = {
    "enabled": False,
    "sample_rate": 0,
    "mask_all_inputs": True,
    "high_fidelity_triggers": [],
    "high_fidelity_duration_seconds": 0,
}
_OK: Final = Answer(200, b'{"ok":true}')
NO_CONTENT: Final = Answer(204, b"")
_NOT_MODIFIED: Final = Answer(304, b"")
NO_METHOD: Final = {
    READ: answers.refusal(
        405,
        "Method not allowed: use GET",
        Reason.METHOD_NOT_ALLOWED,
        allow="GET, HEAD, OPTIONS",
    ),
    _WRITE: answers.METHOD_NOT_ALLOWED,
}


class SdkEndpoint(NamedTuple):
    """``answer``: always the same; None: the door makes it. ``dropped``: why what
    is sent is not kept. ``counted``: by the rate limit."""

    methods: frozenset[str]
    answer: Answer | None = None
    dropped: Reason | None = None
    counted: bool = True


def _json(**fields: Any) -> Answer:
    return Answer(200, JSON.encode(fields))


HANDSHAKE: Final = "/api/v1/handshake"
SEEN: Final = "/api/v1/screens/seen"
HEARTBEAT: Final = "/api/v1/screens/heartbeat"
CAUGHT: Final = SdkEndpoint(_WRITE, _OK, Reason.NOT_COLLECTED)
ENDPOINTS: Final[Mapping[str, SdkEndpoint]] = {
    HANDSHAKE: SdkEndpoint(READ),
    "/api/v1/handshake/integrations": SdkEndpoint(_WRITE, _json(stored=0)),
    SEEN: SdkEndpoint(_WRITE, counted=False),
    HEARTBEAT: SdkEndpoint(_WRITE, NO_CONTENT, counted=False),
    "/api/replay/config": SdkEndpoint(READ, _json(**_REPLAY_OFF)),
    "/api/replay/chunk": SdkEndpoint(_WRITE, _OK, Reason.REPLAY_OFF),
    "/api/ee/replay/chunk": SdkEndpoint(_WRITE, _OK, Reason.REPLAY_OFF),
    "/api/switch/exposures": SdkEndpoint(_WRITE, _OK, Reason.NOT_COLLECTED),
    "/api/pulse/surveys": SdkEndpoint(READ, _json(surveys=[])),
    "/api/deploy/check": SdkEndpoint(
        READ, _json(enabled=True, has_update=False, reason="no_matching_release")
    ),
}


def sdk_path(path: str) -> str | None:
    """The endpoint that ``path`` means, though with more slashes than it has; None: none of
    these."""
    plain = _SLASHES.sub("/", path).rstrip("/")
    return plain if plain in ENDPOINTS or plain.startswith(_CATCH) else None


def handshake(client: ClientContext, headers: Mapping[bytes, bytes]) -> tuple[Answer, Headers]:
    """What a client may do here, and headers of its own; 304 where the client knows it."""
    body = JSON.encode(
        {
            "project_id": client.key.project.id,
            "modules": {"analytics": {"enabled": True}, "replay": _REPLAY_OFF},
        }
    )
    tag = b'"%b"' % hashlib.sha256(body).hexdigest()[:20].encode()
    known = {
        one.strip().removeprefix(b"W/") for one in headers.get(b"if-none-match", b"").split(b",")
    }
    fresh = tag in known or b"*" in known
    return _NOT_MODIFIED if fresh else Answer(200, body), [(b"etag", tag)]


def name_of(path: str) -> str:
    """As what refusals name it: the last two words of the path."""
    return "/".join(path.split("/")[-2:]) if not path.startswith(_CATCH) else "catch"
