"""Several breakdowns at once, each by a property's values, by ranges of its numbers, or by cohorts.

What is counted is told apart by a list of groups, one of each breakdown, as
``breakdowns.read_group`` reads them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from whipstitch.analytics.cohorts.members_sql import member_keys
from whipstitch.analytics.expressions import breakdowns, properties
from whipstitch.analytics.expressions.breakdowns import Breakdown, Broken, Group, is_in
from whipstitch.analytics.expressions.filters import CohortFilter, On
from whipstitch.analytics.expressions.properties import checked_name
from whipstitch.analytics.expressions.syntax import Node
from whipstitch.analytics.people import person_properties
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters

MOST: Final = 3
MOST_BUCKETS: Final = 100
MOST_COHORTS: Final = 20


@dataclass(frozen=True, slots=True)
class Buckets:
    """Ranges of a property's numbers: between ``edges`` (from each, inclusive, to the next), below
    the first and from the last on; or, without edges, ``count`` ranges with about as many rows
    each. What has no number has no range."""

    name: str
    on: On = "event"
    edges: tuple[float, ...] = ()
    count: int = 0
    computed: Node | None = None

    @property
    def limit(self) -> int:
        return len(self.edges) + 1 if self.edges else self.count


@dataclass(frozen=True, slots=True)
class CohortGroups:
    """The cohorts that a row's person is in: several rows' worth where these are several."""

    cohorts: tuple[CohortFilter, ...]
    limit: int = field(init=False, default=MOST_COHORTS)


Grouping = Breakdown | Buckets | CohortGroups


def parse_buckets(property_: str, on: On, buckets: int | Sequence[float], path: str) -> Buckets:
    """Raises:
    InvalidQuery
    """
    name = checked_name(property_, f"{path}.property")
    if isinstance(buckets, int):
        if not 2 <= buckets <= MOST_BUCKETS:
            raise InvalidQuery(f"{path}.buckets", f"must lie between 2 and {MOST_BUCKETS}")
        return Buckets(name, on, count=buckets)
    edges = tuple(float(edge) for edge in buckets)
    rising = all(before < after for before, after in pairwise(edges))
    if not (0 < len(edges) < MOST_BUCKETS and rising and all(map(math.isfinite, edges))):
        raise InvalidQuery(
            f"{path}.buckets", f"must be from 1 to {MOST_BUCKETS - 1} numbers that rise"
        )
    return Buckets(name, on, edges)


def parse_cohorts(cohorts: Sequence[str], path: str) -> CohortGroups:
    """Raises:
    InvalidQuery
    """
    if not 0 < len(cohorts) <= MOST_COHORTS or len(set(cohorts)) < len(cohorts):
        raise InvalidQuery(f"{path}.cohorts", f"must be from 1 to {MOST_COHORTS} different ids")
    places = (f"{path}.cohorts[{index}]" for index in range(len(cohorts)))
    return CohortGroups(
        tuple(CohortFilter(one, path=at) for one, at in zip(cohorts, places, strict=True))
    )


def checked(groupings: Sequence[Grouping], path: str) -> tuple[Grouping, ...]:
    """``groupings``, if they can be told apart in one go.

    Raises:
        InvalidQuery
    """
    if len(groupings) > MOST:
        raise InvalidQuery(path, f"must not be more than {MOST}")
    if sum(map(_is_in_several, groupings)) > 1:
        raise InvalidQuery(path, "may have one of elements or cohorts only")
    return tuple(groupings)


def broken(
    groupings: Sequence[Grouping], weight: str, where: str, values: Parameters, persons: Persons
) -> Broken:
    """As ``breakdowns.broken``, with an Array(String) of groups as ``group``."""
    source, listed, several = _listed(groupings, weight, where, values, persons)
    return Broken(source, f"arrayJoin({_each(listed, several)})" if several else listed)


def in_several(
    groupings: Sequence[Grouping], weight: str, where: str, values: Parameters, persons: Persons
) -> Broken:
    """The same of ``groupings`` that ``are_several``, where each row has to stay one: ``group`` is
    an array of them, each once."""
    source, listed, several = _listed(groupings, weight, where, values, persons)
    return Broken(source, f"arrayDistinct({_each(listed, several)})")


def are_several(groupings: Sequence[Grouping]) -> bool:
    """Whether a row may be in several groups."""
    return any(map(_is_in_several, groupings))


def are_in(
    found: str, groups: Sequence[Group], are_values: Sequence[bool] | None, values: Parameters
) -> str:
    """Whether ``found``, what ``broken`` gives, are ``groups``; ``are_values`` as ``is_value`` of
    ``breakdowns.is_in``, of each."""
    told: Sequence[bool | None] = are_values or [None] * len(groups)
    each = (
        is_in(f"{found}[{index}]", group, is_value, values)
        for index, (group, is_value) in enumerate(zip(groups, told, strict=True), 1)
    )
    return f"({' AND '.join(each)})"


def _listed(
    groupings: Sequence[Grouping], weight: str, where: str, values: Parameters, persons: Persons
) -> tuple[str, str, str]:
    """Where rows come from, the list of a row's groups, and if it is in several, the array of which
    each ``one`` stands in the list."""
    source, groups, several = "events", [], ""
    for index, one in enumerate(groupings):
        join, group = _grouped(one, f"traits{index}", weight, where, values, persons)
        source += join
        if _is_in_several(one):
            several, group = group, "one"
        groups.append(group)
    return source, f"[{', '.join(groups)}]", several


def _each(listed: str, several: str) -> str:
    return f"arrayMap(one -> {listed}, {several})"


def _is_in_several(grouping: Grouping) -> bool:
    return isinstance(grouping, CohortGroups) or (
        isinstance(grouping, Breakdown) and grouping.elements
    )


def _grouped(
    grouping: Grouping,
    alias: str,
    weight: str,
    where: str,
    values: Parameters,
    persons: Persons,
) -> tuple[str, str]:
    """What is joined to ``events``, and the group of a row: in several, an array of them."""
    if isinstance(grouping, CohortGroups):
        found = ", ".join(
            f"if({persons.key} IN ({member_keys(one.cohort, values)}), "
            f"[{breakdowns.group_of(values.add(one.cohort))}], [])"
            for one in grouping.cohorts
        )
        inside = f"arrayConcat({found})"
        return "", f"if(empty({inside}), ['{breakdowns.MISSING}'], {inside})"
    name = grouping.name if isinstance(grouping, Buckets) else grouping.property
    join, value = "", properties.of_event(name, persons, values, grouping.computed)
    if grouping.on == "person":
        trait = person_properties.VALUE
        columns = f"{trait.text} AS text, {trait.number} AS number, {trait.elements()} AS elements"
        join = breakdowns.with_trait(name, columns, values, persons, alias=alias)
        text, number, elements = (f"{alias}.{one}" for one in ("text", "number", "elements"))
    else:
        text, number, elements = value.text, value.number, value.elements()
    if isinstance(grouping, Buckets):
        return join, _bucket(grouping, number, where, values, persons)
    top = breakdowns.top_values(grouping, weight, where, values, persons)
    if grouping.elements:
        each = breakdowns.group_or_rest("element", f"element IN ({top})")
        groups = f"arrayMap(element -> {each}, {elements})"
        return join, f"if(empty({elements}), ['{breakdowns.MISSING}'], {groups})"
    return join, breakdowns.group_or_rest(text, f"{text} IN ({top})")


def _bucket(
    grouping: Buckets, number: str, where: str, values: Parameters, persons: Persons
) -> str:
    if grouping.edges:
        edges = values.add(list(grouping.edges), "Array(Float64)")
    else:
        shares = ", ".join(str(one / grouping.count) for one in range(1, grouping.count))
        source, found = (
            "events",
            properties.of_event(grouping.name, persons, values, grouping.computed).number,
        )
        if grouping.on == "person":
            trait_number = f"{person_properties.VALUE.number} AS number"
            source += breakdowns.with_trait(grouping.name, trait_number, values, persons)
            found = "traits.number"
        edges = (
            f"(SELECT arrayDistinct(quantilesExact({shares})({found})) "
            f"FROM {source} WHERE {where} AND isNotNull({found}))"
        )
    place = f"arrayCount(edge -> edge <= assumeNotNull({number}), {edges})"
    label = (
        f"multiIf({place} = 0, concat('< ', toString({edges}[1])), "
        f"{place} = length({edges}), concat('>= ', toString({edges}[-1])), "
        f"concat('[', toString({edges}[{place}]), ', ', toString({edges}[{place} + 1]), ')'))"
    )
    return f"if(isNull({number}), '{breakdowns.MISSING}', {breakdowns.group_of(label)})"
