"""``whipstitch key``."""

from pathlib import Path

import pytest
from tests.support.command import registry_of, run

from whipstitch.registry.values import NewProject


@pytest.fixture
def shop(tmp_path: Path) -> NewProject:
    with registry_of(tmp_path) as registry:
        return registry.create_project("Shop")


def test_one_more_key_is_made_and_listed(tmp_path: Path, shop: NewProject) -> None:
    made = run("key", "create", "Shop", "--environment", "test", "--json", data_dir=tmp_path).json
    listed = run("key", "list", shop.project.id, "--json", data_dir=tmp_path).json["keys"]

    assert made["key"].startswith("sk_test_")
    assert made["environment"] == "test"
    assert made["project_id"] == shop.project.id
    assert made["revoked_at"] is None
    assert [key["key"] for key in listed] == [shop.live_key.key, shop.test_key.key, made["key"]]
    assert listed[2] == made


def test_without_json_the_key_alone_is_printed(tmp_path: Path, shop: NewProject) -> None:
    made = run("key", "create", shop.project.name, "--environment", "live", data_dir=tmp_path)

    with registry_of(tmp_path) as registry:
        assert registry.directory().keys[made.out.removesuffix("\n")].environment == "live"


@pytest.mark.parametrize("by", ["key", "id"])
def test_a_key_is_revoked_by_itself_or_its_id(tmp_path: Path, shop: NewProject, by: str) -> None:
    named = getattr(shop.live_key, by)

    revoked = run("key", "revoke", named, "--json", data_dir=tmp_path).json

    assert revoked["key_id"] == shop.live_key.id
    assert revoked["revoked_at"].endswith("Z")
    with registry_of(tmp_path) as registry:
        assert set(registry.directory().keys) == {shop.test_key.key}


def test_a_table_in_a_pipe_breaks_no_key(tmp_path: Path, shop: NewProject) -> None:
    table = run("key", "list", "Shop", data_dir=tmp_path, COLUMNS="40").out

    assert shop.live_key.key in table
    assert shop.test_key.key in table


def test_an_unknown_key_is_exit_code_1(tmp_path: Path) -> None:
    refused = run("key", "revoke", "sk_live_0", "--json", data_dir=tmp_path)

    assert refused.code == 1
    assert "no such key" in refused.json["error"]


def test_an_unknown_environment_is_exit_code_2(tmp_path: Path, shop: NewProject) -> None:
    refused = run("key", "create", shop.project.id, "--environment", "prod", data_dir=tmp_path)

    assert refused.code == 2
    assert "live" in refused.err
