"""All traits, or all aliases in force, as lines of JSON: with the events' export they are all that
a project holds, and `whipstitch import whipstitch` takes the three."""

from typing import Final, Literal

from whipstitch.identity.person_map import LINKED
from whipstitch.warehouse.sql import IN_SCOPE, Sql

What = Literal["people", "aliases"]


def build(what: What) -> Sql:
    """One column, which is the line, in no order."""
    return Sql(_STATEMENTS[what], {})


def _rfc3339(moment: str) -> str:
    return f"concat('\"', replaceOne(toString({moment}), ' ', 'T'), 'Z\"')"


# One update of a trait a line, under the id that it was said of: what is set, set once (the first
# that was), or added (all of it). A trait that was deleted is null. Each person is named by a line.
_TRAITS: Final = (
    "SELECT if(property = '', "
    "concat('{\"distinct_id\":', toJSONString(distinct_id), ',\"properties\":{}}'), "
    "concat('{\"distinct_id\":', toJSONString(distinct_id), ',\"property\":', "
    "toJSONString(property), multiIf(operation = 0, ',\"value\":', operation = 1, "
    "',\"set_once\":', concat(',\"accepted\":', toString(accepted), ',\"add\":')), "
    "if(deleted, 'null', translate(value, '\\n\\r', '  ')), "
    f"',\"timestamp\":', {_rfc3339('timestamp')}, '}}')) AS line "
    f"FROM person_traits FINAL WHERE {IN_SCOPE}"
)
_SAID: Final = (
    "SELECT alias_id, accepted, min(received) AS said_at, min(timestamp) AS meant_at "
    f"FROM person_aliases WHERE {IN_SCOPE} GROUP BY alias_id, accepted"
)
# As it was sent: chains stay chains.
_ALIASES: Final = (
    "SELECT concat('{\"alias_id\":', toJSONString(id), ',\"distinct_id\":', toJSONString(parent), "
    f"',\"timestamp\":', {_rfc3339('meant_at')}, ',\"created_at\":', {_rfc3339('said_at')}, "
    f"'}}') AS line FROM (SELECT id, parent, since FROM {LINKED}) AS linked "
    f"LEFT JOIN ({_SAID}) AS said ON said.alias_id = id AND said.accepted = since"
)
_STATEMENTS: Final = {"people": _TRAITS, "aliases": _ALIASES}
