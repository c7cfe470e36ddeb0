"""``POST /api/v1/insights``."""

from typing import Final

from whipstitch.analytics.people.drill_down import SelectedPeople
from whipstitch.analytics.reports.insight_query import Insights
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.insight_bodies import InsightsBody
from whipstitch.web.api.reports import REFUSALS, ask

routes = Routes("/api/v1", "insights", cancellable=True)


_RANGE: Final = {"from": "2026-05-01T00:00:00Z", "to": "2026-05-04T00:00:00Z"}
_EXAMPLES: Final = {
    "total and unique": {
        "summary": "Page views and visitors, by day",
        "value": {
            "events": [
                {"event_name": "page_view"},
                {"event_name": "page_view", "math": "unique"},
            ],
            **_RANGE,
            "interval": "day",
            "timezone": "Europe/Paris",
        },
    },
    "breakdown": {
        "summary": "Revenue by plan, in France",
        "value": {
            "events": [
                {"event_name": "checkout_completed", "math": "sum", "property": "cart_value"}
            ],
            **_RANGE,
            "breakdown": {"property": "plan", "limit": 3},
            "filters": [{"property": "$country", "operator": "is", "value": "FR"}],
        },
    },
    "formula": {
        "summary": "The share of visitors who buy, beside the week before",
        "value": {
            "events": [
                {"event_name": "page_view", "math": "unique"},
                {"event_name": "checkout_completed", "math": "unique"},
            ],
            "formulas": [{"expression": "B / A * 100", "name": "Conversion", "unit": "%"}],
            **_RANGE,
            "compare": {"days": 7},
        },
    },
    "people": {
        "summary": "Who they are",
        "value": {
            "events": [{"event_name": "page_view", "math": "unique"}],
            **_RANGE,
            "people_of": {"series": 0, "interval": "2026-05-02T00:00:00Z"},
        },
    },
}
_ANSWERS: Final = {
    "numbers": {
        "ok": True,
        "intervals": [
            "2026-05-01T00:00:00.000Z",
            "2026-05-02T00:00:00.000Z",
            "2026-05-03T00:00:00.000Z",
        ],
        "series": [
            {
                "event_name": "page_view",
                "breakdown": "pro",
                "values": [120, 0, 98],
                "total": 218,
            }
        ],
        "incomplete": [False, False, False],
    },
    "people": {"ok": True, "people": ["user_123"], "next_cursor": "WzQ4MTZd"},
}


@routes.add(
    "POST",
    "/insights",
    "Numbers by interval and breakdown",
    examples=_EXAMPLES,
    shown=_ANSWERS,
    refusals=REFUSALS,
)
async def ask_insights(
    asking: Asking, sent: InEnvironment, body: InsightsBody
) -> Insights | SelectedPeople:
    """`total` of a series is over the whole range: of `unique`, the people of all intervals, each
    once. With `people_of`, the people behind one of the numbers."""
    answer: Insights | SelectedPeople = await ask(asking, body)
    return answer
