"""``whipstitch sql user``, with no server."""

import hashlib
from pathlib import Path

import pytest
from tests.support.command import registry_of, run

from whipstitch.core.projects import Project, SqlUser


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    with registry_of(tmp_path) as registry:
        return registry.create_project("Shop").project


def test_a_user_is_shown_once_with_where_to_connect(tmp_path: Path, shop: Project) -> None:
    made = run(
        *("sql", "user", "create", "--project", "Shop", "--name", "metabase", "--json"),
        data_dir=tmp_path,
    ).json
    again = run("sql", "user", "create", "--project", shop.id, "--json", data_dir=tmp_path).json
    listed = run("sql", "user", "list", "--json", data_dir=tmp_path)

    assert (made["user"], again["user"]) == ("metabase", "shop")
    assert made["project_id"] == shop.id
    assert made["http"].startswith("http://127.0.0.1:")
    assert made["native"].startswith("127.0.0.1:")
    assert (made["http"], made["native"]) == (again["http"], again["native"])
    assert made["password"] not in listed.out
    assert [user["user"] for user in listed.json["users"]] == ["metabase", "shop"]
    digest = hashlib.sha256(made["password"].encode()).hexdigest()
    with registry_of(tmp_path) as registry:
        assert SqlUser("metabase", shop.id, digest) in registry.directory().sql_users


def test_people_are_told_in_lines(tmp_path: Path, shop: Project) -> None:
    made = run(
        *("sql", "user", "create", "--project", shop.id),
        data_dir=tmp_path,
        WHIPSTITCH_CLICKHOUSE_LISTEN="::1",
        WHIPSTITCH_CLICKHOUSE_HTTP_PORT="18123",
        WHIPSTITCH_CLICKHOUSE_NATIVE_PORT="19000",
    )

    told = dict(line.split(maxsplit=1) for line in made.out.splitlines())
    assert told["User"] == "shop"
    assert told["HTTP"] == "http://[::1]:18123"
    assert told["Native"] == "[::1]:19000"
    assert told["Database"] == "whipstitch"
    assert "cannot be shown again" in made.err


def test_a_deleted_user_is_gone(tmp_path: Path, shop: Project) -> None:
    run("sql", "user", "create", "--project", shop.id, data_dir=tmp_path)

    deleted = run("sql", "user", "delete", "shop", data_dir=tmp_path)
    again = run("sql", "user", "delete", "shop", data_dir=tmp_path)

    assert deleted.out == "Deleted shop.\n"
    assert (again.code, again.out) == (1, "")
    assert "no SQL user 'shop'" in again.err
    assert run("sql", "user", "list", "--json", data_dir=tmp_path).json == {"users": []}


def test_on_a_server_of_ones_own_users_are_made_by_hand(tmp_path: Path, shop: Project) -> None:
    refused = run(
        *("sql", "user", "create", "--project", shop.id),
        data_dir=tmp_path,
        WHIPSTITCH_CLICKHOUSE="http://user:secret@clickhouse.example:8123/whipstitch",
    )

    assert refused.code == 1
    assert "docs/sql.md" in refused.err
    with registry_of(tmp_path) as registry:
        assert registry.list_sql_users() == []
