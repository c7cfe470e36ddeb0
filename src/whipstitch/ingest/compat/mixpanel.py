"""Mixpanel's clients: ``/track``, ``/engage``, ``/groups``, ``/import``.

An anonymous person is ``$device:<uuid>``. Events with ``$device_id`` and ``$user_id`` say that the
two are one, and so do ``$identify``, ``$create_alias`` and ``$merge``, which are no events here."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from whipstitch.core.reasons import Reason
from whipstitch.ingest.compat.request import (
    CompatRequest,
    Content,
    Unreadable,
    basic_user,
    content_of,
    looks_anonymous,
    mapping_of,
    text_of,
    without,
)
from whipstitch.ingest.compat.translation import (
    EITHER,
    GET,
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

_any: Final = msgspec.json.Decoder()
_DEVICE: Final = "$device:"
_ADDRESSING: Final = ("token", "distinct_id", "time")
_DEFAULTS: Final = {
    "$os": "$os",
    "$browser": "$browser",
    "$model": "$device_model",
    "$app_version_string": "$app_version",
    "$screen_width": "$screen_width",
    "$screen_height": "$screen_height",
}
"""What clients add by themselves, and what it is called here."""
_PIXEL: Final = CompatAnswer(200, b"1", "text/plain")


def translate_track(request: CompatRequest, body: bytes) -> Translation:
    """``/track`` and ``/import``: events, one or many.

    Raises:
        Unreadable
    """
    content = _content(request, body)
    done = _begin(request, content)
    events = _items(content)
    done.received = len(events)
    for event in events:
        properties = mapping_of(event.get("properties"))
        done.key = done.key or text_of(properties.get("token"))
        read_event(done, event, properties)
    return _with_key(done, request)


def read_event(done: Translation, event: Mapping[str, Any], properties: Properties) -> None:
    name = text_of(event.get("event"))
    time = properties.get("time")
    person = _person(properties)
    if name == "$merge":
        ids = properties.get("$distinct_ids")
        if not isinstance(ids, list) or len(ids) < 2:
            done.drop(Reason.UNREADABLE_OPERATION)
            return
        known, *others = sorted(map(text_of, ids), key=looks_anonymous)
        for other in others:
            done.alias(other, known, timestamp=time)
    elif name == "$create_alias":
        done.alias(person, text_of(properties.get("alias")), timestamp=time)
    elif name == "$identify":
        known = text_of(properties.get("$identified_id")) or person
        for anonymous in (text_of(properties.get("$anon_distinct_id")), _device(properties)):
            done.alias(anonymous, known, timestamp=time)
    else:
        _link(done, properties, time)
        done.track(
            name,
            person,
            without(properties, _ADDRESSING),
            timestamp=time,
            message_id=text_of(properties.get("$insert_id")),
            defaults={
                here: properties[there] for there, here in _DEFAULTS.items() if there in properties
            },
            lib_version=_library(properties),
        )


def translate_engage(request: CompatRequest, body: bytes) -> Translation:
    """``/engage``: traits.

    Raises:
        Unreadable
    """
    content = _content(request, body)
    done = _begin(request, content)
    for update in _items(content):
        done.key = done.key or text_of(update.get("$token"))
        person = text_of(update.get("$distinct_id")) or _person(update)
        time = update.get("$time")
        _link(done, update, time)
        _traits(done, person, update, time)
    return _with_key(done, request)


def _traits(done: Translation, person: str, update: Mapping[str, Any], time: Any) -> None:
    unset = update.get("$unset")
    sets = mapping_of(update.get("$set")) | dict.fromkeys(
        filter(None, map(text_of, unset if isinstance(unset, list) else [])), None
    )
    for other in ("$append", "$union", "$remove", "$delete"):
        if other in update:
            done.drop(Reason.UNSUPPORTED_OPERATION)
    done.people(
        person,
        properties=sets,
        set_once=mapping_of(update.get("$set_once")),
        add=mapping_of(update.get("$add")),
        timestamp=time,
    )


def translate_groups(request: CompatRequest, body: bytes) -> Translation:
    """``/groups``: traits of groups, which are no people.

    Raises:
        Unreadable
    """
    content = _content(request, body)
    done = _begin(request, content)
    for update in _items(content):
        done.key = done.key or text_of(update.get("$token"))
        done.drop(Reason.GROUP_TRAITS)
    return _with_key(done, request)


def _device(properties: Mapping[str, Any]) -> str:
    device = text_of(properties.get("$device_id", ""))
    return f"{_DEVICE}{device.removeprefix(_DEVICE)}" if device else ""


def _person(properties: Mapping[str, Any]) -> str:
    known = text_of(properties.get("distinct_id")) or text_of(properties.get("$user_id"))
    return known or _device(properties)


def _link(done: Translation, properties: Mapping[str, Any], time: Any) -> None:
    done.alias(_device(properties), text_of(properties.get("$user_id")), timestamp=time)


def _library(properties: Mapping[str, Any]) -> str:
    name, version = text_of(properties.get("mp_lib")), text_of(properties.get("$lib_version"))
    return f"mixpanel-{name}@{version}" if name and version else ""


def _content(request: CompatRequest, body: bytes) -> Content:
    try:
        return content_of(body, request.query)
    except Unreadable:
        # An object a line is what /import takes, too.
        try:
            return Content(_any.decode_lines(body), {}) if body[:1] == b"{" else _raise()
        except (ValueError, RecursionError) as error:
            raise Unreadable("no JSON") from error


def _raise() -> Content:
    raise Unreadable("no JSON")


def _items(content: Content) -> list[dict[str, Any]]:
    """Raises:
    Unreadable
    """
    document = content.document
    items = document if isinstance(document, list) else [document]
    if not items or not all(isinstance(one, dict) for one in items):
        raise Unreadable("no events")
    return items


def _begin(request: CompatRequest, content: Content) -> Translation:
    return Translation(verbose=_verbose(request, content.fields))


def _verbose(request: CompatRequest, fields: Mapping[str, str]) -> bool:
    return request.query.get("verbose", fields.get("verbose", "0")) == "1"


def _with_key(done: Translation, request: CompatRequest) -> Translation:
    done.key = done.key or basic_user(request)
    return done


def _success(request: CompatRequest, done: Translation) -> CompatAnswer:
    if request.path == "/import":
        return json_answer(200, code=200, num_records_imported=done.received, status=1, error=None)
    return json_answer(200, status=1, error=None) if done.verbose else _PIXEL


def _failure(_request: CompatRequest, done: Translation | None, answer: Answer) -> CompatAnswer:
    # The Python client raises KeyError in its caller's code unless there is a status.
    if done is None or done.verbose:
        return json_answer(answer.status, status=0, error=error_of(answer))
    return CompatAnswer(answer.status, b"0", "text/plain")


ECOSYSTEM: Final = Ecosystem(
    "mixpanel",
    (
        Route(EITHER, "/track", translate_track),
        Route(EITHER, "/engage", translate_engage),
        Route(EITHER, "/groups", translate_groups),
        Route(POST, "/import", translate_track),
        Route(EITHER, "/flags", quiet=json_answer(200, flags={}), at_root=False),
        Route(GET, "/settings", quiet=json_answer(200), at_root=False),
        Route(POST, "/record", quiet=json_answer(200, code=200, status="OK"), at_root=False),
    ),
    _success,
    _failure,
)
