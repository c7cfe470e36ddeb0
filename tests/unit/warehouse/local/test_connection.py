"""Ports and password of the child, which stay."""

import json
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from whipstitch.core.errors import StorageUnavailable
from whipstitch.warehouse.local.connection import choose, read, settled, shown_host, write_private


@contextmanager
def _listening(port: int) -> Iterator[None]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        yield


def test_what_was_chosen_stays(tmp_path: Path) -> None:
    chosen = choose(tmp_path, 0, 0)

    assert chosen.http_port != chosen.native_port
    assert len(chosen.password) >= 32
    assert choose(tmp_path, 0, 0) == chosen
    assert read(tmp_path) == chosen.address


def test_each_directory_has_a_password_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()

    assert choose(tmp_path, 0, 0).password != choose(tmp_path / "other", 0, 0).password


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    choose(tmp_path, 0, 0)

    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_port_that_somebody_else_has_now_becomes_another(tmp_path: Path) -> None:
    before = choose(tmp_path, 0, 0)

    with _listening(before.http_port):
        after = choose(tmp_path, 0, 0)

    assert after.http_port != before.http_port
    assert (after.native_port, after.password) == (before.native_port, before.password)
    assert choose(tmp_path, 0, 0) == after


def test_a_port_that_was_named_is_used_whoever_has_it(tmp_path: Path) -> None:
    before = choose(tmp_path, 0, 0)

    with _listening(before.http_port):
        named = choose(tmp_path, before.http_port, 9001)

    assert (named.http_port, named.native_port) == (before.http_port, 9001)
    assert named.password == before.password


def test_nothing_is_known_of_a_child_that_never_ran(tmp_path: Path) -> None:
    assert read(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"http_port": 1}', json.dumps({"x": 1})])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    choose(tmp_path, 0, 0)
    [file] = tmp_path.iterdir()
    file.write_text(text)

    for use in (lambda: read(tmp_path), lambda: choose(tmp_path, 0, 0)):
        with pytest.raises(StorageUnavailable, match=str(file)):
            use()


def test_no_password_shows_in_a_repr(tmp_path: Path) -> None:
    chosen = choose(tmp_path, 0, 0)

    assert chosen.password not in repr(chosen) + repr(chosen.address)


def test_a_file_is_written_whole_and_only_where_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "file.xml"
    # What a process left that was killed while it wrote.
    (tmp_path / "file.part").write_text("hal")
    write_private(path, "first")
    written = path.stat()

    write_private(path, "first")
    assert path.stat().st_ino == written.st_ino
    write_private(path, "second")

    assert path.read_text() == "second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_before_the_first_start_it_is_chosen_for_it(tmp_path: Path) -> None:
    told = settled(tmp_path / "clickhouse", 0, 0)

    assert choose(tmp_path / "clickhouse", 0, 0) == told
    assert stat.S_IMODE((tmp_path / "clickhouse").stat().st_mode) == 0o700


def test_a_child_that_runs_is_told_as_it_is(tmp_path: Path) -> None:
    running = choose(tmp_path, 0, 0)

    with _listening(running.http_port):
        assert settled(tmp_path, 0, 0) == running
        assert settled(tmp_path, 0, 9001).native_port == 9001


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StorageUnavailable, match="cannot be"):
        settled(tmp_path / "file" / "clickhouse", 0, 0)


@pytest.mark.parametrize(
    ("listen", "host"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("10.0.0.5", "10.0.0.5")]
)
def test_an_address_is_shown_as_a_url_has_it(listen: str, host: str) -> None:
    assert shown_host(listen) == host


def test_where_it_listens_everywhere_the_machine_is_named() -> None:
    assert shown_host("0.0.0.0") == shown_host("::") == socket.gethostname()  # noqa: S104
