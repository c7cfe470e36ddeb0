"""From the rows of an insight's statement to the lines of its answer."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from statistics import fmean
from typing import Any, Final

from msgspec import UNSET

from whipstitch.analytics.expressions.breakdowns import ALL, is_alike, is_leftover, read_group
from whipstitch.analytics.expressions.formulas import Formula
from whipstitch.analytics.reports import windows
from whipstitch.analytics.reports.insight_query import InsightsQuery, Line
from whipstitch.analytics.reports.insight_statement import parts
from whipstitch.analytics.reports.measure import Series

_LARGEST: Final = sys.float_info.max
_NO_BREAKDOWN: Final = ""

Number = int | float | None
_Key = str | tuple[str, ...]
"""A group as the statement has it, or one of each of several breakdowns."""
_Groups = Mapping[_Key, "_Numbers"]


@dataclass(slots=True)
class _Numbers:
    """What was found of a series, or of one group of it: by the interval's start (with windows: the
    changes by place), then by interval."""

    total: Number
    found: dict[int, float | None] = field(default_factory=dict)
    values: list[Number] = field(default_factory=list)


def lines(
    query: InsightsQuery, rows: Sequence[Sequence[Any]], overall: Sequence[Sequence[Any]] = ()
) -> list[Line]:
    """The lines that ``rows`` make. Of a series' groups the one with the largest total comes first;
    the rest and what has no value come last. ``overall``: the rows of the same without breakdown,
    whose lines come behind each series' groups."""
    found = _read(query, rows)
    whole = _read(query.overall(), overall) if overall or query.with_total else []
    made: list[Line] = []
    for index, series in enumerate(query.series):
        made += _lines_of(query, series, found[index], whole[index] if whole else {})
    for formula in query.formulas:
        groups = _worked_out(formula, query, found)
        in_whole = _worked_out(formula, query.overall(), whole) if whole else {}
        made += _lines_of(query, formula, groups, in_whole)
    return made


def _read(query: InsightsQuery, rows: Sequence[Sequence[Any]]) -> list[dict[_Key, _Numbers]]:
    """The numbers of each series by group."""
    together = parts(query)
    groups: list[dict[_Key, _Numbers]] = [{} for _ in query.series]
    for part, found, start, whole, numbers, _ in rows:
        text = found if isinstance(found, str) else tuple(found)
        for index, number in zip(together[part], numbers, strict=True):
            series = query.series[index]
            group = groups[index].setdefault(text, _Numbers(series.of_none()))
            if whole:
                group.total = _number(series, number)
            else:
                group.found[start] = number
    for index, series in enumerate(query.series):
        if not query.is_broken_down:
            groups[index].setdefault(_NO_BREAKDOWN, _Numbers(series.of_none()))
        for group in groups[index].values():
            group.values = _values(query, index, group)
        # (A person of the days before the range alone makes a group of windows.)
    return groups


def _values(query: InsightsQuery, index: int, group: _Numbers) -> list[Number]:
    series, starts = query.series[index], query.intervals.starts
    if query.windows_of(index) is not None:
        return [_number(series, one) for one in windows.counts(_known(group), len(starts))]
    numbers = [_number(series, group.found.get(start, series.of_none())) for start in starts]
    return list(accumulate(one or 0 for one in numbers)) if query.cumulative else numbers


def _known(group: _Numbers) -> dict[int, float]:
    return {place: number for place, number in group.found.items() if number is not None}


def _worked_out(
    formula: Formula, query: InsightsQuery, found: Sequence[_Groups]
) -> dict[_Key, _Numbers]:
    """A formula's numbers, in each group that one of its series has."""
    texts = dict.fromkeys(text for index in formula.series for text in found[index])
    worked_out = {}
    for text in texts:
        numbers = [groups.get(text) for groups in found]
        none = [[one.of_none()] * len(query.intervals.starts) for one in query.series]
        values = [one.values if one else none[index] for index, one in enumerate(numbers)]
        totals = [
            one.total if one else query.series[index].of_none() for index, one in enumerate(numbers)
        ]
        each = [formula.value(at_once) for at_once in zip(*values, strict=True)]
        worked_out[text] = _Numbers(formula.value(totals), values=list(each))
    return worked_out


def _lines_of(
    query: InsightsQuery, of: Series | Formula, groups: _Groups, whole: _Groups
) -> Iterator[Line]:
    for text, group in sorted(groups.items(), key=_rank):
        line = _line(query, of, group)
        if isinstance(text, tuple):
            line.breakdowns = [read_group(one) for one in text]
            line.breakdown = line.breakdowns[0]
            alike = [is_alike(one) is True for one in text]
            line.are_values = alike if any(alike) else UNSET
        elif query.breakdown is not None:
            line.breakdown, line.is_value = read_group(text), is_alike(text)
        yield line
    for group in whole.values():
        line = _line(query, of, group)
        line.breakdown = ALL
        if query.groupings:
            line.breakdowns = [ALL] * len(query.groupings)
        yield line


def _line(query: InsightsQuery, of: Series | Formula, group: _Numbers) -> Line:
    values = _averaged(group.values, query.moving_average)
    name = of.match.event_name if isinstance(of, Series) else None
    return Line(
        name,
        None,
        values,
        group.total,
        name=UNSET if of.name is None else of.name,
        unit=UNSET if of.unit is None else of.unit,
        formula=of.expression if isinstance(of, Formula) else UNSET,
    )


def _averaged(values: list[Number], over: int) -> list[Number]:
    if over == 1:
        return values
    averages: list[Number] = []
    for index in range(len(values)):
        some = [one for one in values[max(0, index + 1 - over) : index + 1] if one is not None]
        averages.append(fmean(some) if some else None)
    return averages


def _number(series: Series, found: float | None) -> Number:
    if found is None:
        return None
    if series.is_count():
        return int(found)
    # JSON has no infinity.
    return min(max(float(found), -_LARGEST), _LARGEST)


def _rank(group: tuple[_Key, _Numbers]) -> tuple[bool, float, _Key]:
    text, found = group
    if isinstance(text, str) and is_leftover(text):
        return True, 0, text
    return False, -(found.total or 0), text
