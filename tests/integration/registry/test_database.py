"""How the registry's database is opened, and what happens where it cannot be."""

import socket
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from tests.support.postgres import PostgresCluster

from whipstitch.core.errors import RegistryError, RegistryUnavailable
from whipstitch.registry.all_tables import METADATA
from whipstitch.registry.database import connect, migrate, writing
from whipstitch.registry.store import Registry

OPEN_AND_CREATE = (
    "import sys\n"
    "from whipstitch.registry.store import Registry\n"
    "sys.stdin.readline()\n"
    "with Registry.open(sys.argv[1]) as registry:\n"
    "    registry.create_project('Shop')\n"
)


def test_the_migrations_make_the_tables_that_the_code_expects(registry: Registry, url: str) -> None:
    engine = connect(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, METADATA) == []
    finally:
        engine.dispose()
    assert registry.revision() == 1


def test_a_registry_that_is_in_use_is_migrated_with_all_that_refers_to_each_other(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, _: upgrade(config, "0011"))
        engine = connect(url)
        migrate(engine)
    day = "2026-01-01 00:00:00+00:00"
    with writing(engine).begin() as connection:
        connection.execute(text(f"INSERT INTO users VALUES ('a@b.c', '-', 'admin', '{day}')"))
        connection.execute(text(f"INSERT INTO sessions VALUES ('-', 'a@b.c', '{day}', '{day}')"))
    engine.dispose()

    with Registry.open(url) as registry:
        assert [one.email for one in registry.list_users()] == ["a@b.c"]


def test_processes_that_open_a_new_registry_together_all_succeed(url: str) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", OPEN_AND_CREATE, url], stdin=subprocess.PIPE)
        for _ in range(4)
    ]
    for child in children:
        child.communicate(b"go\n")

    assert [child.returncode for child in children] == [0, 0, 0, 0]
    with Registry.open(url) as registry:
        assert len(registry.list_projects()) == 4


def test_threads_that_change_a_project_together_all_succeed(registry: Registry) -> None:
    registry.create_project("Shop")
    before = registry.revision()

    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(lambda _: registry.create_key("Shop", "live"), range(20)))

    assert {key.key for key in keys} <= set(registry.directory().keys)
    assert registry.revision() == before + 20


def test_what_one_process_changed_another_sees(url: str) -> None:
    with Registry.open(url) as one, Registry.open(url) as other:
        assert other.is_empty()
        key = one.create_project("Shop").live_key
        assert key.key in other.directory().keys


def test_a_registry_of_a_newer_version_is_left_alone(url: str) -> None:
    with Registry.open(url) as registry:
        registry.create_project("Shop")
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(RegistryError, match="newer Whipstitch"):
        Registry.open(url)


def test_a_sqlite_registry_is_readable_by_its_owner_only(sqlite_url: str, tmp_path: Path) -> None:
    with Registry.open(sqlite_url) as registry:
        registry.create_project("Shop")
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()
        }

    assert modes == {"registry.db": 0o600, "registry.db-wal": 0o600, "registry.db-shm": 0o600}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_sqlite_registry_syncs_every_commit_and_checks_references(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    with engine.connect() as connection:
        modes = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    engine.dispose()

    assert modes == ["wal", 2, 1]


def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    path.write_text("my only copy of something else, longer than a header of a hundred bytes" * 9)
    before = path.read_bytes()

    with pytest.raises(RegistryError, match="not a database"):
        Registry.open(f"sqlite:///{path}")

    assert path.read_bytes() == before


def test_a_place_where_no_file_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a directory")

    with pytest.raises(RegistryUnavailable, match=r"data/registry\.db"):
        Registry.open(f"sqlite:///{tmp_path}/data/registry.db")


def test_a_locked_sqlite_registry_is_unavailable_until_it_is_free(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whipstitch.registry.database._BUSY_SECONDS", 0.1)
    with Registry.open(sqlite_url) as registry:
        other = sqlite3.connect(tmp_path / "data" / "registry.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(RegistryUnavailable, match="locked"):
            registry.create_project("Shop")
        assert registry.is_empty()

        other.close()
        registry.create_project("Shop")


def test_a_file_that_others_are_just_making_is_waited_for(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    maker = sqlite3.connect(
        tmp_path / "data" / "registry.db", isolation_level=None, check_same_thread=False
    )
    maker.execute("CREATE TABLE first (id)")
    # One that reads to write later: SQLite lets nobody wait for it while the mode changes.
    maker.execute("BEGIN IMMEDIATE")
    maker.execute("INSERT INTO first VALUES (1)")
    release = threading.Timer(0.3, maker.close)
    release.start()

    with Registry.open(sqlite_url) as registry:
        assert registry.is_empty()

    release.join()


def test_a_full_disk_makes_the_registry_unavailable_and_loses_nothing(sqlite_url: str) -> None:
    # A limit on the size of files is a full disk that needs no privilege and ends with the process.
    program = (
        "import resource, sys\n"
        "from whipstitch.core.errors import RegistryUnavailable\n"
        "from whipstitch.registry.store import Registry\n"
        "registry = Registry.open(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))\n"
        "made = 0\n"
        "try:\n"
        "    while made < 1_000:\n"
        "        registry.create_project('Shop')\n"
        "        made += 1\n"
        "except RegistryUnavailable:\n"
        "    pass\n"
        "assert 0 < made < 1_000, made\n"
        "assert len(registry.list_projects()) == made\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "registry.create_project('Shop')\n"
        "print(made + 1)\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", program, sqlite_url], capture_output=True, text=True, check=False
    )

    assert child.returncode == 0, child.stderr
    with Registry.open(sqlite_url) as registry:
        assert len(registry.list_projects()) == int(child.stdout)


def test_a_refused_connection_says_where_without_the_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        port = taken.getsockname()[1]

        with pytest.raises(RegistryUnavailable, match=r"ada:\*\*\*@127\.0\.0\.1") as caught:
            Registry.open(f"postgresql://ada:hunter22@127.0.0.1:{port}/whipstitch")

    assert "hunter22" not in str(caught.value)


def test_a_registry_opens_and_works_again_once_its_server_is_back(
    postgres: PostgresCluster, postgres_url: str
) -> None:
    with Registry.open(postgres_url) as registry:
        key = registry.create_project("Shop").live_key
        postgres.stop()
        try:
            with pytest.raises(RegistryUnavailable):
                registry.directory()
            with pytest.raises(RegistryUnavailable):
                Registry.open(postgres_url)
        finally:
            postgres.start()

        assert key.key in registry.directory().keys


@pytest.mark.parametrize(
    "url", ["mysql://ada:hunter22@localhost/x", "sqlite://", "ada:hunter22@localhost"]
)
def test_another_kind_of_database_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(RegistryError) as caught:
        Registry.open(url)

    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_spelling_of_postgresql_is_understood(postgres_url: str, scheme: str) -> None:
    with Registry.open(postgres_url.replace("postgresql", scheme, 1)) as registry:
        assert registry.is_empty()


def test_the_path_of_a_sqlite_registry_may_hold_characters_that_urls_escape(tmp_path: Path) -> None:
    from whipstitch.config.settings import Settings

    data_dir = tmp_path / "50% of $ and #"
    with Registry.open(Settings.load(data_dir=data_dir).database) as registry:
        registry.create_project("Shop")

    assert [path.name for path in data_dir.iterdir()] == ["registry.db"]
