"""The demo's board: what somebody who runs the shop would look at in the morning."""

from typing import Any, Final, Literal, NamedTuple

NAME: Final = "Shop overview"


class DemoQuestion(NamedTuple):
    """A question to save (the body of ``POST /api/v1/questions``), and how wide its tile is."""

    body: dict[str, Any]
    width: Literal["half", "full"] = "half"


def _of(event_name: str, math: str = "total", property_: str | None = None) -> dict[str, Any]:
    return {
        "event_name": event_name,
        "math": math,
        **({} if property_ is None else {"property": property_}),
    }


_STEPS: Final = ("product_viewed", "added_to_cart", "checkout_started", "purchase_completed")

QUESTIONS: Final = (
    DemoQuestion(
        {
            "name": "The last 30 days",
            "surface": "insights",
            "query": {
                "events": [
                    _of("$screen_view", "unique"),
                    _of("signed_up", "unique"),
                    _of("purchase_completed"),
                    _of("purchase_completed", "sum", "order_value"),
                ],
            },
            "range": "30d",
            "view": {"view": "number"},
        },
        "full",
    ),
    DemoQuestion(
        {
            "name": "Visitors and buyers",
            "surface": "insights",
            "query": {
                "events": [_of("$screen_view", "unique"), _of("purchase_completed", "unique")]
            },
            "range": "30d",
        }
    ),
    DemoQuestion(
        {
            "name": "Revenue by payment method",
            "surface": "insights",
            "query": {
                "events": [_of("purchase_completed", "sum", "order_value")],
                "breakdown": {"property": "payment_method", "limit": 5},
            },
            "range": "30d",
            "view": {"view": "stacked"},
        }
    ),
    DemoQuestion(
        {
            "name": "From a product to a purchase",
            "surface": "funnels",
            "query": {
                "steps": [{"event_name": one} for one in _STEPS],
                "window_seconds": 7 * 86_400,
            },
            "range": "30d",
        },
        "full",
    ),
    DemoQuestion(
        {
            "name": "Who comes back",
            "surface": "retention",
            "query": {
                "start_event": "$screen_view",
                "return_event": "$screen_view",
                "interval": "week",
                "periods": 4,
                "mode": "first_time",
            },
            "range": "30d",
        }
    ),
    DemoQuestion(
        {
            "name": "Why payments fail",
            "surface": "insights",
            "query": {
                "events": [_of("payment_failed")],
                "breakdown": {"property": "reason", "limit": 5},
            },
            "range": "30d",
        }
    ),
    DemoQuestion(
        {
            "name": "A checkout on one page",
            "surface": "experiments",
            "query": {
                "exposure": {"event_name": "checkout_started"},
                "variant": {"property": "checkout"},
                "control": "three steps",
                "variants": ["one page"],
                "goal": {"event_name": "purchase_completed", "math": "unique"},
            },
            "range": "30d",
        },
        "full",
    ),
    DemoQuestion(
        {
            "name": "After a look at a product",
            "surface": "flows",
            "query": {
                "event_name": "product_viewed",
                "direction": "after",
                "depth": 3,
                "limit": 6,
                "filters": [
                    {
                        "property": "$event_name",
                        "operator": "is_not",
                        "value": ["$screen_view", "$tap"],
                    }
                ],
            },
            "range": "30d",
        },
        "full",
    ),
)
