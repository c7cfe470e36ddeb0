"""The child: that it is there, comes back, and goes with us."""

import http.client
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from tests.support.clickhouse import opened, started
from tests.support.processes import is_running
from tests.support.segments import event, write_segment
from tests.support.stitching import until

from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.projects import SqlUser
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.segment_reader import contents
from whipstitch.warehouse.local import supervisor
from whipstitch.warehouse.local.config import LocalSettings
from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.store import Store


@pytest.fixture
def child(tmp_path: Path) -> Iterator[LocalClickHouse]:
    with started(LocalSettings(tmp_path / "data")) as ready:
        yield ready


def _signal(child: LocalClickHouse, number: signal.Signals) -> None:
    assert child.process_id is not None
    os.kill(child.process_id, number)


def _is_back(child: LocalClickHouse, starts: int) -> bool:
    return child.starts >= starts and child.problem is None


def _count(store: Store) -> tuple[int, int]:
    [(count, different)] = store.query("SELECT count(), uniqExact(id) FROM events")
    return count, different


def test_what_it_stored_is_there_at_the_next_start_with_the_same_address(tmp_path: Path) -> None:
    addresses = []
    for number in (1, 2):
        with started(LocalSettings(tmp_path / "data")) as child, opened(child) as store:
            segment = write_segment(tmp_path, [event(number)], number)
            Inserts(store).load([segment], segment.stem, contents(segment))
            assert _count(store) == (number, number)
            addresses.append(child.address)
    assert addresses[0] == addresses[1]


def test_until_it_answers_it_says_that_it_starts(tmp_path: Path) -> None:
    child = LocalClickHouse(LocalSettings(tmp_path))
    with pytest.raises(StorageUnavailable):
        _ = child.address
    child.start()
    try:
        assert "starting" in (child.problem or "starting")
        assert child.wait_ready(60)
        assert child.problem is None
    finally:
        child.stop()
    assert child.process_id is None


def test_it_comes_back_by_itself_when_it_is_killed(child: LocalClickHouse, tmp_path: Path) -> None:
    segment = write_segment(tmp_path, [event(1)])
    with opened(child) as store:
        Inserts(store).load([segment], segment.stem, contents(segment))

        for starts in (2, 3):
            _signal(child, signal.SIGKILL)
            until(partial(_is_back, child, starts))

            assert _count(store) == (1, 1)
        assert store.problem is None


def test_while_it_is_away_who_needs_it_is_told_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_FIRST_BACKOFF", 3600.0)  # it stays away
    with started(LocalSettings(tmp_path)) as child, opened(child) as store:
        store.ping()

        _signal(child, signal.SIGKILL)

        # A look may come first that gets no answer.
        until(lambda: "SIGKILL" in str(store.problem))
        with pytest.raises(StorageUnavailable):
            store.ping()


def test_a_child_that_is_killed_again_and_again_stores_each_row_once(
    child: LocalClickHouse, tmp_path: Path
) -> None:
    segments = [
        write_segment(tmp_path, [event(n) for n in range(number * 500, number * 500 + 500)], number)
        for number in range(12)
    ]
    with opened(child) as store:
        for number, segment in enumerate(segments):
            if number % 4 == 1:
                _signal(child, signal.SIGKILL)
            while True:
                try:
                    Inserts(store).load([segment], segment.stem, contents(segment))
                    break
                except StorageUnavailable:
                    until(lambda: child.problem is None)
        assert _count(store) == (6000, 6000)


def test_one_that_hangs_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(supervisor, "_PING_SECONDS", 0.1)
    monkeypatch.setattr(supervisor, "_HANGS_SECONDS", 1.5)
    with started(LocalSettings(tmp_path)) as child:
        _signal(child, signal.SIGSTOP)

        until(lambda: "not answered" in str(child.problem))
        until(lambda: _is_back(child, 2))


_PARENT = """
import sys
from pathlib import Path
from whipstitch.warehouse.local.config import LocalSettings
from whipstitch.warehouse.local.supervisor import LocalClickHouse

child = LocalClickHouse(LocalSettings(Path(sys.argv[1])))
child.start()
assert child.wait_ready(60)
print(child.process_id, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["killed", "ends"])
def test_it_goes_with_its_parent(tmp_path: Path, how: str) -> None:
    command = [sys.executable, "-c", _PARENT, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        child = next(int(line) for line in parent.stdout if line.strip().isdigit())
        assert is_running(child)

        if how == "killed":
            parent.kill()
        else:
            parent.stdin.close()
        parent.wait(60)

        until(lambda: not is_running(child))


def test_it_gives_way_to_whoever_takes_events_in(child: LocalClickHouse) -> None:
    assert child.process_id is not None
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, child.process_id) == min(19, ours + 19)
    if os.geteuid() == 0:
        assert Path(f"/proc/{child.process_id}/oom_score_adj").read_text() == "900\n"


def test_a_second_one_in_the_same_directory_says_what_is_wrong(
    child: LocalClickHouse, tmp_path: Path
) -> None:
    second = LocalClickHouse(LocalSettings(tmp_path / "data"))
    second.start()
    try:
        until(lambda: second.starts > 1)
        assert "Another server instance" in str(second.problem)
        assert not second.wait_ready(0)
    finally:
        second.stop()
    assert _is_back(child, 1)
    run_once = child.address.connect({}, seconds=20, database="default")
    assert run_once.query("SELECT 1").result_rows == [(1,)]
    run_once.close()


def test_more_memory_than_it_may_have_is_refused_and_ends_nothing(tmp_path: Path) -> None:
    settings = LocalSettings(tmp_path, memory=700 * 2**20)
    with started(settings) as child:
        client = child.address.connect({}, seconds=60, database="default")
        with pytest.raises(DatabaseError, match="memory limit exceeded") as told:
            client.query("SELECT length(groupArray(number)) FROM numbers(1000000000)")
        assert told.value.code == 241
        assert client.query("SELECT 1").result_rows == [(1,)]
        client.close()
        assert child.starts == 1


def test_other_users_are_let_in_by_another_start(child: LocalClickHouse) -> None:
    somebody = SqlUser("reader", "proj_a", sha256(b"their password").hexdigest())

    def asked() -> int:
        theirs = replace(child.address, user="reader", password="their password")
        answer = http.client.HTTPConnection(theirs.host, theirs.port, timeout=60)
        try:
            key = {"X-ClickHouse-User": theirs.user, "X-ClickHouse-Key": theirs.password}
            answer.request("GET", "/?query=SELECT%201", headers=key)
            return answer.getresponse().status
        finally:
            answer.close()

    with opened(child) as store:
        store.prepare().result()
    assert asked() == 403

    child.set_users([somebody])
    until(lambda: _is_back(child, 2))
    assert asked() == 200

    child.set_users([somebody])
    child.set_users([])
    until(lambda: _is_back(child, 3))
    assert asked() == 403


# Who may come in


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClickHouse]:
    """One that no test here disturbs."""
    with (
        started(LocalSettings(tmp_path_factory.mktemp("shared") / "data")) as ready,
        opened(ready) as store,
    ):
        store.prepare().result()
        yield ready


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count() FROM whipstitch.events",
        "SHOW TABLES FROM whipstitch",
        "INSERT INTO whipstitch.events (id) VALUES ('x')",
        "CREATE TABLE default.t (a UInt8) ENGINE = Memory",
        "DROP DATABASE whipstitch",
        "SELECT * FROM file('users.xml', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT sum(number) FROM system.numbers LIMIT 1",
        "SYSTEM STOP LISTEN QUERIES ALL",
        "SYSTEM STOP LISTEN HTTP",
        "SYSTEM SHUTDOWN",
        "SYSTEM KILL",
        "SYSTEM STOP MERGES",
    ],
)
def test_who_comes_without_a_password_can_do_nothing(shared: LocalClickHouse, sql: str) -> None:
    port = shared.address.port
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for user in ("", "default"):
        asked.request("POST", "/", sql, {"X-ClickHouse-User": user} if user else {})
        answer = asked.getresponse()
        said = answer.read().decode()
        assert answer.status >= 400, said
    asked.close()

    client = shared.address.connect({}, seconds=60)
    assert client.query("SELECT count() FROM events").result_rows == [(0,)]
    client.close()
    assert shared.starts == 1


@pytest.mark.parametrize("password", ["", "wr0ng-word"])
def test_a_wrong_password_is_refused(shared: LocalClickHouse, password: str) -> None:
    with pytest.raises(DatabaseError) as told:
        replace(shared.address, password=password).connect({}, seconds=60)
    assert told.value.code == 516


def test_nobody_else_can_read_its_directory(shared: LocalClickHouse) -> None:
    directory = shared.guard._directory
    assert stat.S_IMODE(directory.stat().st_mode) & 0o077 == 0
    for name in ("config.xml", "users.xml", "connection.json"):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600
    assert shared.address.password not in (directory / "users.xml").read_text()


def test_its_log_holds_nothing_of_what_was_sent(shared: LocalClickHouse) -> None:
    client = shared.address.connect({}, seconds=60)
    for sql in ("SELECT toInt32('confidential')", "SELECT confidential FROM events"):
        with pytest.raises(DatabaseError):
            client.query(sql)
    client.close()

    for log in shared.guard._directory.glob("*.log"):
        assert "confidential" not in log.read_text(errors="replace")


# Another ClickHouse than the wheel's

_BINARY = """\
#!{python}
import http.server, json, os, re, sys

with open("how.json", "w") as file:
    json.dump([sys.argv[1:], os.getcwd()], file)
port = int(re.search("<http_port>(.*)</http_port>", open("config.xml").read())[1])

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def _script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_binary_is_run_as_a_server_in_the_directory(tmp_path: Path) -> None:
    binary = _script(tmp_path / "clickhouse", _BINARY.format(python=sys.executable))

    with started(LocalSettings(tmp_path / "data", binary=binary)):
        run_as = json.loads((tmp_path / "data" / "how.json").read_text())

    assert run_as == [["server", "--config-file=config.xml"], str(tmp_path / "data")]


def test_one_that_ends_is_tried_again_and_what_it_said_is_told(tmp_path: Path) -> None:
    binary = _script(
        tmp_path / "clickhouse", "#!/bin/sh\necho 'Code: 1. DB::Exception: no way' >&2\nexit 3\n"
    )
    child = LocalClickHouse(LocalSettings(tmp_path / "data", binary=binary))
    child.start()
    try:
        until(lambda: child.starts > 2)
        assert "exit code 3" in str(child.problem)
        assert "no way" in str(child.problem)
        assert not child.wait_ready(0)
    finally:
        child.stop()


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StorageUnavailable, match=str(tmp_path / "file" / "data")):
        LocalClickHouse(LocalSettings(tmp_path / "file" / "data")).start()
