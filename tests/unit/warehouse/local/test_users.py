"""The child's users, as ClickHouse's configuration has them."""

from xml.etree import ElementTree

from whipstitch.core.projects import SqlUser
from whipstitch.warehouse.local import sql_access
from whipstitch.warehouse.local.users import users_xml

ANN = SqlUser("ann", "proj_a", "ab" * 32)
BOB = SqlUser("bob", "proj_b", "cd" * 32)


def parsed(*users: SqlUser, from_wheel: bool = True) -> ElementTree.Element:
    text = users_xml("the-own-password", users, "events_db", from_wheel=from_wheel)
    return ElementTree.fromstring(text)  # noqa: S314 - our own


def names(tree: ElementTree.Element, place: str) -> list[str]:
    found = tree.find(place)
    assert found is not None
    return [element.tag for element in found]


def test_nobody_else_is_a_user() -> None:
    assert names(parsed(), "users") == ["default", "whipstitch"]
    assert names(parsed(ANN, BOB), "users") == ["default", "whipstitch", "ann", "bob"]


def test_no_password_is_written() -> None:
    text = users_xml("the-own-password", [ANN], "events_db")
    assert "the-own-password" not in text
    assert parsed(ANN).findtext("users/ann/password_sha256_hex") == "ab" * 32


def test_each_table_that_they_may_read_has_a_row_policy_of_their_project() -> None:
    tree = parsed(ANN, BOB)
    for name, project in (("ann", "proj_a"), ("bob", "proj_b")):
        granted = [one.text or "" for one in tree.findall(f"users/{name}/grants/query")]
        tables = {one.rpartition("events_db.")[2] for one in granted} - set(sql_access.VIEWS)
        assert tables == set(names(tree, f"users/{name}/databases/events_db"))
        for table in tables:
            place = f"users/{name}/databases/events_db/{table}/filter"
            assert tree.findtext(place) == f"project_id = '{project}'"


def test_no_text_breaks_out_of_a_row_policy() -> None:
    tree = parsed(SqlUser("eve", "x' OR 1 <", "ef" * 32))
    place = "users/eve/databases/events_db/events/filter"
    assert tree.findtext(place) == "project_id = 'x\\' OR 1 <'"


def test_they_cannot_write_and_every_table_is_granted_by_columns() -> None:
    tree = parsed(ANN)
    assert tree.findtext("profiles/sql/readonly") == "1"
    for one in tree.findall("users/ann/grants/query"):
        assert one.text is not None
        by_columns = one.text.startswith("GRANT SELECT(")
        assert by_columns or one.text.rpartition(".")[2] in sql_access.VIEWS


def test_what_they_may_change_is_bounded_where_it_bounds_them() -> None:
    tree = parsed(ANN)
    for bound in ("max_execution_time", "max_memory_usage", "max_result_rows", "max_threads"):
        place = f"profiles/sql/constraints/{bound}"
        assert tree.findtext(f"{place}/min") == "1"
        assert tree.findtext(f"{place}/max") == tree.findtext(f"profiles/sql/{bound}")
    for fixed in ("readonly", "priority", "use_skip_indexes"):
        assert tree.find(f"profiles/sql/constraints/{fixed}") is None


def test_whipstitch_goes_before_them() -> None:
    tree = parsed(ANN)
    own, theirs = (tree.findtext(f"profiles/{name}/priority") for name in ("whipstitch", "sql"))
    assert own is not None
    assert theirs is not None
    assert 0 < int(own) < int(theirs)


def test_a_clickhouse_is_told_no_setting_of_the_wheel_s() -> None:
    python = "profiles/default/allow_python_table_function"
    assert parsed().findtext(python) == "0"
    assert parsed(from_wheel=False).find(python) is None
