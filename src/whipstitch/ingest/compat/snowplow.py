"""Snowplow's trackers: ``POST /com.snowplowanalytics.snowplow/tp2`` and ``GET /i``.

Trackers send no key. It is a part of the collector's path (``/snowplow/KEY/…``), or the
application's id (``aid``), or, for whoever can set them, a header or ``x-api-key`` in the query."""

import base64
import re
from typing import Any, Final

from whipstitch.core.reasons import Reason
from whipstitch.ingest.compat.request import (
    CompatRequest,
    Unreadable,
    read_json,
    text_of,
)
from whipstitch.ingest.compat.snowplow_fields import defaults, key_in, name_and_properties
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

_KEY: Final = "(?:/sk_(?:live|test)_[0-9a-f]{32})?"
_KEY_IN_PATH: Final = re.compile("/(sk_(?:live|test)_[0-9a-f]{32})(?:/|$)")
_PIXEL: Final = CompatAnswer(
    200,
    base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
    "image/gif",
)


def translate_post(request: CompatRequest, body: bytes) -> Translation:
    """Raises:
    Unreadable
    """
    sent = read_json(body)
    events = sent.get("data") if isinstance(sent, dict) else None
    if not isinstance(events, list):
        raise Unreadable("no events")
    done = Translation(key_of(request))
    for event in events:
        if isinstance(event, dict):
            done.key = done.key or key_in(event)
            _event(done, event)
        else:
            done.drop(Reason.UNREADABLE_OPERATION)
    return done


def translate_get(request: CompatRequest, _body: bytes) -> Translation:
    done = Translation(key_of(request))
    _event(done, dict(request.query))
    return done


def _event(done: Translation, event: dict[str, Any]) -> None:
    # A tracker on a server that names nobody acts for its application.
    user, device = text_of(event.get("uid")), text_of(event.get("duid"))
    device = device or text_of(event.get("tnuid")) or text_of(event.get("nuid"))
    person = user or device or f"app:{text_of(event.get('aid'))}"
    moment = event.get("ttm") or event.get("dtm")
    done.alias(device, user, timestamp=moment)
    name, properties = name_and_properties(event)
    done.track(
        name,
        person,
        properties,
        timestamp=moment,
        message_id=text_of(event.get("eid")),
        defaults=defaults(event),
        lib_version=f"snowplow-{text_of(event.get('tv'))}" if event.get("tv") else "",
    )


def key_of(request: CompatRequest) -> str:
    found = _KEY_IN_PATH.search(request.path)
    return (
        (found[1] if found else "")
        or request.header(b"x-api-key")
        or request.query.get("x-api-key", "")
        or key_in(dict(request.query))
    )


def _success(request: CompatRequest, _done: Translation) -> CompatAnswer:
    return _PIXEL if request.method == "GET" else CompatAnswer(200, b"ok", "text/plain")


def _failure(_request: CompatRequest, _done: Translation | None, answer: Answer) -> CompatAnswer:
    return json_answer(answer.status, error=error_of(answer))


ECOSYSTEM: Final = Ecosystem(
    "snowplow",
    (
        Route(POST, f"{_KEY}/com.snowplowanalytics.snowplow/tp2", translate_post),
        Route(GET, f"{_KEY}/i", translate_get),
    ),
    _success,
    _failure,
    key_of,
)
