"""Loading and querying."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.clickhouse import opened
from tests.support.segments import START_MS, event, trait, write_segment

from whipstitch.core.errors import StorageError, StorageRefused, StorageUnavailable
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.segment_reader import contents
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.store import Store


def load(store: Store, segment: Path, *, careful: bool = False) -> None:
    Inserts(store).load([segment], segment.stem, contents(segment), careful=careful)


def test_an_event_comes_back_with_everything_that_was_sent(store: Store, tmp_path: Path) -> None:
    sent = r'{"a":[true,1,null],"b.c":1,"b":{"c":{}},"day":"2026-01-01","n":12345678901234567890}'
    line = event(5, properties=sent, event_name="Kauf ü", city="Köln", bot=True, session_id="s1")
    load(store, write_segment(tmp_path, [line]))
    rows = store.query(
        "SELECT id, event_name, distinct_id, anon_id, session_id, timestamp, received_at, "
        "accepted, os, bot, city, country, properties_sent, default_properties_sent FROM events"
    )
    moment = datetime.fromtimestamp(START_MS / 1000, UTC)
    assert rows == [
        (
            f"evt_{5:021d}",
            "Kauf ü",
            "user_5",
            "",
            "s1",
            moment.replace(microsecond=5000),
            moment,
            START_MS * 1000 + 5,
            "ios",
            True,
            "Köln",
            "DE",
            sent,
            '{"$os":"ios"}',
        )
    ]


def test_an_answer_that_breaks_off_is_an_error_and_no_row_of_it_is_in_a_later_one(
    store: Store,
) -> None:
    for _ in range(3):
        with pytest.raises(StorageError):
            store.query("SELECT number, throwIf(number = 3000000) FROM numbers(5000000)")
        assert [store.query("SELECT 1") for _ in range(5)] == [[(1,)]] * 5


def test_properties_keep_their_types_for_queries(store: Store, tmp_path: Path) -> None:
    sent = {"price": 9.5, "plan": "pro", "day": "2026-01-01", "deep": {"er": True}, "a.b": 1}
    load(store, write_segment(tmp_path, [event(1, properties=json.dumps(sent))]))
    rows = store.query(
        "SELECT properties.price::Float64, dynamicType(properties.day), properties.deep.er::Bool, "
        "properties.`a%2Eb`::Int64, default_properties.`$os`::String FROM events "
        "WHERE properties.plan = {plan:String}",
        {"plan": "pro"},
    )
    assert rows == [(9.5, "String", True, 1, "ios")]


def test_a_row_is_dated_by_its_receipt_and_stored_once_where_its_number_is_far_ahead(
    store: Store, tmp_path: Path
) -> None:
    ahead = (START_MS + 86_400_000) * 1000
    lines = [event(n, accepted=ahead + n, received=START_MS + n) for n in range(5)]
    load(store, write_segment(tmp_path, lines))
    load(store, write_segment(tmp_path, [*lines, event(7)]))
    rows = store.query(
        "SELECT received_at, accepted FROM events WHERE id = {id:String}", {"id": f"evt_{3:021d}"}
    )
    moment = datetime.fromtimestamp(START_MS / 1000, UTC).replace(microsecond=3000)
    assert rows == [(moment, ahead + 3)]
    assert store.query("SELECT count() FROM events") == [(6,)]


def test_a_segment_loaded_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    lines = [event(n) for n in range(50)]
    load(store, write_segment(tmp_path, lines))
    load(store, write_segment(tmp_path, lines))
    assert store.query("SELECT count(), uniqExact(id) FROM events") == [(50, 50)]


def test_a_half_loaded_segment_is_completed(store: Store, tmp_path: Path) -> None:
    lines = [event(n) for n in range(50)]
    load(store, write_segment(tmp_path, lines[10:30]))
    load(store, write_segment(tmp_path, lines))
    assert store.query("SELECT count(), uniqExact(id) FROM events") == [(50, 50)]


def test_rows_of_every_kind_find_their_tables(store: Store, tmp_path: Path) -> None:
    lines = [event(1), trait(2, "u", "plan", '"pro"'), event(4)]
    load(store, write_segment(tmp_path, lines))
    counts = [
        store.query(f"SELECT count() FROM {table}")[0][0] for table in ("events", "person_traits")
    ]
    assert counts == [2, 1]


def test_of_a_trait_the_later_timestamp_stays_and_then_the_later_acceptance(
    store: Store, tmp_path: Path
) -> None:
    updates = [
        trait(1, "u", "plan", '"late"', timestamp=START_MS),
        trait(2, "u", "plan", '"early"', timestamp=START_MS - 1),
        trait(3, "u", "mood", '"first"', timestamp=-5),
        trait(4, "u", "mood", '"second"', timestamp=-5),
    ]
    for number, line in enumerate(updates):
        load(store, write_segment(tmp_path, [line], number))
    store.query("OPTIMIZE TABLE person_traits FINAL")
    rows = store.query("SELECT property, value FROM person_traits ORDER BY property")
    assert rows == [("mood", '"second"'), ("plan", '"late"')]


@pytest.mark.parametrize(
    "sent",
    [
        '{"a":1e999}',
        r'{"a":"\ud800"}',
        r'{"\udc00":1}',
        b'{"a":"\xff"}',
        '{"a":' * 1500 + "1" + "}" * 1500,
    ],
)
def test_properties_that_json_cannot_hold_are_refused(
    store: Store, tmp_path: Path, sent: str | bytes
) -> None:
    with pytest.raises(StorageRefused):
        load(store, write_segment(tmp_path, [event(1), event(2, properties=sent)]))


def test_with_care_a_refused_row_keeps_what_was_sent(store: Store, tmp_path: Path) -> None:
    lines = [event(1, properties='{"a":1}'), event(2, properties='{"a":1e999}')]
    load(store, write_segment(tmp_path, lines), careful=True)
    rows = store.query(
        "SELECT toString(properties), properties_sent FROM events ORDER BY timestamp"
    )
    assert rows == [('{"a":1}', '{"a":1}'), ("{}", '{"a":1e999}')]


def test_times_of_four_centuries_make_a_bounded_number_of_partitions(
    store: Store, tmp_path: Path
) -> None:
    first, last = -2_208_988_800_000, 10_413_791_999_999
    times = [first + (last - first) * n // 5000 for n in range(5001)]
    lines = [event(n, timestamp=time) for n, time in enumerate(times)]
    load(store, write_segment(tmp_path, lines))
    assert store.query("SELECT min(timestamp), max(timestamp), count() FROM events") == [
        (datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 12, 31, 23, 59, 59, 999000, UTC), 5001)
    ]
    [(partitions,)] = store.query("SELECT uniqExact(_partition_id) FROM events")
    assert 60 < partitions < 90


def test_a_file_name_with_quotes_is_read(store: Store, tmp_path: Path) -> None:
    load(store, write_segment(tmp_path / "it's \\ here", [event(1)]))
    assert store.query("SELECT count() FROM events") == [(1,)]


def test_a_wrong_query_is_an_error_with_the_reason(store: Store) -> None:
    with pytest.raises(StorageUnavailable, match="nowhere"):
        store.query("SELECT * FROM nowhere")


def test_a_server_that_refuses_our_password_does_not_see_it_in_messages(
    clickhouse: Address,
) -> None:
    with opened(replace(clickhouse, password="wr0ng-word")) as store:
        with pytest.raises(StorageUnavailable, match="password is wrong") as caught:
            store.ping()
        assert "wr0ng-word" not in str(caught.value)
