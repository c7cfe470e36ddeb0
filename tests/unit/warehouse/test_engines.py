"""Engines of tables: which ones are known to be right."""

import pytest

from whipstitch.core.errors import StorageError
from whipstitch.warehouse.engines import check, check_window


def test_tables_are_plain_or_replicated() -> None:
    assert not check({}, "Atomic")
    assert not check({"events": "MergeTree", "erasures": "ReplacingMergeTree"}, "Atomic")
    assert check({"events": "ReplicatedMergeTree"}, "Atomic")
    assert check({"erasures": "SharedReplacingMergeTree"}, "Shared")


@pytest.mark.parametrize(
    ("engines", "database", "said"),
    [
        ({"events": "MergeTree", "erasures": "ReplicatedReplacingMergeTree"}, "Atomic", "beside"),
        ({"events": "Log"}, "Atomic", r"events \(Log\)"),
        ({"events": "MergeTree"}, "Replicated", "rows of its own"),
        ({f"t{number}": "Memory" for number in range(7)}, "Atomic", "t4 .Memory., …"),
    ],
)
def test_what_is_not_known_to_be_right_is_refused(
    engines: dict[str, str], database: str, said: str
) -> None:
    with pytest.raises(StorageError, match=said):
        check(engines, database)


def test_a_table_that_remembers_no_blocks_is_refused() -> None:
    check_window(100)
    with pytest.raises(StorageError, match="10000"):
        check_window(0)
