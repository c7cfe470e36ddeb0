"""What a request of another product's client becomes, and how a product is described."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from whipstitch.core.reasons import Reason
from whipstitch.ingest.compat.request import CompatRequest, is_number
from whipstitch.ingest.validation.answers import JSON, Answer

GET: Final = frozenset({"GET"})
POST: Final = frozenset({"POST"})
EITHER: Final = GET | POST

Properties = dict[str, Any]


@dataclass(slots=True)
class Translation:
    """``key``: the project's key, from where the client puts it. ``operations``: those of
    ``/api/v1/batch``, in the order sent. ``drops``: what cannot be told by these, and why not."""

    key: str = ""
    operations: list[dict[str, Any]] = field(default_factory=list)
    drops: defaultdict[Reason, int] = field(default_factory=partial(defaultdict, int))
    received: int = 0
    """As many events, or updates, as the client counts in its request."""
    verbose: bool = False
    """What of the request decides about the form of its answer."""
    _aliased: set[tuple[str, str]] = field(default_factory=set)

    def clear(self) -> None:
        """Forgets what was said. An import does so for each record: to make another translation
        takes a twelfth of its time."""
        self.operations.clear()
        self.drops.clear()
        self._aliased.clear()

    def drop(self, reason: Reason) -> None:
        self.drops[reason] += 1

    def track(
        self,
        event_name: str,
        distinct_id: str,
        properties: Properties,
        *,
        timestamp: Any = None,
        message_id: str = "",
        defaults: Properties | None = None,
        lib_version: str = "",
    ) -> None:
        if not event_name or not distinct_id:
            self.drop(Reason.UNREADABLE_OPERATION)
            return
        payload: dict[str, Any] = {
            "event_name": event_name,
            "distinct_id": distinct_id,
            "properties": properties,
        }
        if defaults:
            payload["default_properties"] = defaults
        if lib_version:
            payload["lib_version"] = lib_version
        self._add("track", payload, timestamp, message_id)

    def people(
        self,
        distinct_id: str,
        *,
        properties: Properties | None = None,
        set_once: Properties | None = None,
        add: Properties | None = None,
        timestamp: Any = None,
        message_id: str = "",
    ) -> None:
        """Where there is nothing to set, nothing is said. What is to be added and is no number
        cannot be told, and null sets nothing once."""
        if not distinct_id:
            self.drop(Reason.UNREADABLE_OPERATION)
            return
        once = {name: one for name, one in (set_once or {}).items() if one is not None}
        numbers = {name: one for name, one in (add or {}).items() if is_number(one)}
        if len(numbers) < len(add or {}):
            self.drop(Reason.UNSUPPORTED_OPERATION)
        changes = {"properties": properties, "set_once": once, "add": numbers}
        payload: dict[str, Any] = {name: one for name, one in changes.items() if one}
        if payload:
            payload["distinct_id"] = distinct_id
            self._add("people", payload, timestamp, message_id)

    def alias(self, alias_id: str, distinct_id: str, *, timestamp: Any = None) -> None:
        """Each pair once: many clients repeat the device's id with each event."""
        pair = alias_id, distinct_id
        if not alias_id or not distinct_id or alias_id == distinct_id or pair in self._aliased:
            return
        self._aliased.add(pair)
        self._add("alias", {"alias_id": alias_id, "distinct_id": distinct_id}, timestamp, "")

    def _add(self, kind: str, payload: dict[str, Any], timestamp: Any, message_id: str) -> None:
        if timestamp is not None:
            payload["timestamp"] = timestamp
        if message_id:
            payload["message_id"] = message_id
        self.operations.append({"type": kind, "payload": payload})


class CompatAnswer(NamedTuple):
    """A whole answer, as the client reads it."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"


def json_answer(status: int, /, **fields: Any) -> CompatAnswer:
    return CompatAnswer(status, JSON.encode(fields))


Translate = Callable[[CompatRequest, bytes], Translation]
"""Of a request and its unpacked body. Raises: Unreadable."""


class Route(NamedTuple):
    """``path``: a regular expression for the whole of a path, without prefix. ``at_root``: also
    served without the prefix. ``claims``: where several products have that path at the root,
    whether an unpacked body is this one's. ``quiet``: answered with this, and nothing is read or
    counted."""

    methods: frozenset[str]
    path: str
    translate: Translate | None = None
    quiet: CompatAnswer | Callable[[CompatRequest], CompatAnswer] | None = None
    at_root: bool = True
    claims: Callable[[bytes], bool] | None = None


@dataclass(frozen=True, slots=True)
class Ecosystem:
    """A product. ``success`` makes the answer to a request that was taken; ``failure`` that to one
    that was refused (None: it could not be read)."""

    name: str
    routes: Sequence[Route]
    success: Callable[[CompatRequest, Translation], CompatAnswer]
    failure: Callable[[CompatRequest, Translation | None, Answer], CompatAnswer]
    key_of: Callable[[CompatRequest], str] = lambda _request: ""
    """The key where it is not in the body, so that it can be checked before that is read."""

    @property
    def prefix(self) -> str:
        return f"/{self.name}"


def error_of(answer: Answer) -> str:
    """The message of a refusal."""
    found = msgspec.json.decode(answer.body) if answer.body else {}
    return str(found.get("error", "")) if isinstance(found, dict) else ""
