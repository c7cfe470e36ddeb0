"""People whom a search finds, by part of one of their ids, of their name or of their email, and
those of a cohort."""

from functools import partial
from typing import Any, Final

from whipstitch.analytics.cohorts.members_sql import member_keys
from whipstitch.analytics.expressions.searching import containing, folded
from whipstitch.analytics.people import traits
from whipstitch.identity.person_map import LINKED
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

contains: Final = partial(containing, wanted="{search:String}")
"""Whether an expression, of text, contains the ``search`` that ``matching`` binds."""


def matching(search: str, condition: str, most: int) -> Sql:
    """A query of ``who``: those whom ``search`` finds by what other tables than events say and who
    meet a ``condition`` on ``who``, in the order of their distinct ids; of more than ``most`` the
    first. Who has no alias and no trait is found by their distinct id alone."""
    first = "LIMIT {most:UInt32}"
    ids = (
        f"SELECT distinct_id AS id FROM person_traits "
        f"WHERE {IN_SCOPE} AND property = '' AND {contains('distinct_id')} "
        f"ORDER BY distinct_id {first} UNION ALL "
        f"SELECT person AS id FROM {LINKED} "
        f"AND ({contains('person_ids.id')} OR {contains('person')}) "
        f"ORDER BY person_ids.id {first}"
    )
    known = f"SELECT id, person FROM {LINKED} AND id IN ({ids})"
    by_id = (
        "SELECT if(known.person = '', found.id, known.person) AS who "
        f"FROM ({ids}) AS found LEFT JOIN ({known}) AS known ON known.id = found.id"
    )
    return Sql(
        f"SELECT DISTINCT who FROM ({traits.matching()} UNION ALL {by_id}) "
        f"WHERE {condition} ORDER BY who {first}",
        {"search": folded(search), "most": most},
    )


def in_cohort(cohort: str | None, key: str) -> tuple[str, dict[str, Any]]:
    """The condition that somebody with this key is in a cohort, if one is named, and its values."""
    if cohort is None:
        return "1", {}
    values = Parameters()
    keys = member_keys(cohort, values)
    return f"{key} IN ({keys})", dict(values.sql("").values)
