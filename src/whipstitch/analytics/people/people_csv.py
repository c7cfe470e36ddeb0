"""Some people as a file for spreadsheets, with the columns that are chosen, in their order."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from whipstitch.analytics.expressions.cells import defused, harmless, rfc3339
from whipstitch.analytics.people import activity, columns
from whipstitch.analytics.people.columns import PeopleColumn
from whipstitch.analytics.people.selection import Selection, found
from whipstitch.analytics.people.sorting import LATEST, Sort, placed
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import Sql


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """All people of a selection."""

    selection: Selection
    columns: Sequence[PeopleColumn]
    sort: Sort = LATEST


def head(query: PeopleFile) -> str:
    """The first line: the names of the columns."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(defused(one.name) for one in query.columns)
    return line.getvalue()


def build(query: PeopleFile, persons: Persons) -> Sql:
    """The other lines. What people did is counted from the rows: a file is on its way before it
    could be told that a summary did not hold."""
    values = Parameters("p")
    _, did = activity.of_everybody(persons)
    people = found(query.selection, did, persons, values)
    joins, (sorted_by, *others) = columns.joined([query.sort.column, *query.columns], values)
    inside = ", ".join(
        f"{_cell(column, value)} AS cell{index}"
        for index, (column, value) in enumerate(zip(query.columns, others, strict=True))
    )
    outside = ", ".join(f"cell{index}" for index in range(len(query.columns)))
    shown = (
        f"SELECT people.who AS who, {inside}, {sorted_by} AS sorted_by "
        f"FROM ({people}) AS people{joins}"
    )
    return values.sql(
        f"SELECT {outside} FROM ({placed(shown, query.sort.column)}) ORDER BY {query.sort.order()}"
    )


def _cell(column: PeopleColumn, value: str) -> str:
    """Text as it is, what else a trait is as JSON."""
    if column.is_trait:
        text = f"JSONExtractString({value})"
        return f"if(JSONType({value}) = 'String', {harmless(text)}, {value})"
    if column.name in ("first_seen", "last_seen"):
        moment = f"fromUnixTimestamp64Milli(assumeNotNull({value}), 'UTC')"
        return f"if(isNull({value}), '', {rfc3339(moment)})"
    return harmless(value) if column.name == "distinct_id" else value
