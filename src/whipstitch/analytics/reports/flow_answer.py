"""The answer to flows: nodes and links of counted paths."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from whipstitch.analytics.expressions.breakdowns import OTHER
from whipstitch.analytics.reports.flow_query import REST, FlowsQuery


class Node(msgspec.Struct, frozen=True):
    """An event (or screen, or page) at a step: 0 is the event that was asked for, 1 comes after it,
    -1 before it. ``count`` is in paths."""

    id: str
    event_name: str
    step: int
    count: int
    is_value: bool | UnsetType = UNSET
    """Set where the event is one that is called as OTHER."""


class FlowLink(msgspec.Struct, frozen=True):
    """How many paths go from one node to another, which comes later."""

    source: str
    target: str
    count: int


class Flows(msgspec.Struct, kw_only=True):
    """Nodes in the order of their distance from the event, the most frequent first, the rest
    last."""

    ok: bool = True
    nodes: list[Node]
    links: list[FlowLink]


def shape(query: FlowsQuery, rows: Sequence[Sequence[Any]]) -> Flows:
    """The answer that ``rows`` make. Of two events as frequent as each other, the one that sorts
    first stands alone."""
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for step, name, _, count in rows:
        counts[step][name] += count
    labels = {step: _labels(found, query.limit) for step, found in counts.items()}
    nodes: Counter[tuple[int, str]] = Counter()
    links: Counter[tuple[int, str, str]] = Counter()
    for step, name, nearer, count in rows:
        label = labels[step][name]
        nodes[step, label] += count
        if nearer:
            links[step, label, labels[_nearer(step)][nearer]] += count
    return Flows(
        nodes=[
            Node(
                _id(step, label),
                OTHER if label == REST else label,
                step,
                count,
                True if label == OTHER else UNSET,
            )
            for (step, label), count in sorted(nodes.items(), key=_rank)
        ],
        links=[
            FlowLink(*_ends(step, label, nearer), count)
            for (step, label, nearer), count in sorted(links.items(), key=_rank)
        ],
    )


def _labels(counts: Counter[str], limit: int) -> Mapping[str, str]:
    """What each event of a step is called: REST past the limit."""
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    return {name: name if place < limit else REST for place, name in enumerate(ranked)}


def _is_rest(node: Node) -> bool:
    return node.event_name == OTHER and node.is_value is UNSET


def _rank(counted: tuple[tuple[Any, ...], int]) -> tuple[Any, ...]:
    (step, label, *nearer), count = counted
    return abs(step), step, label == REST, -count, label, *nearer


def _nearer(step: int) -> int:
    return step - 1 if step > 0 else step + 1


def _id(step: int, label: str) -> str:
    if label == OTHER:
        return f"{step}:={label}"  # not the rest
    return f"{step}:{OTHER if label == REST else label}"


def _ends(step: int, label: str, nearer: str) -> tuple[str, str]:
    """The ids of a link's nodes, the earlier one first."""
    near, far = _id(_nearer(step), nearer), _id(step, label)
    return (near, far) if step > 0 else (far, near)
