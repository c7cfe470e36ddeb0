"""docs/sql.md: every statement in it is one."""

import re
from pathlib import Path
from typing import Final

import pytest
from tests.support.clickhouse import opened
from tests.support.sql import Ask, reader_a, shared

from whipstitch.warehouse.local import sql_access
from whipstitch.warehouse.local.supervisor import LocalClickHouse

__all__ = ["reader_a", "shared"]

_PAGE: Final = Path(__file__).parents[4] / "docs" / "sql.md"
_BLOCKS: Final = re.findall(r"```sql\n(.*?)```", _PAGE.read_text(), re.DOTALL)
EXAMPLES: Final = [block for block in _BLOCKS if block.startswith("SELECT")]
BY_HAND: Final = [
    statement.strip()
    for block in _BLOCKS
    if not block.startswith("SELECT")
    for statement in block.split(";\n")
    if statement.strip()
]


@pytest.mark.parametrize("sql", EXAMPLES)
def test_an_example_is_answered(reader_a: Ask, sql: str) -> None:
    reader_a(sql)


@pytest.mark.parametrize("view", sql_access.VIEWS)
def test_each_column_of_a_view_is_on_the_page(reader_a: Ask, view: str) -> None:
    text = _PAGE.read_text()
    described = text[text.index(f"**`{view}`**") :]
    described = described[: described.index("\n**`") if "\n**`" in described else None]
    for (column,) in reader_a(f"SELECT name FROM system.columns WHERE table = '{view}'"):
        assert f"`{column}`" in described or column in ("environment", "project_id")


@pytest.mark.parametrize("sql", BY_HAND)
def test_what_is_to_be_run_on_another_server_is_a_statement(
    shared: LocalClickHouse, sql: str
) -> None:
    with opened(shared) as store:
        assert store.query(f"EXPLAIN AST {sql}")


def test_the_rights_by_hand_are_those_of_our_own_users() -> None:
    given = [sql for sql in BY_HAND if sql.startswith("GRANT")]
    assert given == [f"{one} TO metabase" for one in sql_access.grants("whipstitch")]


def test_the_bounds_by_hand_are_those_of_our_own_users() -> None:
    (profile,) = (sql for sql in BY_HAND if sql.startswith("CREATE SETTINGS PROFILE"))
    bounds = sql_access.profile()
    by_hand = re.findall(r"(\w+) = (\d+)", profile)
    assert len(by_hand) > 8
    for name, value in by_hand:
        assert str(bounds[name]) == value
