"""What a filter may say, and which field is at fault where it may not."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.filters import CohortFilter, FilterGroup, PropertyFilter
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import SETTLED
from whipstitch.warehouse.parameters import Parameters


def _filter(**fields: Any) -> dict[str, Any]:
    return {"property": "plan", "operator": "is", "value": "pro"} | fields


def _nested(depth: int) -> dict[str, Any]:
    return {"any": [_nested(depth - 1)]} if depth else _filter()


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (_filter(), PropertyFilter("plan", "is", ("pro",))),
        (_filter(value=["a", 1, 2.5]), PropertyFilter("plan", "is", ("a", 1, 2.5))),
        (_filter(value=True), PropertyFilter("plan", "is", ("true",))),
        (_filter(value=2.0), PropertyFilter("plan", "is", (2,))),
        (_filter(on="person"), PropertyFilter("plan", "is", ("pro",), "person")),
        (
            {"property": "plan", "operator": "is_set", "value": None},
            PropertyFilter("plan", "is_set"),
        ),
        ({"cohort": "c1", "operator": "in"}, CohortFilter("c1")),
        ({"cohort": "c1", "operator": "not_in"}, CohortFilter("c1", inside=False)),
        ({"cohort": "c1"}, CohortFilter("c1")),
        (_filter(operator="before", value="-7d"), PropertyFilter("plan", "before", ("-7d",))),
        (
            {"any": [_filter(), {"all": [{"cohort": "c1"}]}]},
            FilterGroup(
                (PropertyFilter("plan", "is", ("pro",)), FilterGroup((CohortFilter("c1"),), True)),
                False,
            ),
        ),
    ],
)
def test_a_filter_is_read(item: dict[str, Any], expected: filters.Filter) -> None:
    assert filters.parse([item], "filters") == (expected,)


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ("plan", ""),
        (None, ""),
        ({}, ".operator"),
        (_filter(property=None), ".property"),
        (_filter(property=""), ".property"),
        (_filter(property=7), ".property"),
        (_filter(property="a" * 1001), ".property"),
        (_filter(property="a" + ".a" * 11), ".property"),
        (_filter(property="\ud800"), ".property"),
        (_filter(operator="equals"), ".operator"),
        (_filter(operator=["is"]), ".operator"),
        (_filter(operator="in"), ".operator"),
        (_filter(on="group"), ".on"),
        (_filter(value=None), ".value"),
        (_filter(value={"a": 1}), ".value"),
        (_filter(value=[]), ".value"),
        (_filter(value=["x", None]), ".value[1]"),
        (_filter(value=["x", ["y"]]), ".value[1]"),
        (_filter(value=["x"] * 1001), ".value"),
        (_filter(value="x" * 1001), ".value"),
        (_filter(value=["a", "\udfff"]), ".value[1]"),
        (_filter(value=float("nan")), ".value"),
        (_filter(value=float("inf")), ".value"),
        (_filter(value=10**400), ".value"),
        (_filter(operator="gt", value=[1]), ".value"),
        (_filter(operator="gt", value=True), ".value"),
        (_filter(operator="contains", value=""), ".value"),
        (_filter(operator="regex", value=["x"] * 21), ".value"),
        (_filter(operator="is_set", value="x"), ".value"),
        (_filter(operator="all_of", value=["x"] * 101), ".value"),
        (_filter(operator="any_of", value=None), ".value"),
        (_filter(operator="semver_gt", value="two"), ".value"),
        (_filter(operator="semver_gt", value="2.4\n"), ".value"),
        (_filter(operator="semver_gt", value=2.4), ".value"),
        (_filter(operator="semver_lte", value=["2.4"]), ".value"),
        (_filter(operator="before", value="soon"), ".value"),
        (_filter(operator="before", value="-7y"), ".value"),
        (_filter(operator="after", value=7), ".value"),
        (_filter(operator="after", value=["2026-05-01"]), ".value"),
        ({"any": []}, ".any"),
        ({"any": {}}, ".any"),
        ({"any": [_filter()], "all": [_filter()]}, ""),
        ({"any": [_filter()], "property": "plan"}, ""),
        ({"all": [_filter(), {"any": [_filter(value=None)]}]}, ".all[1].any[0].value"),
        (_nested(6), ".any[0].any[0].any[0].any[0].any[0]"),
        ({"any": [_filter()] * 51}, ".any"),
        (_filter(values=["x"]), ".values"),
        ({"cohort": ""}, ".cohort"),
        ({"cohort": 5}, ".cohort"),
        ({"cohort": "c", "operator": "is"}, ".operator"),
        ({"cohort": "c", "operator": "in", "value": "x"}, ".value"),
    ],
)
def test_what_it_may_not_say_is_refused_by_its_path(item: Any, field: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        filters.parse([_filter(), item], "events[0].filters")
    assert refused.value.field == f"events[0].filters[1]{field}"
    assert str(refused.value).startswith(f"{refused.value.field}: ")


@pytest.mark.parametrize("items", [[_filter()] * 51, [_filter(value=["x" * 1000] * 60)] * 2])
def test_a_list_of_filters_has_an_end(items: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidQuery) as refused:
        filters.parse(items, "filters")
    assert refused.value.field == "filters"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(
    st.dictionaries(
        st.sampled_from(["property", "operator", "value", "on", "cohort", "any", "all", "x"]),
        _json | st.sampled_from([*filters.OPERATORS, "in", "event", "person"]),
    )
)
def test_whatever_is_sent_is_read_or_refused(item: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidQuery):
        assert all_met(filters.parse([item], "filters"), Parameters(), SETTLED)


@given(st.text(min_size=1), st.sampled_from(filters.OPERATORS))
def test_no_value_becomes_part_of_the_statement(value: str, operator: str) -> None:
    marked = f"mark{value}mark"
    item = {"property": "plan", "operator": operator, "value": marked}
    if operator in ("is_set", "is_not_set"):
        del item["value"]
    elif operator.startswith("semver_"):
        item["value"] = "1.0.0-mark"
    elif operator in ("before", "after"):
        return  # they take times only

    condition = all_met(filters.parse([item], "filters"), Parameters(), SETTLED)

    assert "mark" not in condition


def test_no_filters_let_everything_through() -> None:
    assert all_met((), Parameters(), SETTLED) == "1"
