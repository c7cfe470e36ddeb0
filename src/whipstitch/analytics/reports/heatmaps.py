"""Heatmaps: how many taps and clicks fell where on a screen, in the cells of a grid.

The grid lies over the screen's contents: it is ``columns`` wide, ``rows`` of it are as high as
what is visible at once, and it goes ``depth`` times as far down. A position that is in none of its
cells, or that has no size to be measured by, is unplaced."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from whipstitch.analytics.events import screens
from whipstitch.analytics.expressions import properties
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.properties import is_text
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.report import Report, in_one_statement
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

COLUMNS: Final = 32
MOST_COLUMNS: Final = 100
ROWS: Final = 64
MOST_ROWS: Final = 200
DEPTH: Final = 5
DEEPEST: Final = 20
MOST_CELLS: Final = 20_000
_MOST_VALUES: Final = 50
_UNPLACED: Final = "(toInt32(-1), toInt32(-1))"


@dataclass(frozen=True, slots=True)
class HeatmapQuery:
    """``match``: which events, of those that have a position on the screen."""

    screen: str
    range: TimeRange
    match: Match = Match(None)  # noqa: RUF009 - frozen
    columns: int = COLUMNS
    rows: int = ROWS
    depth: int = DEPTH


class HeatmapCell(msgspec.Struct, frozen=True):
    """``column`` counts from the left, ``row`` from the top of the contents, both from 0."""

    column: int
    row: int
    taps: int
    people: int


class TapShare(msgspec.Struct, frozen=True):
    """How many of the taps have a value; null: none."""

    value: str | None
    taps: int


class Heatmap(msgspec.Struct, kw_only=True):
    """``taps`` and ``people`` are those of all cells, of which at most 20,000 are told, the fullest
    first; ``events``, ``os`` and ``app_versions`` say what the taps are, the most frequent
    first."""

    ok: bool = True
    taps: int
    people: int
    unplaced: int
    columns: int
    rows: int
    cells: list[HeatmapCell]
    events: list[TapShare]
    os: list[TapShare]
    app_versions: list[TapShare]


def checked_screen(name: str, field: str = "screen") -> str:
    """Raises:
    InvalidQuery: no screen can be called so.
    """
    if not 0 < len(name) <= screens.LONGEST_NAME or not is_text(name):
        raise InvalidQuery(
            field, f"must be the name of a screen, of at most {screens.LONGEST_NAME:,} characters"
        )
    return name


def build(query: HeatmapQuery, persons: Persons) -> Sql:
    """Rows of: kind (``cell``, ``event``, ``os``, ``app_version``, or ``all``), the cell's column
    and row, the value of another kind, taps, people, what is unplaced."""
    values = Parameters()
    limits = f"if(kind = 'cell', {MOST_CELLS}, {_MOST_VALUES})"
    counted = (
        "SELECT multiIf(grouping(cell) = 0, 'cell', grouping(event_name) = 0, 'event', "
        "grouping(os) = 0, 'os', grouping(app_version) = 0, 'app_version', 'all') AS kind, "
        "cell, multiIf(kind = 'event', event_name, kind = 'os', os, app_version) AS value, "
        "countIf(placed) AS taps, uniqExactIf(key, placed) AS people, countIf(NOT placed) AS lost "
        f"FROM ({_taps(query, values, persons)}) "
        "GROUP BY GROUPING SETS ((cell), (event_name), (os), (app_version), ())"
    )
    ranked = (
        "SELECT *, row_number() OVER (PARTITION BY kind ORDER BY taps DESC, cell, value) AS place "
        f"FROM ({counted}) WHERE taps > 0 OR kind = 'all'"
    )
    return values.sql(
        f"SELECT kind, cell.1, cell.2, value, taps, people, lost FROM ({ranked}) "
        f"WHERE place <= {limits} ORDER BY kind, place"
    )


def people(
    query: HeatmapQuery,
    cell: tuple[int, int] | None,
    page: drill_down.SelectedPage,
    persons: Persons,
) -> Sql:
    """Who tapped in a cell (column, row), or (None) in any."""
    values = Parameters()
    where = "placed"
    if cell is not None:
        column, row = (values.add(one, "Int32") for one in cell)
        where = f"cell = ({column}, {row})"
    taps = _taps(query, values, persons)
    return drill_down.build(f"SELECT key, id FROM ({taps}) WHERE {where}", page, values)


def shape(query: HeatmapQuery, rows: Sequence[Sequence[Any]]) -> Heatmap:
    """The answer that ``rows`` make."""
    answer = Heatmap(
        taps=0, people=0, unplaced=0, columns=query.columns, rows=query.rows,
        cells=[], events=[], os=[], app_versions=[],
    )  # fmt: skip
    shares = {"event": answer.events, "os": answer.os, "app_version": answer.app_versions}
    for kind, column, row, value, taps, people_, unplaced in rows:
        if kind == "cell":
            answer.cells.append(HeatmapCell(column, row, taps, people_))
        elif kind == "all":
            answer.taps, answer.people, answer.unplaced = taps, people_, unplaced
        else:
            shares[kind].append(TapShare(value or None, taps))
    return answer


def _taps(query: HeatmapQuery, values: Parameters, persons: Persons) -> str:
    """A query of the events with a position on the screen: whose (``key``, ``id``), what they are,
    in which ``cell``, and whether they are ``placed`` in one."""
    spot = screens.spot_of_row()
    version = properties.of_event("$app_version", persons, values).text
    where = " AND ".join(
        (
            IN_SCOPE,
            query.range.condition(values),
            query.match.condition(values, persons),
            f"{screens.of_row()} = {values.add(query.screen)}",
            "isNotNull(x)",
            "isNotNull(y)",
        )
    )
    found = (
        f"SELECT {persons.key} AS key, {persons.id} AS id, event_name, os, "
        f"ifNull({version}, '') AS app_version, {spot.x} AS x, {spot.y} AS y, "
        f"ifNull({spot.scroll}, 0) AS scroll, {spot.size} AS size "
        f"FROM events WHERE {where}"
    )
    measured = (
        "SELECT *, assumeNotNull(x) / size.1 AS across, "
        f"(assumeNotNull(y) + scroll) / size.2 AS down FROM ({found})"
    )
    columns, rows = (values.add(one, "Int32") for one in (query.columns, query.rows))
    last_column = values.add(query.columns - 1, "Int32")
    last_row = values.add(query.rows * query.depth - 1, "Int32")
    # The right and the lower edge belong to the last cells.
    cell = (
        f"(least(toInt32(floor(across * {columns})), {last_column}), "
        f"least(toInt32(floor(down * {rows})), {last_row}))"
    )
    # Where there is no size they are infinite or no number.
    placed = f"across BETWEEN 0 AND 1 AND down BETWEEN 0 AND {values.add(query.depth, 'UInt8')}"
    return (
        "SELECT key, id, toString(event_name) AS event_name, toString(os) AS os, app_version, "
        f"({placed}) AS placed, if(placed, {cell}, {_UNPLACED}) AS cell FROM ({measured})"
    )


REPORT: Final = Report(in_one_statement(build, shape), people)
