"""The examples of ``POST /api/v1/funnels``."""

from typing import Final

FUNNEL: Final = {
    "steps": [
        {"event_name": "product_viewed"},
        {
            "event_name": "checkout_started",
            "filters": [{"property": "cart_value", "operator": "gte", "value": 20}],
        },
        {"event_name": "checkout_completed"},
    ],
    "from": "2026-05-01T00:00:00Z",
    "to": "2026-06-01T00:00:00Z",
    "window_seconds": 86_400,
}
EXAMPLES: Final = {
    "ordered": {"summary": "From a product to the checkout, within a day", "value": FUNNEL},
    "breakdown": {
        "summary": "By the country in which they began",
        "value": {**FUNNEL, "breakdown": {"property": "$country", "limit": 5}},
    },
    "exclusion": {
        "summary": "By card or invoice, not after a refund, by the day on which people began",
        "value": {
            **FUNNEL,
            "steps": [
                {"event_name": "checkout_started"},
                {"event_name": "coupon_added", "optional": True},
                {"any_of": [{"event_name": "card_charged"}, {"event_name": "invoice_sent"}]},
            ],
            "exclusions": [{"event_name": "refunded"}],
            "interval": "day",
            "histogram": 20,
        },
    },
    "people": {
        "summary": "Who started the checkout and did not complete it",
        "value": {**FUNNEL, "people_of": {"step": 3, "outcome": "dropped"}},
    },
}
_STEPS: Final = [
    {
        "event_name": "product_viewed",
        "count": 400,
        "conversion_from_previous": 1.0,
        "conversion_from_first": 1.0,
        "median_seconds_from_previous": None,
    },
    {
        "event_name": "checkout_started",
        "count": 100,
        "conversion_from_previous": 0.25,
        "conversion_from_first": 0.25,
        "median_seconds_from_previous": 184.2,
    },
    {
        "event_name": "checkout_completed",
        "count": 80,
        "conversion_from_previous": 0.8,
        "conversion_from_first": 0.2,
        "median_seconds_from_previous": 61.05,
    },
]
ANSWERS: Final = {
    "ordered": {"ok": True, "steps": _STEPS},
    "breakdown": {"ok": True, "steps": _STEPS, "breakdowns": [{"value": "FR", "steps": _STEPS}]},
    "people": {"ok": True, "people": ["user_123"], "next_cursor": None},
}
