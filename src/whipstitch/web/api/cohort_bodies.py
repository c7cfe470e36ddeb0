"""What the requests for cohorts may say."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from msgspec import Meta

from whipstitch.analytics.cohorts import definitions
from whipstitch.analytics.expressions.properties import is_text
from whipstitch.core.errors import InvalidQuery
from whipstitch.registry.values import CohortKind
from whipstitch.web.api.bodies import StrictBody
from whipstitch.web.api.people_selection import DEFINITION, EXAMPLE
from whipstitch.web.api.people_sources import PeopleSource

MOST_MEMBERS: Final = 10_000
"""Ids that one request may name."""
_LONGEST_ID: Final = 1_000
Members = Annotated[
    list[str],
    Meta(description="Any ids of people, known or not", max_length=MOST_MEMBERS),
]


EXAMPLES: Final = {
    "dynamic": {
        "summary": "Who meets a definition, kept up to date",
        "value": {"name": "Lively teams", "kind": "dynamic", "definition": EXAMPLE},
    },
    "static": {
        "summary": "People by their ids",
        "value": {"name": "Testers", "kind": "static", "members": ["user_123", "anon_a3b9ff"]},
    },
    "from a funnel": {
        "summary": "Who dropped out of a funnel between its steps 2 and 3",
        "value": {
            "name": "Left the checkout",
            "kind": "static",
            "people_of": {
                "surface": "funnels",
                "query": {
                    "steps": [
                        {"event_name": "product_viewed"},
                        {"event_name": "checkout_started"},
                        {"event_name": "checkout_completed"},
                    ],
                    "window_seconds": 86400,
                    "people_of": {"step": 3, "outcome": "dropped"},
                },
            },
        },
    },
}


class CohortBody(StrictBody, kw_only=True):
    """A dynamic cohort has a definition, a static one members: those named, or the people behind a
    number of another surface."""

    name: Annotated[str, Meta(examples=["Lively teams"])]
    kind: CohortKind
    definition: Annotated[Any, Meta(extra_json_schema=DEFINITION)] = None
    members: Members | None = None
    people_of: PeopleSource | None = None

    def checked(self) -> definitions.Definition | None:
        """The definition of a dynamic cohort. Raises InvalidQuery."""
        if self.kind == "dynamic":
            for name in ("members", "people_of"):
                if getattr(self, name) is not None:
                    raise InvalidQuery(name, "is for a static cohort: this one has a definition")
            return definitions.parse(self.definition)
        if self.definition is not None:
            raise InvalidQuery("definition", "is for a dynamic cohort: this one has members")
        if self.members is not None and self.people_of is not None:
            raise InvalidQuery("people_of", "does not go together with members: send one of them")
        check_ids(self.members or ())
        return None


class MembersBody(StrictBody, kw_only=True):
    """Whom to add or to remove."""

    members: Annotated[Members, Meta(min_length=1, examples=[["user_123", "anon_a3b9ff"]])]


def check_ids(ids: Sequence[str]) -> None:
    for index, id_ in enumerate(ids):
        if not 0 < len(id_) <= _LONGEST_ID or not is_text(id_):
            raise InvalidQuery(
                f"members[{index}]", f"must be an id of 1 to {_LONGEST_ID:,} characters"
            )
