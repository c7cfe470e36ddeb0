"""The quick way of a file's event into a row, against the way of an event that a client sends."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.core.projects import IngestionKey, Project
from whipstitch.ingest.enrichment.places import Place
from whipstitch.ingest.history.events import EventRows, NoEvent

KEY = IngestionKey("", Project("proj_a", "Shop"), "live")
PLACE = Place("Lyon", "ARA", "FR", "Europe/Paris")

_texts = st.sampled_from(["", "iOS", "A\u00df\U0001f600", '"\\', "12"])
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | _texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=2),
    max_leaves=4,
)
_names = st.sampled_from(
    [
        *("$os", "$browser", "$device_model", "$session_id", "$lib_version", "$timestamp", "time"),
        *("message_id", "messageId", "$insert_id", "insert_id", "event_id", "uuid", "eid", "a"),
    ]
)
_properties = st.dictionaries(_names, _values, max_size=6)
_moments = (
    st.sampled_from(
        [1700000000, 1700000000123, 1.5e9, "2024-01-02T03:04:05.678Z", "1700000000", "", "never"]
    )
    | st.none()
    | _values
)


def numbers() -> Iterator[int]:
    return count(7)


@given(
    payload=st.fixed_dictionaries(
        {"event_name": st.just("saw"), "distinct_id": st.just("u1"), "properties": _properties},
        optional={
            "default_properties": _properties.filter(bool),
            "lib_version": st.just("x@1"),
            "timestamp": _moments,
            "message_id": st.sampled_from(["m1", "12", "\u00df"]),
        },
    )
)
def test_the_quick_way_makes_the_row_of_an_event_as_it_is_sent(payload: dict[str, Any]) -> None:
    quick, sent = (EventRows(KEY, numbers().__next__) for _ in range(2))
    try:
        expected = msgspec.json.encode(sent.as_sent(payload, PLACE))
    except NoEvent as error:
        with pytest.raises(NoEvent, match=str(error)):
            quick.of(payload, PLACE)
    else:
        assert msgspec.json.encode(quick.of(payload, PLACE)) == expected
