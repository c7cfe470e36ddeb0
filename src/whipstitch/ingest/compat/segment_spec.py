"""The calls of Segment's specification, which RudderStack's clients make, too: identify, track,
page, screen, alias and group, alone or in a batch.

A person is ``userId``, else the device's ``anonymousId``; a call with both says that the two are
one. Not so for clients that keep the ``anonymousId`` when somebody signs out (RudderStack's): two
people on one device would get each other's past. Their anonymous person is that of one session,
which a reset ends: ``anonymousId:sessionId``."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from whipstitch.core.reasons import Reason
from whipstitch.ingest.compat.request import (
    CompatRequest,
    Unreadable,
    basic_user,
    content_of,
    mapping_of,
    text_of,
)
from whipstitch.ingest.compat.translation import Properties, Translation
from whipstitch.ingest.enrichment.user_agent import UserAgents

TYPES: Final = {
    "i": "identify",
    "t": "track",
    "p": "page",
    "s": "screen",
    "a": "alias",
    "g": "group",
}
"""The calls, as the last part of a path names them in short."""
_CAMPAIGN: Final = {
    "source": "utm_source",
    "medium": "utm_medium",
    "name": "utm_campaign",
    "term": "utm_term",
    "content": "utm_content",
}
_PAGE: Final = {
    "url": "$current_url",
    "path": "$pathname",
    "referrer": "$referrer",
    "title": "$title",
}
_DEFAULTS: Final = (
    ("os", "name", "$os"),
    ("os", "version", "$os_version"),
    ("device", "model", "$device_model"),
    ("device", "manufacturer", "$device_manufacturer"),
    ("device", "type", "$device_type"),
    ("app", "version", "$app_version"),
    ("screen", "width", "$screen_width"),
    ("screen", "height", "$screen_height"),
)
"""What clients add by themselves, and what it is called here."""
_TOLD: Final = frozenset(
    {
        *("os", "device", "app", "screen", "page", "campaign", "library", "locale", "timezone"),
        *("userAgent", "userAgentData", "ip", "traits", "sessionId", "sessionStart", "direct"),
    }
)
"""What of a context is told otherwise, or not at all; the rest is kept as it was sent."""
_KEEPS_ANONYMOUS_ID: Final = "rudder"


def key_of(request: CompatRequest) -> str:
    """The write key, where it is not in the body."""
    return basic_user(request) or request.query.get("writeKey", "")


def translate(request: CompatRequest, body: bytes) -> Translation:
    """Raises:
    Unreadable
    """
    sent = content_of(body, request.query).document
    if not isinstance(sent, dict):
        raise Unreadable("no call")
    calls = sent.get("batch", [sent])
    if not isinstance(calls, list):
        raise Unreadable("no batch")
    done = Translation(key_of(request) or text_of(sent.get("writeKey")), received=len(calls))
    called = request.path.rpartition("/")[2]
    for call in calls:
        if isinstance(call, dict):
            kind = text_of(call.get("type")) or TYPES.get(called, called)
            read_call(done, kind, call)
        else:
            done.drop(Reason.UNREADABLE_OPERATION)
    return done


def read_call(done: Translation, kind: str, call: Mapping[str, Any]) -> None:
    context = mapping_of(call.get("context"))
    user, sent_anonymous = text_of(call.get("userId")), text_of(call.get("anonymousId"))
    by_session = _is_by_session(context)
    anonymous = _anonymous(sent_anonymous, context, by_session=by_session)
    moment = call.get("timestamp") or call.get("originalTimestamp") or call.get("sentAt")
    message_id = text_of(call.get("messageId"))
    if kind == "alias":
        former = text_of(call.get("previousId"))
        former = anonymous if former in ("", sent_anonymous) else former
        done.alias(former, user or anonymous, timestamp=moment)
        return
    if kind == "identify" or not by_session:
        done.alias(anonymous, user, timestamp=moment)
    person = user or anonymous
    if kind == "identify":
        traits = mapping_of(context.get("traits")) | mapping_of(call.get("traits"))
        done.people(person, properties=traits, timestamp=moment, message_id=message_id)
    elif kind == "group":
        done.drop(Reason.GROUP_TRAITS)
    elif kind in ("track", "page", "screen"):
        properties = _properties(kind, call, context)
        library = mapping_of(context.get("library"))
        parts = text_of(library.get("name")), text_of(library.get("version"))
        done.track(
            {"page": "$pageview", "screen": "$screen"}.get(kind) or text_of(call.get("event")),
            person,
            properties,
            timestamp=moment,
            message_id=message_id,
            defaults=_defaults(context),
            lib_version="@".join(filter(None, parts)),
        )
    else:
        done.drop(Reason.UNREADABLE_OPERATION)


def _is_by_session(context: Mapping[str, Any]) -> bool:
    library = text_of(mapping_of(context.get("library")).get("name")).lower()
    return _KEEPS_ANONYMOUS_ID in library and bool(text_of(context.get("sessionId")))


def _anonymous(sent: str, context: Mapping[str, Any], *, by_session: bool) -> str:
    return f"{sent}:{text_of(context.get('sessionId'))}" if sent and by_session else sent


def _properties(kind: str, call: Mapping[str, Any], context: Mapping[str, Any]) -> Properties:
    """The event's own, and those of its context under the names that reports know."""
    properties: Properties = dict(mapping_of(call.get("properties")))
    name, category = call.get("name"), call.get("category")
    if kind == "page":
        added: Properties = {"name": name, "category": category}
    elif kind == "screen":
        added = {"$screen_name": name or category, "category": category}
    else:
        added = {}
    page, campaign = mapping_of(context.get("page")), mapping_of(context.get("campaign"))
    shown = page | properties if kind == "page" else page
    added |= {here: shown.get(there) for there, here in _PAGE.items()}
    added |= {_CAMPAIGN.get(there, f"utm_{there}"): one for there, one in campaign.items()}
    added["$session_id"] = text_of(context.get("sessionId"))
    added["context"] = {there: one for there, one in context.items() if there not in _TOLD}
    for here, one in added.items():
        if one not in (None, "", {}):
            properties.setdefault(here, one)
    return properties


def _defaults(context: Mapping[str, Any]) -> Properties:
    found: Properties = {"$locale": context.get("locale"), "$timezone": context.get("timezone")}
    agent = _agents().look_up(text_of(context.get("userAgent")))
    found |= {
        "$os": agent.os,
        "$browser": agent.browser,
        "$device_model": agent.device_model,
    }
    for group, there, here in _DEFAULTS:
        if one := mapping_of(context.get(group)).get(there):
            found[here] = one
    return {here: one for here, one in found.items() if one not in (None, "")}


@cache
def _agents() -> UserAgents:
    return UserAgents()
