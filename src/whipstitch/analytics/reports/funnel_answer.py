"""From the rows of a funnel's statements to its answer."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import UNSET

from whipstitch.analytics.expressions.breakdowns import is_alike, is_leftover, read_group
from whipstitch.analytics.reports.funnel_matching import WHOLE
from whipstitch.analytics.reports.funnel_query import (
    BrokenDown,
    Funnel,
    FunnelQuery,
    StepCounts,
    TimeBucket,
    TimeToConvert,
)

_Key = str | tuple[str, ...]
"""A group as the statement has it, or one of each of several breakdowns."""
_EVERYBODY: _Key = ""
_Numbers = tuple[Sequence[int], Sequence[float]]
_Found = Mapping[int, _Numbers]
"""Counts and medians of the steps, by place."""


def shape(
    query: FunnelQuery, rows: Sequence[Sequence[Any]], times: Sequence[Sequence[Any]] = ()
) -> Funnel:
    """The answer that ``rows`` and, with a histogram, ``times`` make. The value that most people
    began with comes first; the rest and what has no value come last."""
    found: dict[_Key, dict[int, _Numbers]] = {}
    for group, whole, place, counts, medians in rows:
        found.setdefault(_key(group, whole), {})[place] = counts, medians
    took = {_key(group, whole): numbers for group, whole, *numbers in times}
    everybody = found.pop(_EVERYBODY, {})
    funnel = Funnel(steps=_steps(query, everybody))
    if query.intervals is not None:
        now = query.now or datetime.now(UTC)
        funnel.intervals = query.intervals.labels()
        funnel.incomplete = query.intervals.incomplete(query.range, now)
        window = query.attempts.window
        funnel.open = query.intervals.unfinished(query.range, now, window)
        funnel.conversion = _conversion(query, everybody)
    if query.buckets:
        funnel.histogram = _histogram(query, took.get(_EVERYBODY), took)
    if query.is_broken_down:
        ranked = sorted(found, key=lambda one: _rank(query, one, found[one]))
        funnel.breakdowns = [_broken_down(query, one, found[one], took) for one in ranked]
    return funnel


def _key(group: Any, whole: int) -> _Key:
    if whole:
        return _EVERYBODY
    return group if isinstance(group, str) else tuple(group)


def _rank(query: FunnelQuery, group: _Key, found: _Found) -> tuple[bool, int, _Key]:
    count = _of(query, found)[0][0]
    if isinstance(group, str) and is_leftover(group):
        return True, 0, group
    return False, -count, group


def _broken_down(
    query: FunnelQuery, group: _Key, found: _Found, took: Mapping[_Key, Sequence[Any]]
) -> BrokenDown:
    texts = (group,) if isinstance(group, str) else group
    groups = [read_group(text) for text in texts]
    shown = BrokenDown(groups[0], _steps(query, found))
    if query.groupings:
        shown.breakdowns = groups
        alike = [is_alike(text) is True for text in texts]
        shown.are_values = alike if any(alike) else UNSET
    else:
        shown.is_value = is_alike(texts[0])
    if query.intervals is not None:
        shown.conversion = _conversion(query, found)
    if query.buckets:
        shown.histogram = _histogram(query, took.get(group), took)
    return shown


def _of(query: FunnelQuery, found: _Found, place: int = WHOLE) -> _Numbers:
    steps = len(query.attempts.steps)
    return found.get(place, ([0] * steps, [math.nan] * (steps - 1)))


def _steps(query: FunnelQuery, found: _Found) -> list[StepCounts]:
    counts, medians = _of(query, found)
    steps = []
    for index, step in enumerate(query.attempts.steps):
        before = counts[query.attempts.previous(index)] if index else counts[0]
        median = medians[index - 1] if index else math.nan
        names = [one.event_name for one in step.any_of]
        shown = StepCounts(
            names[0],
            counts[index],
            _share(counts[index], before),
            _share(counts[index], counts[0]),
            None if math.isnan(median) else median,
            optional=step.optional or UNSET,
            any_of=names if len(names) > 1 else UNSET,
        )
        if query.intervals is not None:
            shown.counts = [_of(query, found, one)[0][index] for one in query.intervals.starts]
        steps.append(shown)
    return steps


def _conversion(query: FunnelQuery, found: _Found) -> list[float | None]:
    starts = query.intervals.starts if query.intervals else ()
    last = query.attempts.required[-1]
    each = (_of(query, found, start)[0] for start in starts)
    return [counts[last] / counts[0] if counts[0] else None for counts in each]


def _histogram(
    query: FunnelQuery, numbers: Sequence[Any] | None, took: Mapping[_Key, Sequence[Any]]
) -> TimeToConvert:
    """Of a group, in the buckets of all."""
    if not took:
        return TimeToConvert([], None, None)
    least, width = next(iter(took.values()))[:2]
    counts, median, average = {}, None, None
    if numbers is not None:
        _, _, buckets, people, median, average = numbers
        counts = dict(zip(buckets, people, strict=True))
    edges = [(least + width * index) / 1000 for index in range(query.buckets + 1)]
    return TimeToConvert(
        [
            TimeBucket(edges[index], edges[index + 1], counts.get(index, 0))
            for index in range(query.buckets)
        ],
        None if median is None else median / 1000,
        None if average is None else average / 1000,
    )


def _share(count: int, of: int) -> float:
    return count / of if of else 0.0
