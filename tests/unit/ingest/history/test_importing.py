"""Files of each product, shaped as their exports are, and the rows that they become."""

import csv
import gzip
import io
import json
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whipstitch.core.errors import HistoryError
from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey, Project
from whipstitch.ingest.history import importing, sources
from whipstitch.ingest.history.importing import Imported
from whipstitch.ingest.history.journal import JournalWriter

KEY = IngestionKey("", Project("proj_a", "Shop"), "live")


class Quiet:
    def advance(self, size: int, records: int) -> None:
        pass


def imported(
    directory: Path, format_: str, *files: Path, dry_run: bool = False, again: bool = False
) -> tuple[list[dict[str, Any]], Imported]:
    """The rows of the journal, without those of earlier imports, and what the command would say."""
    journal = directory / "journal"
    before = set(journal.glob("*.jsonl"))
    writer = None
    if not dry_run:
        writer = JournalWriter(journal, directory / "imports", limit=2**40, reserve=0)
    tally = importing.run(
        format_, files, KEY, Placeholders(), directory, Quiet(), writer=writer, again=again
    )
    lines = [
        json.loads(line)
        for segment in sorted(set(journal.glob("*.jsonl")) - before)
        for line in segment.read_bytes().splitlines()
    ]
    return [line for line in lines if line["k"] != "commit"], tally


def lines(path: Path, records: Iterable[object]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return path


def table(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def told(rows: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Rows, readable."""
    found: list[tuple[object, ...]] = []
    for row in rows:
        if row["k"] == "track":
            found.append(("event", row["event_name"], row["distinct_id"], row["timestamp"]))
        elif row["k"] == "alias":
            found.append(("alias", row["alias_id"], row["distinct_id"]))
        elif row["property"]:
            found.append(("trait", row["distinct_id"], row["property"], json.loads(row["value"])))
    return found


def test_mixpanel(tmp_path: Path) -> None:
    events = lines(
        tmp_path / "events.jsonl",
        [
            {
                "event": "Bought",
                "properties": {
                    "time": 1700000000,
                    "distinct_id": "u1",
                    "$insert_id": "abc",
                    "$device_id": "d1",
                    "$user_id": "u1",
                    "$city": "Berlin",
                    "mp_country_code": "DE",
                    "price": 2.5,
                },
            }
        ],
    )
    people = lines(
        tmp_path / "people.jsonl",
        [
            {
                "$distinct_id": "u1",
                "$properties": {"$email": "a@b.c", "$last_seen": "2024-01-02T03:04:05"},
            }
        ],
    )
    rows, tally = imported(tmp_path, "mixpanel", events, people)
    assert told(rows) == [
        ("alias", "$device:d1", "u1"),
        ("event", "Bought", "u1", 1700000000000),
        ("trait", "u1", "$email", "a@b.c"),
    ]
    event = next(row for row in rows if row["k"] == "track")
    assert (event["city"], event["country"]) == ("Berlin", "DE")
    assert event["received"] == event["timestamp"]
    assert event["properties"]["price"] == 2.5
    assert (tally.events, tally.people, tally.aliases) == (1, 1, 1)


def test_posthog_as_lines_and_as_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    records: list[dict[str, Any]] = [
        {
            "uuid": "018c0000-0000-7000-8000-000000000001",
            "event": "$pageview",
            "distinct_id": "anon-1",
            "timestamp": "2024-01-02T03:04:05.678Z",
            "properties": {"$pathname": "/a", "$geoip_country_code": "FR"},
        },
        {
            "uuid": "018c0000-0000-7000-8000-000000000002",
            "event": "$identify",
            "distinct_id": "user-1",
            "timestamp": "2024-01-02T03:05:05Z",
            "properties": {"$anon_distinct_id": "anon-1", "$set": {"plan": "pro"}},
        },
    ]
    expected = [
        ("event", "$pageview", "anon-1", 1704164645678),
        ("alias", "anon-1", "user-1"),
        ("trait", "user-1", "plan", "pro"),
    ]
    rows, _ = imported(tmp_path, "posthog", lines(tmp_path / "a.jsonl", records))
    assert told(rows) == expected
    columns = {name: [one[name] for one in records] for name in records[0]}
    columns["properties"] = [json.dumps(one) for one in columns["properties"]]
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    same, _ = imported(tmp_path, "posthog", tmp_path / "a.parquet")
    assert told(same) == expected
    assert [row["id"] for row in same if row["k"] == "track"] == [
        row["id"] for row in rows if row["k"] == "track"
    ]


def test_amplitude_in_a_zip_of_packed_files(tmp_path: Path) -> None:
    event = {
        "event_type": "Opened",
        "event_time": "2024-01-02 03:04:05.678000",
        "$insert_id": "i1",
        "uuid": "u-1",
        "user_id": "user-1",
        "device_id": "dev-1",
        "session_id": 1704164645000,
        "event_properties": {"a": 1},
        "user_properties": {"plan": "pro"},
        "os_name": "iOS",
        "country": "France",
        "city": "Paris",
    }
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for hour in range(2):
            sent = event | {"$insert_id": f"i{hour}"}
            archive.writestr(f"1/1_{hour}.json.gz", gzip.compress(json.dumps(sent).encode()))
    rows, tally = imported(tmp_path, "amplitude", path)
    assert told(rows)[:3] == [
        ("alias", "dev-1", "user-1"),
        ("trait", "user-1", "plan", "pro"),
        ("event", "Opened", "user-1", 1704164645678),
    ]
    assert tally.events == 2
    assert tally.people == 1  # the same traits are said once
    assert {(row["os"], row["city"]) for row in rows if row["k"] == "track"} == {("ios", "Paris")}


@pytest.mark.parametrize("format_", ["segment", "rudder"])
def test_segment_and_rudder(tmp_path: Path, format_: str) -> None:
    records: list[dict[str, Any]] = [
        {"type": "track", "event": "Saw", "anonymousId": "anon_1", "messageId": "m1"},
        {"type": "identify", "userId": "user_1", "anonymousId": "anon_1", "traits": {"a": 1}},
        {"type": "group", "userId": "user_1", "groupId": "g", "traits": {"b": 1}},
    ]
    for record in records:
        record["timestamp"] = "2024-01-02T03:04:05Z"
    rows, tally = imported(tmp_path, format_, lines(tmp_path / "a.jsonl", records))
    assert told(rows) == [
        ("event", "Saw", "anon_1", 1704164645000),
        ("alias", "anon_1", "user_1"),
        ("trait", "user_1", "a", 1),
    ]
    assert tally.left_out == {"group_traits": 1}


def test_umami(tmp_path: Path) -> None:
    row = {
        "website_id": "w",
        "session_id": "sess-1",
        "visit_id": "visit-1",
        "event_id": "e-1",
        "hostname": "shop.example",
        "browser": "chrome",
        "os": "Windows 10",
        "country": "DE",
        "city": "Berlin",
        "url_path": "/a",
        "url_query": "x=1",
        "referrer_domain": "",
        "event_type": "1",
        "event_name": "",
        "created_at": "2024-01-02 03:04:05",
    }
    custom = row | {"event_id": "e-2", "event_type": "2", "event_name": "sign, up"}
    rows, _ = imported(tmp_path, "umami", table(tmp_path / "a.csv", row, custom))
    assert told(rows) == [
        ("event", "$pageview", "sess-1", 1704164645000),
        ("event", "sign, up", "sess-1", 1704164645000),
    ]
    assert rows[0]["properties"]["$current_url"] == "https://shop.example/a?x=1"
    assert rows[0]["session_id"] == "visit-1"
    assert (rows[0]["country"], rows[0]["city"]) == ("DE", "Berlin")


def test_plausible_has_events_in_its_table_but_only_numbers_in_its_export(tmp_path: Path) -> None:
    raw = table(
        tmp_path / "events_v2.csv",
        {
            "timestamp": "2024-01-02 03:04:05",
            "name": "pageview",
            "user_id": "11223344",
            "session_id": "5566",
            "hostname": "shop.example",
            "pathname": "/a",
            "country_code": "DE",
            "meta.key": "['plan']",
            "meta.value": "['pro']",
        },
    )
    numbers = table(
        tmp_path / "imported_visitors.csv", {"date": "2024-01-02", "visitors": "3", "visits": "4"}
    )
    rows, tally = imported(tmp_path, "plausible", raw, numbers)
    assert told(rows) == [("event", "$pageview", "11223344", 1704164645000)]
    assert rows[0]["properties"]["plan"] == "pro"
    assert [(n, why[:16]) for why, n in tally.left_out.items()] == [(1, "numbers of a day")]


OWN_EVENT = {
    "id": "evt_fs3pc5g2EPJnynOY_tCir",
    "event_name": "bought",
    "distinct_id": "user_1",
    "anon_id": "anon_1",
    "session_id": "s1",
    "timestamp": "2026-02-02T03:04:05.678Z",
    "received_at": "2026-02-02T03:04:06.001Z",
    "environment": "live",
    "properties": {"a": 1},
    "default_properties": {},
    "os": "ios",
    "browser": "Safari",
    "device_model": "iPhone",
    "bot": True,
    "city": "Paris",
    "region": "IDF",
    "country": "FR",
    "timezone": "Europe/Paris",
    "lib_version": "x@1",
}


def test_our_own_event_keeps_all_that_it_has(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(OWN_EVENT).replace('{"a": 1}', '{"a":1e3}') + "\n")
    rows, _ = imported(tmp_path, "whipstitch", path)
    alias, event = rows
    assert told([alias]) == [("alias", "anon_1", "user_1")]
    kept = ("id", "event_name", "session_id", "os", "browser", "device_model", "bot", "city")
    assert [event[name] for name in kept] == [OWN_EVENT[name] for name in kept]
    assert (event["distinct_id"], event["received"]) == ("anon_1", 1770001446001)
    assert b'"properties":{"a":1e3}' in next((tmp_path / "journal").glob("*.jsonl")).read_bytes()


def test_aliases_go_first_and_are_not_told_by_events_too(tmp_path: Path) -> None:
    events = lines(tmp_path / "a.jsonl", [OWN_EVENT])
    traits = lines(
        tmp_path / "b.jsonl",
        [{"distinct_id": "anon_1", "property": "x", "value": [1], "timestamp": "2026-01-01"}],
    )
    aliases = lines(tmp_path / "c.jsonl", [{"alias_id": "anon_1", "distinct_id": "mid_1"}])
    rows, _ = imported(tmp_path, "whipstitch", events, traits, aliases)
    assert [one[0] for one in told(rows)] == ["alias", "trait", "event"]
    assert told(rows)[0] == ("alias", "anon_1", "mid_1")


def mixpanel_line(number: int) -> dict[str, Any]:
    return {
        "event": "seen",
        "properties": {"time": 1700000000 + number, "distinct_id": "u1", "$insert_id": f"{number}"},
    }


def test_bad_lines_are_counted_and_named_and_take_no_other_with_them(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = json.dumps(mixpanel_line(1))
    deep = "[" * 100_000
    path.write_text("\n".join([good, "{broken", "[1]", '{"event":"x"}', deep, "", good]))
    rows, tally = imported(tmp_path, "mixpanel", path)
    assert len(rows) == 2
    assert rows[0]["id"] == rows[1]["id"]
    assert tally.left_out == {"no JSON": 2, "no JSON object": 1, "no time": 1}
    assert tally.examples[0] == "a.jsonl:2: no JSON"


def test_a_line_beyond_all_measure_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LONGEST_LINE", 1000)
    path = tmp_path / "a.jsonl.gz"
    text = json.dumps(mixpanel_line(1)).encode()
    path.write_bytes(gzip.compress(b"x" * 10_000_000 + b"\n" + text))
    rows, tally = imported(tmp_path, "mixpanel", path)
    assert len(rows) == 1
    assert tally.left_out == {"longer than 1000 bytes": 1}


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", map(mixpanel_line, range(10)))
    rows, tally = imported(tmp_path, "mixpanel", path, dry_run=True)
    assert rows == []
    assert tally.events == 10
    assert not (tmp_path / "journal").exists()


def test_a_file_is_imported_once_unless_that_is_asked_for(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", map(mixpanel_line, range(10)))
    first, _ = imported(tmp_path, "mixpanel", path)
    second, tally = imported(tmp_path, "mixpanel", path)
    assert second == []
    assert tally.skipped == 10
    again, _ = imported(tmp_path, "mixpanel", path, again=True)
    assert [row["id"] for row in again] == [row["id"] for row in first]


def test_an_import_that_was_ended_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lines(tmp_path / "a.jsonl", map(mixpanel_line, range(50_000)))
    segments: list[int] = []
    rename = Path.rename

    def ending(self: Path, target: Path) -> Path:
        if self.suffix == ".part":
            segments.append(1)
            if len(segments) == 2:
                raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", ending)
    with pytest.raises(KeyboardInterrupt):
        imported(tmp_path, "mixpanel", path)
    rows, tally = imported(tmp_path, "mixpanel", path)
    assert tally.skipped == 20_000
    assert len(rows) == 30_000


def test_a_file_that_is_cut_off_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    text = "".join(json.dumps(mixpanel_line(number)) + "\n" for number in range(1000))
    path.write_bytes(gzip.compress(text.encode())[:-20])
    with pytest.raises(HistoryError, match="cannot be read"):
        imported(tmp_path, "mixpanel", path)


def test_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lines(tmp_path / "a.jsonl", map(mixpanel_line, range(3)))
    with path.open("rb") as file, io.TextIOWrapper(file) as text:
        monkeypatch.setattr("sys.stdin", text)
        rows, _ = imported(tmp_path, "mixpanel", sources.STANDARD_INPUT)
    assert len(rows) == 3


def test_a_full_journal_that_nobody_loads_ends_the_import(tmp_path: Path) -> None:
    writer = JournalWriter(
        tmp_path / "journal", tmp_path / "imports", limit=0, reserve=0, sleep=lambda _: None
    )
    (tmp_path / "journal" / "waits.jsonl").write_bytes(b"x")
    path = lines(tmp_path / "a.jsonl", [mixpanel_line(1)])
    times = iter(range(0, 100_000, 10))
    importing_time = pytest.MonkeyPatch()
    importing_time.setattr("time.monotonic", lambda: float(next(times)))
    try:
        with pytest.raises(HistoryError, match="Start the server"):
            importing.run("mixpanel", [path], KEY, Placeholders(), tmp_path, Quiet(), writer=writer)
    finally:
        importing_time.undo()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_named = st.dictionaries(
    st.sampled_from(
        [
            *("event", "properties", "time", "distinct_id", "timestamp", "type", "userId", "$set"),
            *("event_type", "event_time", "user_id", "device_id", "user_properties", "traits"),
            *("$distinct_id", "$properties", "event_name", "alias_id", "property", "anonymousId"),
            *("received_at", "id", "default_properties", "context", "$identify", "session_id"),
        ]
    ),
    _json,
)


@settings(max_examples=20)
@given(records=st.lists(_named, max_size=10))
def test_no_record_of_any_shape_ends_an_import(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]]
) -> None:
    directory = tmp_path_factory.mktemp("any")
    path = lines(directory / "a.jsonl", records)
    for format_ in ("whipstitch", "mixpanel", "posthog", "amplitude", "segment"):
        _, tally = imported(directory, format_, path)
        assert tally.records == len(records)
    assert any((directory / "imports").iterdir())


def test_what_is_no_file_is_told_before_anything_is_imported(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "a directory"), (tmp_path / "gone.jsonl", "not there")):
        with pytest.raises(HistoryError, match=why):
            importing.check([path])


def test_parquet_without_its_package_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "export.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(HistoryError, match="needs the package pyarrow"):
        list(sources.records(path, table=False))
