"""Insights in SQL: one statement for all series, and one for the people behind a number.

Each series is a part of the statement, whose rollup gives the totals over the whole range (which
for people, averages and percentiles are not sums of the intervals).

A breakdown has to know what each value weighs before it can put the rest together. Most properties
have few values: then the rows are summed up by value and interval at once, and these cells are
ranked. Where there are too many of them, or they would not be small, the rows are gone through
twice: for the values that stand alone, then for the numbers."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from whipstitch.analytics.expressions import breakdowns, groupings
from whipstitch.analytics.expressions.breakdowns import Breakdown, is_in
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import windows
from whipstitch.analytics.reports.insight_query import InsightSelector, InsightsQuery
from whipstitch.analytics.reports.measure import Series
from whipstitch.analytics.reports.windows import Windows
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql


def build(
    query: InsightsQuery,
    persons: Persons,
    most_cells: int = breakdowns.MOST_CELLS,
    crowded: Collection[int] = (),
) -> Sql:
    """Rows of: part (``parts``), group (blank: no breakdown; a list of ``groupings``), start of the
    interval, whether the row is for the whole range, numbers of the part's series, and how many
    cells were ranked: where these are more than ``most_cells`` the part is ``crowded`` and its
    numbers are wrong. Of series with windows the start is a window's place, and the number how many
    more people it has.

    With ``crowded`` it is about these parts only, and right."""
    values = Parameters()
    selects = []
    for index, part in enumerate(parts(query)):
        if crowded and index not in crowded:
            continue
        series = [query.series[one] for one in part]
        span = query.windows_of(part[0])
        if span is not None:
            select = _of_windows(query, series[0], span, values, persons)
        elif series[0].per_person is not None:
            select = _of_people(query, series[0], values, persons)
        elif query.breakdown is None or crowded or not _ranks_itself(query, series[0]):
            select = _of_rows(query, series, values, persons)
        else:
            select = _of_cells(query, query.breakdown, series[0], most_cells, values, persons)
        selects.append(f"SELECT {index} AS part, {select}")
    return values.sql(" UNION ALL ".join(selects))


def people(
    query: InsightsQuery, counted: InsightSelector, page: drill_down.SelectedPage, persons: Persons
) -> Sql:
    """The people whose events make one number."""
    values = Parameters()
    if counted.compared and query.compared is not None:
        query = query.compared
    series = query.series[counted.series]
    span = query.windows_of(counted.series)
    where, source, group = _rows(query, series, values, persons, span)
    counts = series.counted(values, persons)
    if counts and not query.is_broken_down:
        where += f" AND {counts}"
    if counted.interval is None:
        where += f" AND {query.range.condition(values)}"
    elif span is not None:
        start, end = span.of(counted.interval, query.intervals)
        where += f" AND {Windows((start,), (end,)).condition(values)}"
    else:
        start_ = values.add(counted.interval, "Int64")
        at = query.intervals.start_of_row(values)
        # What is added up has the people of all intervals before, too.
        where += f" AND {at} {'<=' if query.cumulative else '='} {start_}"
    who = f"{persons.key} AS key, {persons.id} AS id"
    selected = f"SELECT {who} FROM {source} WHERE {where}"
    if counted.of_group:
        if counted.groups is not None:
            is_theirs = groupings.are_in("breakdown", counted.groups, counted.are_values, values)
        else:
            is_theirs = is_in("breakdown", counted.group, counted.is_value, values)
        grouped = f"SELECT {who}, {group} AS breakdown FROM {source} WHERE {where}"
        selected = f"SELECT key, id FROM ({grouped}) WHERE {is_theirs}"
    return drill_down.build(selected, page, values)


def parts(query: InsightsQuery) -> list[list[int]]:
    """The series that are counted together, in one go over their events: those that match the same
    ones, unless each has values of a breakdown, people or windows of its own."""
    if query.is_broken_down:
        return [[index] for index in range(len(query.series))]
    together: dict[Match | int, list[int]] = defaultdict(list)
    for index, series in enumerate(query.series):
        alone = series.per_person is not None or query.windows_of(index) is not None
        together[index if alone else series.match].append(index)
    return list(together.values())


def _ranks_itself(query: InsightsQuery, series: Series) -> bool:
    """Whether the cells of a series say which of its values stand alone."""
    return series.sums_up() and query.leading(series) is series and query.groups_of is None


def _of_rows(
    query: InsightsQuery, series: Sequence[Series], values: Parameters, persons: Persons
) -> str:
    where, source, group = _rows(query, series[0], values, persons)
    numbers = ", ".join(one.aggregate(values, persons) for one in series)
    return (
        f"{group} AS breakdown, {query.intervals.start_of_row(values)} AS start, "
        f"grouping(start) AS whole, [{numbers}] AS numbers, 0 AS cells "
        f"FROM {source} WHERE {where} GROUP BY GROUPING SETS ((breakdown, start), (breakdown))"
    )


def _of_people(query: InsightsQuery, series: Series, values: Parameters, persons: Persons) -> str:
    """The math for each person, and then over them."""
    where, source, group = _rows(query, series, values, persons)
    if not query.is_broken_down and (counts := series.counted(values, persons)):
        where += f" AND {counts}"
    each = (
        f"SELECT {group} AS breakdown, {query.intervals.start_of_row(values)} AS start, "
        f"grouping(start) AS whole, {persons.key} AS person, "
        f"{series.aggregate(values, persons)} AS number "
        f"FROM {source} WHERE {where} "
        "GROUP BY GROUPING SETS ((breakdown, start, person), (breakdown, person))"
    )
    return (
        f"breakdown, start, whole, [{series.over_people('number')}] AS numbers, 0 AS cells "
        f"FROM ({each}) GROUP BY breakdown, start, whole"
    )


def _of_windows(
    query: InsightsQuery, series: Series, span: Windows, values: Parameters, persons: Persons
) -> str:
    where, source, group = _rows(query, series, values, persons, span)
    rows = (
        f"SELECT {group} AS breakdown, {persons.key} AS key, timestamp FROM {source} WHERE {where}"
    )
    changes = windows.build(span, rows, query.range.condition(values), values)
    return (
        f"breakdown, place AS start, place = {windows.WHOLE} AS whole, "
        f"[toFloat64(change)] AS numbers, 0 AS cells FROM ({changes})"
    )


def _of_cells(
    query: InsightsQuery,
    breakdown: Breakdown,
    series: Series,
    most: int,
    values: Parameters,
    persons: Persons,
) -> str:
    """The same, of what the rows of each value and interval come to, ranked."""
    source, value = breakdowns.valued(breakdown, values, persons)
    cells = (
        f"SELECT {value} AS value, {query.intervals.start_of_row(values)} AS start, "
        f"{series.weight(values, persons)} AS weight, {series.partial(values, persons)} AS partial "
        f"FROM {source} WHERE {_where(query, series, values, persons)} GROUP BY value, start"
    )
    return (
        "breakdown, start, grouping(start) AS whole, "
        f"[{series.whole('partial')}] AS numbers, max(among) AS cells "
        f"FROM ({breakdowns.ranked(breakdown, cells, most, values)}) "
        "GROUP BY GROUPING SETS ((breakdown, start), (breakdown))"
    )


def _rows(
    query: InsightsQuery,
    series: Series,
    values: Parameters,
    persons: Persons,
    span: Windows | None = None,
) -> tuple[str, str, str]:
    """The condition that the rows of a series meet, where they come from, and their group.
    ``span``: they lie in these windows instead of the range."""
    where = _where(query, series, values, persons, span)
    if not query.is_broken_down:
        return where, "events", "''"
    leading = query.leading(series)
    of_groups = _where(query, leading, values, persons, of_groups=True)
    weight = leading.weight(values, persons)
    if query.breakdown is not None:
        broken = breakdowns.broken(query.breakdown, weight, of_groups, values, persons)
    else:
        broken = groupings.broken(query.groupings, weight, of_groups, values, persons)
    return where, broken.source, broken.group


def _where(
    query: InsightsQuery,
    series: Series,
    values: Parameters,
    persons: Persons,
    span: Windows | None = None,
    *,
    of_groups: bool = False,
) -> str:
    range_ = (of_groups and query.groups_of) or query.range
    conditions = [
        IN_SCOPE,
        range_.condition(values) if span is None else span.condition(values),
        series.match.condition(values, persons),
        all_met(query.filters, values, persons),
    ]
    if query.is_broken_down and (counts := series.counted(values, persons)):
        # A value that the math has nothing of is no group. (Without a breakdown other series may
        # be counted in the same go.)
        conditions.append(counts)
    return " AND ".join(conditions)
