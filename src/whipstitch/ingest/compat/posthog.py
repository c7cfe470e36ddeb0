"""PostHog's clients: ``/batch``, ``/e``, ``/capture`` and ``/i/v0/e``, and the questions that they
ask for flags, surveys and configuration, to which the answer is none.

``$identify``, ``$create_alias``, ``$set`` and the like say who somebody is and are no events here.
Groups are no people."""

import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from whipstitch.core.reasons import Reason
from whipstitch.ingest.compat.posthog_config import QUIET
from whipstitch.ingest.compat.request import (
    CompatRequest,
    Unreadable,
    content_of,
    is_number,
    looks_anonymous,
    mapping_of,
    text_of,
    without,
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
from whipstitch.ingest.validation import timestamps
from whipstitch.ingest.validation.answers import JSON, Answer

_TRAITS: Final = ("$set", "$set_once", "$unset")
_ADDRESSING: Final = ("token", "api_key", "distinct_id", "$distinct_id", *_TRAITS)
_OF_PEOPLE: Final = frozenset(
    {"$identify", "$create_alias", "$merge_dangerously", "$set", "$set_once", "$unset"}
)
_DROPPED: Final = {
    "$groupidentify": Reason.GROUP_TRAITS,
    "$snapshot": Reason.REPLAY_OFF,
    "$snapshot_items": Reason.REPLAY_OFF,
    "$performance_event": Reason.REPLAY_OFF,
    "$$heatmap": Reason.NOT_COLLECTED,
    "$$client_ingestion_warning": Reason.NOT_COLLECTED,
}
_PYTHON: Final = "posthog-python"


def translate(request: CompatRequest, body: bytes) -> Translation:
    """One event, an array of them, or a batch with a key.

    Raises:
        Unreadable
    """
    content = content_of(body, request.query)
    sent = content.document
    envelope: dict[str, Any] = {}
    if isinstance(sent, dict):
        envelope = sent
        sent = sent.get("batch", [sent])
    if not isinstance(sent, list):
        raise Unreadable("no events")
    sources = (envelope, content.fields, request.query)
    keys = [text_of(one.get(name)) for one in sources for name in ("api_key", "token")]
    done = Translation(next(filter(None, keys), ""), received=len(sent))
    clock = Clock(envelope.get("sent_at") or request.query.get("_"))
    known: set[bytes] = set()
    for event in sent:
        if isinstance(event, dict):
            read_event(done, event, clock, known)
        else:
            done.drop(Reason.UNREADABLE_OPERATION)
    return done


class Clock:
    """Older clients say how long ago an event was (``offset``, milliseconds) before they sent it.
    ``sent_at``: when that was by the client's clock; without one the server's counts."""

    def __init__(self, sent_at: Any) -> None:
        self._sent_at = sent_at

    def time_of(self, event: Mapping[str, Any]) -> Any:
        said, offset = event.get("timestamp"), event.get("offset")
        if said is not None or not is_number(offset):
            return said
        sent = None
        if self._sent_at is not None:
            sent = timestamps.parse(msgspec.Raw(JSON.encode(self._sent_at)))
        return int((time.time() * 1000 if sent is None else sent) - offset)


def read_event(done: Translation, event: dict[str, Any], clock: Clock, known: set[bytes]) -> None:
    """``known``: traits that were told already."""
    properties = mapping_of(event.get("properties"))
    done.key = done.key or text_of(event.get("api_key")) or text_of(properties.get("token"))
    name = text_of(event.get("event"))
    if name in _DROPPED:
        done.drop(_DROPPED[name])
        return
    whose = (event.get("distinct_id"), properties.get("distinct_id"), event.get("$distinct_id"))
    person = next(filter(None, map(text_of, whose)), "")
    moment, uuid = clock.time_of(event), text_of(event.get("uuid"))
    library = text_of(properties.get("$lib"))
    if name == "$identify":
        done.alias(text_of(properties.get("$anon_distinct_id")), person, timestamp=moment)
    elif name in ("$create_alias", "$merge_dangerously"):
        other = text_of(properties.get("alias")) or text_of(event.get("alias"))
        _merge(done, library if name == "$create_alias" else "", person, other, moment)
    has_traits = any(one in event or one in properties for one in _TRAITS)
    if has_traits and properties.get("$process_person_profile") is not False:
        _traits(done, person, event, properties, moment, uuid, known)
    if name in _OF_PEOPLE:
        return
    version = text_of(properties.get("$lib_version"))
    done.track(
        name,
        person,
        without(properties, _ADDRESSING),
        timestamp=moment,
        message_id=uuid,
        lib_version=_library(library, version),
    )


def _merge(done: Translation, library: str, person: str, other: str, moment: Any) -> None:
    """Which of the two is the known one: ``alias(previous_id, distinct_id)`` of the Python client
    sends the former id as ``distinct_id``; all others send the known one there. Where no library
    says who sent it, an id that looks like a device's gives way; else either direction will do, and
    the second is refused as a loop unless the first was one parent too many."""
    turned = library.startswith(_PYTHON)
    undecided = False
    if not library:
        undecided = looks_anonymous(person) == looks_anonymous(other)
        turned = not undecided and looks_anonymous(person)
    former, kept = (person, other) if turned else (other, person)
    done.alias(former, kept, timestamp=moment)
    if undecided:
        done.alias(kept, former, timestamp=moment)


def _traits(
    done: Translation,
    person: str,
    event: Mapping[str, Any],
    properties: Properties,
    moment: Any,
    uuid: str,
    known: set[bytes],
) -> None:
    """What an event says of its person. ``known``: what events of the same request said already,
    for some clients repeat the first visit's traits with each."""
    sets, once = (
        mapping_of(event.get(name)) | mapping_of(properties.get(name))
        for name in ("$set", "$set_once")
    )
    unset = event.get("$unset") or properties.get("$unset")
    if isinstance(unset, list | dict):
        sets |= dict.fromkeys(filter(None, map(text_of, unset)), None)
    once = {name: one for name, one in once.items() if one is not None}
    if not sets:
        said = JSON.encode((person, once))
        if said in known:
            return
        known.add(said)
    if sets or once:
        done.people(person, properties=sets, set_once=once, timestamp=moment, message_id=uuid)


def _library(name: str, version: str) -> str:
    named = "posthog-js" if name == "web" else name
    return f"{named}@{version}" if named and version else named


def _success(request: CompatRequest, _done: Translation) -> CompatAnswer:
    return json_answer(200, status="Ok" if request.path == "/batch" else 1)


def _failure(_request: CompatRequest, _done: Translation | None, answer: Answer) -> CompatAnswer:
    return json_answer(answer.status, status=0, detail=error_of(answer))


def _claims(body: bytes) -> bool:
    return b'"batch"' in body


ECOSYSTEM: Final = Ecosystem(
    "posthog",
    (
        Route(POST, "/batch", translate, claims=_claims),
        Route(EITHER, "/e|/i/v0/e|/capture", translate),
        Route(EITHER, "/track|/engage", translate, at_root=False),
        Route(POST, "/s", translate),
        *QUIET,
    ),
    _success,
    _failure,
)
