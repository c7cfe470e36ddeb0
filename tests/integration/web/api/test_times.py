"""Every read reaches the times that an event can have."""

import csv
import io
import json

from tests.support.server import Server

_FIRST = "1900-01-01T00:00:00.000Z"
_LAST = "2299-12-31T23:59:59.999Z"
_TIMES = (_FIRST, "1970-01-01T00:00:00.000Z", "2225-06-01T12:00:00.000Z", _LAST)
_ALL = {"from": "1900-01-01", "to": "2300-01-01"}


def test_events_of_all_times_are_reached_by_every_read(server: Server) -> None:
    for at in _TIMES:
        event = {"event_name": "far_off", "distinct_id": "far_traveller", "timestamp": at}
        assert server.send("/api/v1/track", event).status_code == 200
    server.wait_until(lambda: len(server.events(event_name="far_off")) == len(_TIMES))

    listed = server.get("/api/v1/events", {**_ALL, "event_name": "far_off"}).json()["events"]
    assert [one["timestamp"] for one in listed] == list(reversed(_TIMES))

    only = {**_ALL, "event_name": "far_off"}
    lines = server.get("/api/v1/export", only).text.splitlines()
    assert sorted(json.loads(line)["timestamp"] for line in lines) == list(_TIMES)
    table = server.get("/api/v1/export", {**only, "format": "csv"}).text
    rows = csv.DictReader(io.StringIO(table.removeprefix("\ufeff")))
    assert sorted(row["timestamp"] for row in rows) == list(_TIMES)

    names = server.get("/api/v1/lexicon", _ALL).json()["events"]
    (known,) = [one for one in names if one["event_name"] == "far_off"]
    assert (known["count"], known["first_seen"], known["last_seen"]) == (4, _FIRST, _LAST)

    asked = {"events": [{"event_name": "far_off"}], **_ALL, "interval": "month"}
    numbers = server.ask("/api/v1/insights", asked).json()
    (line,) = numbers["series"]
    assert len(numbers["intervals"]) == 4800
    assert line["total"] == 4
    counted = dict(zip(numbers["intervals"], line["values"], strict=True))
    assert {start[:7] for start, count in counted.items() if count} == {at[:7] for at in _TIMES}

    steps = {"steps": [{"event_name": "far_off"}], **_ALL, "window_seconds": 60}
    assert server.ask("/api/v1/funnels", steps).json()["steps"][0]["count"] == 1
    flow = {"event_name": "far_off", "direction": "after", "depth": 1, **_ALL}
    assert server.ask("/api/v1/flows", flow).json()["nodes"][0]["count"] == 4
    kept = {
        "start_event": "far_off", "interval": "month", "periods": 1,
        "from": "2299-12-01", "to": "2300-01-01", "mode": "classic",
    }  # fmt: skip
    assert server.ask("/api/v1/retention", kept).json()["cohorts"][0]["size"] == 1
    person = server.get("/api/v1/people/far_traveller", {}).json()["person"]
    assert (person["first_seen"], person["last_seen"]) == (_FIRST, _LAST)
