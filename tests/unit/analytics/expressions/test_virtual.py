"""Virtual names, in queries."""

from typing import Any

import pytest

from whipstitch.analytics.expressions import filters, syntax
from whipstitch.analytics.expressions.breakdowns import Breakdown
from whipstitch.analytics.expressions.event_matcher import EventNames, Match
from whipstitch.analytics.expressions.filters import FilterGroup, PropertyFilter
from whipstitch.analytics.expressions.groupings import Buckets
from whipstitch.analytics.expressions.virtual import Virtuals
from whipstitch.core.errors import InvalidQuery

PAID = {"property": "paid", "operator": "is", "value": True}


def _events(**events: list[str | dict[str, Any]]) -> Virtuals:
    return Virtuals(
        {
            name: [one if isinstance(one, dict) else {"event_name": one} for one in members]
            for name, members in events.items()
        }
    )


def _names(virtuals: Virtuals, name: str) -> list[str | None]:
    return [one.event_name for one in virtuals.resolved(Match(name)).merged]


def test_an_event_stands_for_others_through_any_names() -> None:
    virtuals = _events(all=["join", "buy", "tap"], join=["signup", "join"], buy=["pay", "buy2"])

    assert _names(virtuals, "join") == ["signup", "join"]
    assert _names(virtuals, "all") == ["signup", "join", "pay", "buy2", "tap"]
    assert _names(virtuals, "signup") == []
    assert virtuals.resolved(Match(None)) == Match(None)


def test_filters_on_the_way_are_joined() -> None:
    inner = {"property": "form", "operator": "is", "value": "a"}
    virtuals = _events(
        all=[{"event_name": "join", "filters": [PAID]}],
        join=[{"event_name": "sent", "filters": [inner]}],
    )

    (sent,) = virtuals.resolved(Match("all")).merged

    assert [one.property for one in sent.filters if isinstance(one, PropertyFilter)] == [
        "paid",
        "form",
    ]


def test_properties_of_events_are_worked_out_wherever_they_stand() -> None:
    virtuals = Virtuals(properties={"price": "amount / 100", "vat": "price * rate"})
    price = syntax.parse("amount / 100", "f")
    vat = syntax.parse("amount / 100 * rate", "f")
    nested = filters.parse([{"any": [{"property": "vat", "operator": "gt", "value": 1}]}], "f")
    mine = PropertyFilter("price", "is_set", on="person")

    (group,) = virtuals.resolved(nested)

    assert isinstance(group, FilterGroup)
    assert isinstance(group.filters[0], PropertyFilter)
    assert group.filters[0].computed == vat
    assert virtuals.resolved(Breakdown("price")).computed == price
    assert virtuals.resolved(Buckets("price", count=3)).computed == price
    assert virtuals.resolved(mine) == mine
    assert virtuals.resolved(Breakdown("price", on="person")).computed is None
    assert virtuals.resolved(Breakdown("amount")) == Breakdown("amount")


def test_in_its_own_definition_a_name_is_what_was_sent() -> None:
    virtuals = Virtuals(properties={"plan": "lower(plan)"})

    assert virtuals.resolved(Breakdown("plan")).computed == syntax.parse("lower(plan)", "f")


def test_filters_on_names_mean_the_events_that_a_name_stands_for() -> None:
    virtuals = _events(join=["signup", "join"], odd=[{"event_name": "x", "filters": [PAID]}])

    def values(operator: Any, *given: str) -> tuple[Any, ...]:
        return virtuals.resolved(PropertyFilter("$event_name", operator, given)).values

    assert values("is", "join", "tap") == ("signup", "join", "tap")
    assert values("none_of", "join") == ("signup", "join")
    assert values("contains", "join") == ("join",)
    with pytest.raises(InvalidQuery, match="odd stands for events with filters"):
        values("is_not", "odd")


def test_rows_are_called_by_the_events_that_they_belong_to() -> None:
    names = _events(b=["x"], a=["y"]).resolved(EventNames())

    assert [one.event_name for one in names.merged] == ["a", "b"]


@pytest.mark.parametrize(
    ("virtuals", "message"),
    [
        (_events(a=["b"], b=["c"], c=["a"]), "any_of: leads back to a: a → b → c → a"),
        (_events(a=["b", "a"], b=["a"]), "any_of: leads back to a: a → b → a"),
        (_events(a=[{"event_name": "b", "x": 1}]), r"any_of\[0\].x: does not belong here"),
        (_events(a=[{"filters": []}]), r"any_of\[0\].event_name: must be the name of an event"),
        (
            _events(a=["b", {"event_name": "c", "filters": [{"cohort": "x"}]}]),
            r"any_of\[1\].filters: must not be about cohorts",
        ),
        (
            _events(a=["b"] * 60, c=["a", "a"]),
            "any_of: c must not stand for more than 100 events",
        ),
        (Virtuals(properties={"a": "b", "b": "1 + a"}), "expression: leads back to a: a → b → a"),
        (Virtuals(properties={"a": "b +"}), "expression: character 4: the expression ends"),
        (Virtuals(properties={"a": "1 + lower(b)"}), "expression: character 5: this is text"),
        (
            Virtuals(properties={"a": "+".join("b" * 30), "b": "+".join("c" * 30)}),
            "expression: a must not have more than 300 parts",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(virtuals: Virtuals, message: str) -> None:
    with pytest.raises(InvalidQuery, match=message):
        virtuals.check()
