import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.core.projects import IngestionKey, Project, ProjectSnapshot
from whipstitch.core.versions import version_order
from whipstitch.ingest.validation.screens import missing, screen_of

KEY = IngestionKey("k", Project("p1", "P"), "live")


@pytest.mark.parametrize(
    "versions",
    [
        ["1.9", "1.10", "2.0-beta", "2.0", "2.0.1", "10.0"],
        ["1.0-alpha", "1.0-beta", "1.0"],
        ["2.4.0 (99)", "2.4.0 (100)"],
        ["0.0.9", "0.1"],
        ["", "1"],
    ],
)
def test_versions_sort_as_people_read_them(versions: list[str]) -> None:
    backwards = versions[::-1]
    assert sorted(backwards, key=version_order) == versions


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1.00"), ("V2", "v2"), (None, ""), ("1.0", "1-0")]
)
def test_spellings_of_one_version_are_equal(one: str | None, other: str | None) -> None:
    assert version_order(one) == version_order(other)


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    assert (version_order(one) < version_order(other)) + (
        version_order(one) >= version_order(other)
    ) == 1


def test_a_screen_is_missing_until_there_is_a_snapshot_of_its_version_or_a_newer_one() -> None:
    directory = ProjectSnapshot(screens={("p1", "live", "Cart"): "2.0"})
    seen = [("Cart", None), ("Cart", "1.9"), ("Cart", "2.0"), ("Cart", "2.0.1"), ("Home", None)]
    assert [bool(missing([one], KEY, directory)) for one in seen] == [False] * 3 + [True] * 2
    assert missing([("Cart", "3"), ("Home", None), ("Cart", "4")], KEY, directory) == [
        "Cart",
        "Home",
    ]


def test_a_snapshot_of_another_project_or_environment_is_none() -> None:
    for project, environment in (("p2", "live"), ("p1", "test")):
        directory = ProjectSnapshot(screens={(project, environment, "Cart"): None})  # type: ignore[dict-item]
        assert missing([("Cart", None)], KEY, directory) == ["Cart"]


@pytest.mark.parametrize("properties", [b"null", b"", b"{}", b'{"name": 1, "screen": {}}'])
def test_without_a_name_there_is_no_screen(properties: bytes) -> None:
    assert screen_of(msgspec.Raw(properties)) is None
