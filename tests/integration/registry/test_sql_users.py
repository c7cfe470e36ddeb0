"""Users of ClickHouse for BI tools, in a real database."""

import hashlib

import pytest

from whipstitch.core.errors import RegistryError
from whipstitch.core.projects import SqlUser
from whipstitch.registry.store import Registry


def test_the_running_server_sees_a_user_with_the_hash_of_the_password(registry: Registry) -> None:
    project = registry.create_project("Shop").project
    before = registry.revision()

    made = registry.create_sql_user("Shop", "metabase")

    digest = hashlib.sha256(made.password.encode()).hexdigest()
    assert registry.directory().sql_users == (SqlUser("metabase", project.id, digest),)
    assert registry.revision() > before
    assert registry.list_sql_users() == [made.account]


def test_no_two_passwords_are_the_same_and_none_is_shown_by_repr(registry: Registry) -> None:
    registry.create_project("Shop")
    one, other = (registry.create_sql_user("Shop") for _ in range(2))

    assert one.password != other.password
    assert one.password not in repr(one)


@pytest.mark.parametrize(
    ("project", "name"),
    [
        ("My Shop!", "my_shop"),
        ("2nd Édition", "nd_dition"),
        ("日本", "sql"),
        ("Default", "default_2"),
        ("whipstitch", "whipstitch_2"),
        ("x" * 200, "x" * 50),
    ],
)
def test_a_user_is_called_after_the_project(registry: Registry, project: str, name: str) -> None:
    registry.create_project(project)

    assert registry.create_sql_user(project).account.name == name


def test_further_users_of_a_project_are_numbered(registry: Registry) -> None:
    registry.create_project("Shop")

    names = [registry.create_sql_user("Shop").account.name for _ in range(3)]

    assert names == ["shop", "shop_2", "shop_3"]


@pytest.mark.parametrize(
    "name", ["", "Shop", "1st", "_x", "a b", "a-b", "a<b", "a'b", "é", "a\n", "x" * 64]
)
def test_a_name_that_configuration_could_misread_is_refused(registry: Registry, name: str) -> None:
    registry.create_project("Shop")

    with pytest.raises(RegistryError, match="cannot name a SQL user"):
        registry.create_sql_user("Shop", name)
    assert registry.list_sql_users() == []


@pytest.mark.parametrize("name", ["default", "whipstitch", "metabase"])
def test_a_name_is_given_once(registry: Registry, name: str) -> None:
    registry.create_project("Shop")
    registry.create_project("Blog")
    registry.create_sql_user("Blog", "metabase")

    with pytest.raises(RegistryError, match=f"a SQL user {name} already"):
        registry.create_sql_user("Shop", name)


def test_a_deleted_user_is_seen_no_more(registry: Registry) -> None:
    registry.create_project("Shop")
    made = registry.create_sql_user("Shop", "metabase")
    before = registry.revision()

    assert registry.delete_sql_user("metabase") == made.account

    assert registry.directory().sql_users == ()
    assert registry.revision() > before
    with pytest.raises(RegistryError, match="no SQL user 'metabase'"):
        registry.delete_sql_user("metabase")
