"""The columns of ``events`` that hold texts and flags of an event: the one list of them.

From it the insert, the answers, the export, the names of properties and what SQL users may read are
made. To add one: a line here, a field of the row and of the answer (``EventRow``, ``Event``),
and a migration."""

from typing import Final, NamedTuple


class Column(NamedTuple):
    """``property``: what filters and breakdowns call it, blank where they do not. A flag is a Bool,
    everything else a text, blank where there is none."""

    name: str
    property: str = ""
    is_flag: bool = False


COLUMNS: Final = (
    Column("id"),
    Column("event_name", "$event_name"),
    Column("distinct_id"),
    Column("session_id", "$session_id"),
    Column("os", "$os"),
    Column("browser", "$browser"),
    Column("device_model", "$device_model"),
    Column("bot", "$bot", is_flag=True),
    Column("city", "$city"),
    Column("region", "$region"),
    Column("country", "$country"),
    Column("timezone", "$timezone"),
    Column("lib_version", "$lib_version"),
)
IDS: Final = ("id", "event_name", "distinct_id", "session_id")
ADDED: Final = tuple(one.name for one in COLUMNS if one.name not in IDS)
"""What is known of the device, the place and the client, in the order of answers."""
