"""A registry that moves from SQLite to PostgreSQL, and back."""

from pathlib import Path

import pytest
from sqlalchemy import select, text
from tests.support.command import run

from whipstitch.app.lock import DataDirLock
from whipstitch.core.errors import RegistryError
from whipstitch.core.projects import Scope
from whipstitch.registry import copying
from whipstitch.registry.copying import copy
from whipstitch.registry.database import connect
from whipstitch.registry.meanings import MeaningChange
from whipstitch.registry.store import Registry


def _fill(url: str) -> None:
    with Registry.open(url) as registry:
        made = registry.create_project("Ünï", "Europe/Paris")
        scope = Scope(made.project.id, "live")
        registry.create_token(made.project.id, "admin", None)
        registry.set_project(made.project.id, rate_limit=7)
        user = registry.invite_user("ann@example.com", "admin")
        registry.start_session(user.user.email)
        registry.create_cohort(scope, "By hand", "static")
        registry.create_board(scope, user.user.email, "Board")
        described = MeaningChange(description="A name.", tags=["one"])
        registry.change_meaning(
            made.project.id, user.user.email, "event", "tap", described, lambda _: None
        )
        registry.secret("seal")
        assert registry.take_lease("stitching", "somebody", 60)
        registry.join_nodes("old")


def _rows(url: str) -> dict[str, list[str]]:
    engine = connect(url)
    with engine.connect() as connection:
        found = {
            table.name: sorted(repr(row) for row in connection.execute(select(table)))
            for table in copying._TABLES
        }
    engine.dispose()
    return found


def _nulls(url: str) -> int:
    engine = connect(url)
    with engine.connect() as connection:
        sql = "SELECT count(*) FROM cohorts WHERE definition IS NULL"
        number = int(connection.execute(text(sql)).scalar_one())
    engine.dispose()
    return number


def test_all_but_leases_is_the_same_in_the_other_database(
    sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    _fill(sqlite_url)
    copied = copy(sqlite_url, postgres_url)
    before, after = _rows(sqlite_url), _rows(postgres_url)
    assert len(before.pop("leases")) == 1
    assert after.pop("leases") == []
    assert after == before
    assert copied == {name: len(rows) for name, rows in before.items()}
    assert all(copied[name] for name in ("projects", "ingestion_keys", "users", "sessions"))

    back = f"sqlite:///{tmp_path}/back.db"
    copy(postgres_url, back)
    assert _rows(back) == {**before, "leases": []}
    assert _nulls(back) == _nulls(postgres_url) == _nulls(sqlite_url)
    with Registry.open(postgres_url) as registry:
        (project,) = registry.list_projects()
        registry.create_token(project.id, "viewer", "later")


def test_nothing_is_copied_over_something(sqlite_url: str, postgres_url: str) -> None:
    _fill(sqlite_url)
    with Registry.open(postgres_url) as registry:
        registry.create_project("Another")
    before = _rows(postgres_url)
    with pytest.raises(RegistryError, match="has rows in projects already: name an empty database"):
        copy(sqlite_url, postgres_url)
    assert _rows(postgres_url) == before
    with pytest.raises(RegistryError, match="the same database"):
        copy(sqlite_url, sqlite_url)


def test_the_command_says_what_to_do_next(
    sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    _fill(sqlite_url)
    data_dir = tmp_path / "data"
    done = run("registry", "copy", "--to", postgres_url, data_dir=data_dir)
    assert done.code == 0, done.err
    assert "WHIPSTITCH_DATABASE" in done.out
    again = run("registry", "copy", "--to", postgres_url, "--json", data_dir=data_dir)
    assert again.code == 1
    assert "name an empty database" in again.json["error"]
    with DataDirLock(data_dir):
        running = run("registry", "copy", "--to", postgres_url, data_dir=data_dir)
    assert running.code == 1
    assert "Another whipstitch server uses" in running.err
