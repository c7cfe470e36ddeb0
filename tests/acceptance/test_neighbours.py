"""Rows that ClickHouse chokes on, between those of other clients."""

import itertools
import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from tests.support.command import run
from tests.support.load import BATCH, SINGLE, Load, assert_kept, drained, stored_tags
from tests.support.server import Server

_DEEPEST: Final = 300
HOSTILE: Final = {
    "beyond a double": '{"a": 1e999, "b": [-1e999]}',
    "beyond 64 bits": '{"a": 123456789012345678901234567890}',
    "equal keys": '{"a": 1, "a": {"b": 2}, "a": [3]}',
    "dots": '{"a.b": 1, "a": {"b": 2}, ".": 3, "": 4, "a%2Eb": 5}',
    "deep objects": '{"a": ' * _DEEPEST + "1" + "}" * _DEEPEST,
    "deep arrays": '{"a": ' + "[" * _DEEPEST + "]" * _DEEPEST + "}",
    "NUL": '{"a\\u0000b": "\\u0000"}',
    "what looks like dates": '{"a": "2020-01-01", "b": ["2020-01-01 10:00:00", "x"]}',
    "one key, all types": '{"a": [1, "x", {"b": 1}, [2], null, true, 1.5]}',
    "what looks like the end of a group": '{"a": "}\\n{\\"k\\":\\"commit\\",\\"rows\\":1}"}',
}
REFUSED: Final = {
    "a lone high surrogate": rb'{"a": "\ud800"}',
    "a high surrogate before a letter": rb'{"a": "\ud800\u0041"}',
    "a lone low surrogate": rb'{"a": "\udc00"}',
    "surrogates the wrong way round": rb'{"a": "\udc00\ud800"}',
    "a lone surrogate as key": rb'{"\ud800": 1}',
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
                batch = ", ".join(
                    f'{{"type": "track", "payload": {_event(name, properties).decode()}}}'
                    for name, properties in HOSTILE.items()
                )
                body = f'{{"operations": [{batch}]}}'.encode()
                assert server.send("/api/v1/batch", body).status_code == 200
                sent.update(HOSTILE)
                load.wait_for(20)
        assert_kept(load.requests, stored_tags(server))
        found = server.events(event_name="hostile")
        assert Counter(event["distinct_id"] for event in found) == sent
        for event in found:
            assert event["properties"] == json.loads(HOSTILE[event["distinct_id"]])
        assert server.metric("whipstitch_repaired_rows_total") > 0
        assert server.metric("whipstitch_dead_letters") == 0
        assert server.is_ready()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> "Any":
    with Server(tmp_path_factory.mktemp("refused") / "data") as running:
        yield running
