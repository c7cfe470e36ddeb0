"""The list of columns, held against what names them one by one."""

import re
from importlib.resources import files

from whipstitch.analytics.events.events import Event
from whipstitch.analytics.expressions.properties import PERSON_ID
from whipstitch.core.event_columns import COLUMNS
from whipstitch.ingest.validation.rows import EventRow
from whipstitch.warehouse.other_server import StoredEvent

_NAMES = {one.name for one in COLUMNS}


def test_rows_and_answers_have_every_column() -> None:
    assert set(EventRow.__struct_fields__) >= _NAMES
    assert set(StoredEvent.__struct_fields__) >= _NAMES
    assert set(Event.__struct_fields__) >= _NAMES


def test_the_dashboard_knows_which_properties_only_events_have() -> None:
    script = files("whipstitch.web.dashboard") / "static" / "cohort_definition.js"
    (listed,) = re.findall(r"const OF_EVENTS = \[(.*?)\];", script.read_text())

    of_events = {one.property for one in COLUMNS if one.property} | {PERSON_ID}
    assert set(re.findall(r'"(.*?)"', listed)) == of_events
