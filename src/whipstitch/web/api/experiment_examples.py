"""The examples of ``POST /api/v1/experiments``."""

from typing import Final

_QUESTION: Final = {
    "exposure": {"event_name": "checkout_started"},
    "variant": {"property": "checkout"},
    "control": "old",
    "variants": ["new"],
    "goal": {"event_name": "checkout_completed"},
    "from": "2026-05-01T00:00:00Z",
    "to": "2026-05-03T00:00:00Z",
}
EXAMPLES: Final = {
    "conversion": {
        "summary": "Does the new checkout bring more people to its end?",
        "value": _QUESTION,
    },
    "revenue": {
        "summary": "What people pay, within a week; 5 % more would matter",
        "value": {
            **_QUESTION,
            "goal": {"event_name": "order_paid", "math": "sum", "property": "amount"},
            "within_seconds": 604_800,
            "least_effect": 0.05,
        },
    },
    "funnel": {
        "summary": "The way from the address to the end, within an hour",
        "value": {
            **_QUESTION,
            "goal": {
                "steps": [{"event_name": "address_given"}, {"event_name": "checkout_completed"}],
                "window_seconds": 3600,
            },
        },
    },
    "people": {
        "summary": "Who was shown the new one and did not get to its end",
        "value": {**_QUESTION, "people_of": {"variant": "new", "outcome": "not_converted"}},
    },
}
ANSWERS: Final = {
    "conversion": {
        "ok": True,
        "variants": [
            {
                "variant": "old",
                "people": 1000,
                "converted": 100,
                "value": 0.1,
                "interval": [0.0829, 0.1201],
                "uplift": None,
                "uplift_interval": None,
                "p_value": None,
                "probability_over_control": None,
                "probability_best": 0.0151,
                "missing_people": 13751,
                "people_by": [480, 520],
                "values_by": [0.1, 0.1],
            },
            {
                "variant": "new",
                "people": 1000,
                "converted": 131,
                "value": 0.131,
                "interval": [0.1115, 0.1533],
                "uplift": 0.31,
                "uplift_interval": [0.0249, 0.6743],
                "p_value": 0.0304,
                "probability_over_control": 0.9849,
                "probability_best": 0.9849,
                "missing_people": 13751,
                "people_by": [510, 490],
                "values_by": [0.13, 0.132],
            },
        ],
        "several": 3,
        "required_people": 14751,
        "enough": False,
        "mismatch": {"expected": [1000.0, 1000.0], "p_value": 1.0, "is_mismatch": False},
        "intervals": ["2026-05-01T00:00:00.000Z", "2026-05-02T00:00:00.000Z"],
        "incomplete": [False, False],
    },
    "people": {"ok": True, "people": ["user_123"], "next_cursor": None},
}
