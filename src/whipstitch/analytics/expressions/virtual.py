"""Virtual names of a project: events that several names are merged into, and properties that are
worked out from others.

A query is made of what clients sent before it is put into SQL (``Virtuals.resolved``), so that
nothing else has to know of them. A virtual name hides a sent one of the same name; in its own
definition it means that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Final, TypeVar, cast

from whipstitch.analytics.expressions import computing, filters, properties, syntax
from whipstitch.analytics.expressions.event_matcher import EventNames, Match, checked_event_name
from whipstitch.analytics.expressions.filters import Filter, PropertyFilter
from whipstitch.analytics.expressions.numbers import Scalar
from whipstitch.analytics.expressions.syntax import Call, Name, Node
from whipstitch.analytics.expressions.values import Expressions
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import SETTLED
from whipstitch.warehouse.parameters import Parameters

Q = TypeVar("Q")
MOST_MERGED: Final = 100
"""Events behind one name."""
LONGEST_EXPRESSION: Final = 1_000
LARGEST_EXPRESSION: Final = 300
"""Parts of an expression, with those that it names."""
_EVENT_NAME: Final = "$event_name"
_MEMBER: Final = frozenset({"event_name", "filters"})
_OF_NAMES: Final = frozenset({"is", "is_not", "any_of", "none_of"})


@dataclass(frozen=True, slots=True)
class Virtuals:
    """``events``: for each name the list of what it stands for, JSON objects with an ``event_name``
    and ``filters``; ``properties``: expressions by name."""

    events: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    def resolved(self, query: Q) -> Q:
        """The same query of what was sent.

        Raises:
            InvalidQuery
        """
        return cast(Q, self._resolved(query)) if self.events or self.properties else query

    def check(self) -> None:
        """That each of them can be used.

        Raises:
            InvalidQuery: ``any_of`` or ``expression``; the message says which name is at fault.
        """
        for name in self.events:
            self.members(name)
        for name in self.properties:
            tree = self.computed(name, "expression")
            if tree is not None:
                computing.of(tree, _sent, Parameters(), "expression")

    def members(self, name: str | None, within: tuple[str, ...] = ()) -> tuple[Match, ...]:
        """The events that a name stands for; none: those of that name. ``within``: the names whose
        definitions led here."""
        if name is None or name not in self.events:
            return ()
        if name in within:
            raise InvalidQuery("any_of", f"leads back to {name}: {' → '.join((*within, name))}")
        found: list[Match] = []
        for index, item in enumerate(self.events[name]):
            one = parse_member(item, f"any_of[{index}]")
            passed = cast(tuple[Filter, ...], self._resolved(one.filters))
            others = () if one.event_name == name else self.members(one.event_name, (*within, name))
            found += (
                Match(sent.event_name, passed + sent.filters)
                for sent in others or [Match(one.event_name)]
            )
        if len(found) > MOST_MERGED:
            raise InvalidQuery(
                "any_of", f"{name} must not stand for more than {MOST_MERGED} events"
            )
        return tuple(found)

    def computed(self, name: str, path: str, within: tuple[str, ...] = ()) -> Node | None:
        """How the property is worked out; None: it is as it was sent."""
        if name not in self.properties:
            return None
        if name in within:
            raise InvalidQuery(path, f"leads back to {name}: {' → '.join((*within, name))}")
        tree = syntax.parse(self.properties[name], path)
        tree = self._inlined(tree, name, path, (*within, name))
        if _size(tree) > LARGEST_EXPRESSION:
            raise InvalidQuery(path, f"{name} must not have more than {LARGEST_EXPRESSION} parts")
        return tree

    def _inlined(self, node: Node, name: str, path: str, within: tuple[str, ...]) -> Node:
        if isinstance(node, Call):
            arguments = (self._inlined(one, name, path, within) for one in node.arguments)
            return replace(node, arguments=tuple(arguments))
        if isinstance(node, Name) and node.value != name:
            return self.computed(node.value, path, within) or node
        return node

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, EventNames):
            merged = (Match(name, (), self.members(name)) for name in sorted(self.events))
            return EventNames(tuple(merged))
        if isinstance(value, tuple):
            return tuple(self._resolved(one) for one in value)
        if not is_dataclass(value) or isinstance(value, type | syntax.Node):
            return value
        changed: dict[str, Any] = {}
        given = {one.name: getattr(value, one.name) for one in fields(value)}
        for field_, before in given.items():
            if isinstance(before, tuple) or is_dataclass(before):
                after = self._resolved(before)
                if after != before:
                    changed[field_] = after
        if "merged" in given:
            changed["merged"] = self.members(given["event_name"])
        if "computed" in given and given.get("on", "event") == "event":
            name = given["property"] if "property" in given else given["name"]
            changed["computed"] = self.computed(name, name) if name else None
        if isinstance(value, PropertyFilter) and value.property == _EVENT_NAME:
            changed["values"] = self._names(value)
        return replace(value, **changed) if changed else value

    def _names(self, filter_: PropertyFilter) -> tuple[Scalar, ...]:
        """The names that a filter on events' names means."""
        if filter_.operator not in _OF_NAMES:
            return filter_.values
        found: list[Scalar] = []
        for value in filter_.values:
            members = self.members(str(value))
            if any(one.filters for one in members):
                raise InvalidQuery(
                    f"{filter_.path}.value",
                    f"{value} stands for events with filters: choose it as the event instead",
                )
            found += [one.event_name or "" for one in members] or [value]
        return tuple(found)


def parse_member(item: Mapping[str, Any], path: str) -> Match:
    """One of the events that a virtual one stands for.

    Raises:
        InvalidQuery
    """
    for name in item:
        if name not in _MEMBER:
            raise InvalidQuery(f"{path}.{name}", "does not belong here")
    event_name = item.get("event_name")
    if not isinstance(event_name, str):
        raise InvalidQuery(f"{path}.event_name", "must be the name of an event")
    passed: tuple[Filter, ...] = filters.parse(item.get("filters", []), f"{path}.filters")
    if any(getattr(leaf, "property", "") == _EVENT_NAME for leaf in filters.within(passed)):
        raise InvalidQuery(f"{path}.filters", f"must not be about {_EVENT_NAME}")
    if filters.cohorts_of(passed):
        raise InvalidQuery(f"{path}.filters", "must not be about cohorts")
    return Match(checked_event_name(event_name, f"{path}.event_name"), passed)


def _sent(name: str) -> Expressions:
    return properties.of_event(name, SETTLED, Parameters())


def _size(node: Node) -> int:
    return 1 + (sum(map(_size, node.arguments)) if isinstance(node, Call) else 0)
