"""Rows that ClickHouse chokes on, between those of other clients."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tests.support.command import run
from tests.support.load import (
    BATCH,
    SINGLE,
    Load,
    assert_discreet,
    assert_kept,
    drained,
    stored_tags,
)
from tests.support.segments import event, write_segment
from tests.support.server import Server

_DEEPEST: Final = 300
HOSTILE: Final = {
    "beyond a double": '{"a": 1e999, "b": [-1e999], "c": "confidential"}',
    "beyond 64 bits": '{"a": 123456789012345678901234567890}',
    "equal keys": '{"a": 1, "a": {"b": 2}, "a": [3]}',
    "dots": '{"a.b": 1, "a": {"b": 2}, ".": 3, "": 4, "a%2Eb": 5}',
    "deep objects": '{"a": ' * _DEEPEST + "1" + "}" * _DEEPEST,
    "deep arrays": '{"a": ' + "[" * _DEEPEST + "]" * _DEEPEST + "}",
    "NUL": '{"a\\u0000b": "\\u0000"}',
    "what looks like dates": '{"a": "2020-01-01", "b": ["2020-01-01 10:00:00", "x"]}',
    "one key, all types": '{"a": [1, "x", {"b": 1}, [2], null, true, 1.5]}',
    "what looks like the end of a group": '{"a": "}\\n{\\"k\\":\\"commit\\",\\"rows\\":1}"}',
    "a lone high surrogate": r'{"a": "\ud800"}',
    "a high surrogate before a letter": r'{"a": "\ud800\u0041"}',
    "a lone low surrogate": r'{"a": "\udc00"}',
    "surrogates the wrong way round": r'{"a": "\udc00\ud800"}',
    "a lone surrogate as key": r'{"\ud800": 1}',
}
REFUSED: Final = {
    "no UTF-8": b'{"a": "\xff\xfe"}',
    "an encoded surrogate": b'{"a": "\xed\xa0\x80"}',
    "a line break in a string": b'{"a": "x\ny"}',
    "NaN": b'{"a": NaN}',
    "endless nesting": b'{"a": ' * 100_000 + b"1" + b"}" * 100_000,
}


def test_hostile_properties_come_back_as_sent_and_harm_no_neighbour(tmp_path: Path) -> None:
    with Server(tmp_path / "data", environment={"RATE_LIMIT": "0"}) as server:
        sent: Counter[str] = Counter()
        with Load(server, SINGLE, BATCH) as load:
            load.wait_for(20)
            for _ in range(3):
                for name, properties in HOSTILE.items():
                    assert server.send("/api/v1/track", _event(name, properties)).status_code == 200
                    sent[name] += 1
                body = _batch(_event(name, properties) for name, properties in HOSTILE.items())
                assert server.send("/api/v1/batch", body).status_code == 200
                sent.update(HOSTILE.keys())
                load.wait_for(20)
            # What is no JSON is refused, with all of its batch.
            for name, refused in REFUSED.items():
                bad, good = _event(name, refused), _event(name, "{}")
                assert server.send("/api/v1/track", bad).status_code == 400, name
                for first, second in ((good, bad), (bad, good)):
                    answer = server.send("/api/v1/batch", _batch([first, second]))
                    assert answer.status_code == 400, name
            load.wait_for(20)
        assert_kept(load.requests, stored_tags(server))
        found = server.events(event_name="hostile")
        assert Counter(row["distinct_id"] for row in found) == sent
        for row in found:
            assert row["properties"] == _as_stored(HOSTILE[row["distinct_id"]])
        assert server.metric("whipstitch_repaired_rows_total") > 0
        assert server.metric("whipstitch_dead_letters") == 0
        assert server.is_ready()
        assert_discreet(server)


def _as_stored(properties: str) -> Any:
    """Halves of characters are replaced: nothing can store them."""
    text = json.dumps(json.loads(properties), ensure_ascii=False)
    return json.loads(re.sub("[\ud800-\udfff]", "\ufffd", text))


def test_a_row_that_nothing_helps_is_set_aside_seen_and_replayed(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        assert server.terminate() == 0
        good, bad, torn, better = (
            event(number, project_id=server.project_id, properties='{"tag": "confidential"}')
            for number in (1, 2, 3, 4)
        )
        bad = re.sub(rb'"timestamp":(\d+)', rb'"timestamp":"\1 or so"', bad)
        torn = torn[:-9]
        foreign = b'{"k":"confidential","project_id":"%s"}' % server.project_id.encode()
        write_segment(server.data_dir / "journal", [good, bad, torn, foreign, better])
        server.start()
        server.wait_until(lambda: server.metric("whipstitch_dead_letters") == 3)
        server.wait_until(lambda: drained(server))
        assert server.metric("whipstitch_dead_letter_rows_total") == 3
        assert _stored(server) == [1, 4]
        assert server.is_ready()

        doctor = run("doctor", "--json", data_dir=server.data_dir)
        [check] = [one for one in doctor.json["checks"] if one["what"] == "dead letters"]
        assert check["verdict"] == "warning"
        assert "3 rows" in check["found"]
        listed = run("deadletters", "list", "--json", data_dir=server.data_dir).json["dead_letters"]
        # Of the torn one the beginning still says which it is.
        assert {letter["id"] for letter in listed} == {"", f"evt_{2:021d}", f"evt_{3:021d}"}
        assert all(letter["reason"] for letter in listed)

        # Nothing has changed for them: they come back, and nothing is there twice.
        assert _replay(server) == 3
        server.wait_until(lambda: server.metric("whipstitch_dead_letters") == 3)
        assert _stored(server) == [1, 4]

        [file] = (server.data_dir / "deadletters").iterdir()
        file.write_text(file.read_text().replace(" or so", ""))
        file.write_text(re.sub(r'timestamp\\":\\"(\d+)\\"', r'timestamp\\":\1', file.read_text()))
        assert _replay(server) == 3
        server.wait_until(lambda: _stored(server) == [1, 2, 4])
        server.wait_until(lambda: server.metric("whipstitch_dead_letters") == 2)
        assert_discreet(server)


def _replay(server: Server) -> int:
    replayed: int = run("deadletters", "replay", "--json", data_dir=server.data_dir).json[
        "replayed"
    ]
    return replayed


def _stored(server: Server) -> list[int]:
    return sorted(int(row["id"].removeprefix("evt_")) for row in server.events())


def _event(name: str, properties: str | bytes) -> bytes:
    """The raw body of an event by a user called ``name``."""
    raw = properties if isinstance(properties, bytes) else properties.encode()
    return b'{"event_name": "hostile", "distinct_id": %s, "properties": %s}' % (
        json.dumps(name).encode(),
        raw,
    )


def _batch(events: Iterable[bytes]) -> bytes:
    operations = (b'{"type": "track", "payload": %s}' % one for one in events)
    return b'{"operations": [%s]}' % b", ".join(operations)
