"""Amplitude's clients: ``/2/httpapi``, ``/batch`` and ``/identify``.

A person is ``user_id``, else ``device_id``; an event with both says that they are one.
``$identify`` is an update of traits and no event."""

import time
from typing import Any, Final

from whipstitch.core.reasons import Reason
from whipstitch.ingest.compat.request import (
    CompatRequest,
    Unreadable,
    content_of,
    mapping_of,
    read_json,
    text_of,
)
from whipstitch.ingest.compat.translation import (
    EITHER,
    POST,
    CompatAnswer,
    Ecosystem,
    Properties,
    Route,
    Translation,
    error_of,
    json_answer,
)
from whipstitch.ingest.validation.answers import Answer

_OPERATIONS: Final = ("$set", "$setOnce", "$add", "$unset")
_UNSUPPORTED: Final = (
    "$append",
    "$prepend",
    "$postInsert",
    "$preInsert",
    "$remove",
    "$clearAll",
)
_NO_SESSION: Final = "-1"
_DEFAULTS: Final = {
    "os_name": "$os",
    "platform": "$platform",
    "os_version": "$os_version",
    "device_model": "$device_model",
    "device_brand": "$device_brand",
    "device_manufacturer": "$device_manufacturer",
    "version_name": "$app_version",
    "app_version": "$app_version",
    "language": "$language",
    "carrier": "$carrier",
}
"""What clients add by themselves, and what it is called here."""
_OF_EVENT: Final = (
    "groups",
    "price",
    "quantity",
    "revenue",
    "productId",
    "revenueType",
    "currency",
)
"""Fields beside the event's properties that say something of the event. ``event_id`` is none: it
counts a session's events, and would be taken for an id to tell repeats by."""


def translate(_request: CompatRequest, body: bytes) -> Translation:
    """Raises:
    Unreadable
    """
    sent = content_of(body, {}).document
    if not isinstance(sent, dict) or not isinstance(sent.get("events"), list):
        raise Unreadable("no events")
    done = Translation(text_of(sent.get("api_key")))
    done.received = len(sent["events"])
    for event in sent["events"]:
        if isinstance(event, dict):
            read_event(done, event)
        else:
            done.drop(Reason.UNREADABLE_OPERATION)
    return done


def translate_identify(request: CompatRequest, body: bytes) -> Translation:
    """``/identify`` and ``/groupidentify``: a form with the same as ``$identify``.

    Raises:
        Unreadable
    """
    content = content_of(body, request.query, "identification")
    sent = content.document
    done = Translation(content.fields.get("api_key", ""))
    if isinstance(sent, dict) and "identification" in sent:  # all of it as JSON
        done.key = text_of(sent.get("api_key"))
        sent = sent["identification"]
        sent = read_json(sent.encode()) if isinstance(sent, str) else sent
    kind = "$groupidentify" if request.path == "/groupidentify" else "$identify"
    for update in sent if isinstance(sent, list) else [sent]:
        if not isinstance(update, dict):
            raise Unreadable("no identification")
        read_event(done, {**update, "event_type": kind})
    return done


def read_event(done: Translation, event: dict[str, Any]) -> None:
    name = text_of(event.get("event_type"))
    if name == "$groupidentify":
        done.drop(Reason.GROUP_TRAITS)
        return
    user, device = text_of(event.get("user_id")), text_of(event.get("device_id"))
    person, moment = user or device, event.get("time")
    done.alias(device, user, timestamp=moment)
    message_id = text_of(event.get("insert_id"))
    is_event = name != "$identify"
    _traits(done, person, mapping_of(event.get("user_properties")), moment, message_id, is_event)
    if not is_event:
        return
    properties: Properties = mapping_of(event.get("event_properties"))
    properties |= {one: event[one] for one in _OF_EVENT if event.get(one) not in (None, {})}
    session = text_of(event.get("session_id"))
    if session and session != _NO_SESSION:
        properties.setdefault("$session_id", session)
    done.track(
        name,
        person,
        properties,
        timestamp=moment,
        message_id=message_id,
        defaults={here: event[there] for there, here in _DEFAULTS.items() if event.get(there)},
        lib_version=text_of(event.get("library")),
    )


def _traits(
    done: Translation,
    person: str,
    sent: Properties,
    moment: Any,
    message_id: str,
    beside_event: bool,
) -> None:
    """``sent``: operations by name, or just traits to be set."""
    if not sent:
        return
    if not any(one.startswith("$") for one in sent):
        sent = {"$set": sent}
    for _ in filter(sent.__contains__, _UNSUPPORTED):
        done.drop(Reason.UNSUPPORTED_OPERATION)
    done.people(
        person,
        properties=mapping_of(sent.get("$set"))
        | dict.fromkeys(mapping_of(sent.get("$unset")), None),
        set_once=mapping_of(sent.get("$setOnce")),
        add=mapping_of(sent.get("$add")),
        timestamp=moment,
        # The id is the event's: what comes with it needs one of its own.
        message_id=f"{message_id}:traits" if message_id and beside_event else message_id,
    )


def _success(request: CompatRequest, done: Translation | None) -> CompatAnswer:
    return json_answer(
        200,
        code=200,
        events_ingested=done.received if done else 0,
        payload_size_bytes=len(request.body),
        server_upload_time=int(time.time() * 1000),
    )


def _failure(request: CompatRequest, _done: Translation | None, answer: Answer) -> CompatAnswer:
    # These clients send again for ever what is refused with 400 or 401.
    if answer.status in (413, 503) or answer.status >= 500:
        return json_answer(answer.status, code=answer.status, error=error_of(answer))
    return _success(request, None)


def _claims(body: bytes) -> bool:
    return b'"events"' in body


ECOSYSTEM: Final = Ecosystem(
    "amplitude",
    (
        Route(POST, "/2/httpapi", translate),
        Route(POST, "/batch", translate, claims=_claims),
        Route(EITHER, "/identify", translate_identify, at_root=False),
        Route(EITHER, "/groupidentify", translate_identify, at_root=False),
    ),
    _success,
    _failure,
)
