"""``whipstitch token``."""

from pathlib import Path

import pytest
from tests.support.command import registry_of, run

from whipstitch.core.projects import Project


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    with registry_of(tmp_path) as registry:
        return registry.create_project("Shop").project


def test_a_token_is_shown_once_and_reads_its_project(tmp_path: Path, shop: Project) -> None:
    made = run(
        *("token", "create", "--project", "Shop", "--role", "editor", "--name", "report"),
        "--json",
        data_dir=tmp_path,
    ).json
    listed = run("token", "list", "Shop", "--json", data_dir=tmp_path)

    token = made.pop("token")
    assert token not in listed.out
    assert listed.json == {"tokens": [made]}
    with registry_of(tmp_path) as registry:
        holder = registry.token_holder(token)
        assert holder is not None
        assert holder[:4] == (shop.id, "editor", "UTC", "report")


def test_without_json_standard_output_has_the_token_alone(tmp_path: Path, shop: Project) -> None:
    made = run("token", "create", "--project", shop.id, "--role", "viewer", data_dir=tmp_path)

    with registry_of(tmp_path) as registry:
        holder = registry.token_holder(made.out.removesuffix("\n"))
    assert holder is not None
    assert (holder.project_id, holder.role) == (shop.id, "viewer")
    assert "cannot be shown again" in made.err


def test_a_revoked_token_reads_nothing(tmp_path: Path, shop: Project) -> None:
    with registry_of(tmp_path) as registry:
        made = registry.create_token(shop.id, "admin", "report")

    revoked = run("token", "revoke", made.token.id, data_dir=tmp_path)

    assert made.token.id in revoked.out
    assert "report" in run("token", "list", "Shop", data_dir=tmp_path).out
    with registry_of(tmp_path) as registry:
        assert registry.token_holder(made.secret) is None


def test_a_token_needs_a_role(tmp_path: Path) -> None:
    assert run("token", "create", "--project", "Shop", data_dir=tmp_path).code == 2
