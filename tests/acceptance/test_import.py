"""``whipstitch import`` beside a running server: what goes in comes out, once."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.support.command import COMMAND
from tests.support.server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("import") / "data"
    with Server(data_dir, environment={"RATE_LIMIT": "0"}) as running:
        yield running


def whipstitch(server: Server, *arguments: str | Path) -> dict[str, Any]:
    done = subprocess.run(
        [COMMAND, *map(str, arguments), "--data-dir", str(server.data_dir), "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def waiting(server: Server) -> list[Path]:
    """Segments that are not loaded yet."""
    return list((server.data_dir / "journal").glob("*.jsonl"))


class Another:
    """A second project of the server."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self.live_key = whipstitch(server, "project", "create", name)["live_key"]
        token = whipstitch(server, "token", "create", "--project", name, "--role", "admin")
        self.token = token["token"]


def exported(server: Server, what: str, token: str | None = None) -> list[bytes]:
    params = {"what": what, "from": "1950-01-01T00:00:00Z", "to": "2290-01-01T00:00:00Z"}
    answer = server.get("/api/v1/export", params, token)
    assert answer.status_code == 200, answer.text
    return sorted(answer.content.splitlines())


_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_ids = st.sampled_from(["anon_1", "anon_2", "anon_3", "user_1", "user_2"])
_times = st.integers(0, 1_900_000_000_000)
_values = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | _text,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
).filter(lambda value: value not in (float("inf"), float("-inf")))
_properties = st.dictionaries(_text.filter(bool), _values, max_size=3)
_operations = st.one_of(
    st.builds(
        lambda who, name, when, properties: {
            "type": "track",
            "payload": {
                "distinct_id": who,
                "event_name": name or "nameless",
                "timestamp": when,
                "properties": properties,
            },
        },
        *(_ids, _text, _times, _properties),
    ),
    st.builds(
        lambda who, when, properties: {
            "type": "people",
            "payload": {"distinct_id": who, "timestamp": when, "properties": properties},
        },
        *(_ids, _times, _properties),
    ),
    st.builds(
        lambda who, when, once, number: {
            "type": "people",
            "payload": {
                "distinct_id": who,
                "timestamp": when,
                "set_once": once,
                "add": {"number": number},
            },
        },
        *(_ids, _times, _properties, st.integers(-100, 100)),
    ),
    st.builds(
        lambda one, other: {"type": "alias", "payload": {"alias_id": one, "distinct_id": other}},
        *(_ids, _ids),
    ),
)


@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(operations=st.lists(_operations, min_size=10, max_size=40))
def test_our_own_export_comes_back_as_it_was(
    server: Server, tmp_path: Path, operations: list[dict[str, Any]]
) -> None:
    unique = str(time.monotonic_ns())
    source, target = Another(server, f"from {unique}"), Another(server, f"to {unique}")
    # By this one it is seen that all before it are there.
    last = {"distinct_id": "user_1", "event_name": "last", "timestamp": 0}
    operations = [*operations, {"type": "track", "payload": last}]

    def send() -> bool:
        # The server learns of a new key within a second.
        answer = server.send("/api/v1/batch", {"operations": operations}, source.live_key)
        return answer.status_code == 200

    server.wait_until(send)
    events = sum(one["type"] == "track" for one in operations)
    names = ("aliases", "people", "events")
    server.wait_until(
        lambda: len(exported(server, "events", source.token)) == events and not waiting(server)
    )
    files = []
    for name in names:
        files.append(tmp_path / f"{unique}-{name}.jsonl")
        lines = exported(server, name, source.token)
        files[-1].write_bytes(b"".join(line + b"\n" for line in lines))
    for _ in range(2):
        said = whipstitch(
            server, "import", "whipstitch", *files, "--project", target.name, "--again"
        )
        assert said["events"] == events
        assert said["left_out"] == {}
        server.wait_until(
            lambda: all(
                exported(server, name, target.token) == exported(server, name, source.token)
                for name in names
            )
        )
        # What would come twice has come by then.
        server.wait_until(lambda: not waiting(server))
    assert len(exported(server, "events", target.token)) == events


def test_an_import_that_is_killed_goes_on_and_stores_each_event_once(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "mixpanel.jsonl"
    count = 120_000
    with path.open("w") as file:
        for number in range(count):
            properties = {"time": 1700000000 + number, "distinct_id": "u1", "$insert_id": number}
            file.write(json.dumps({"event": "seen", "properties": properties}) + "\n")
    arguments = ("import", "mixpanel", str(path), "--project", server.project_id)
    command = [str(COMMAND), *arguments, "--data-dir", str(server.data_dir)]
    for _ in range(3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(1.5)
        process.send_signal(signal.SIGKILL)
        process.wait()
    said = whipstitch(server, *arguments)
    assert said["skipped"] + said["events"] == count

    def stored() -> int:
        question = {
            "events": [{"event_name": "seen", "math": "total"}],
            "from": "2023-01-01T00:00:00Z",
            "to": "2024-01-01T00:00:00Z",
            "interval": "month",
        }
        return int(server.ask("/api/v1/insights", question).json()["series"][0]["total"])

    server.wait_until(lambda: stored() >= count, 60)
    server.wait_until(lambda: not waiting(server))
    assert stored() == count
