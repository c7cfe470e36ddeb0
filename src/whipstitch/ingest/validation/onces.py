"""What tells an operation that comes again from others: its id, else the ``Idempotency-Key`` of its
request, else, where its project drops repeats, all that it says.

What is equal within one request is not a repeat: whoever sends again sends the same request, or its
operations in other requests. So equal operations of a request are told by how many are before."""

from collections.abc import Callable, Mapping
from typing import Final

from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.validation import timestamps
from whipstitch.ingest.validation.large_people import LargePeople
from whipstitch.ingest.validation.message_ids import Content, Kind, digest
from whipstitch.ingest.validation.payloads import PeoplePayload

_SAID: Final[Mapping[Kind, str]] = {
    "track": "track said",
    "people": "people said",
    "alias": "alias said",
}
"""The kinds of digests of all that operations say."""
MOST_COMPARED: Final = 200_000
"""Operations of a request that are compared with each other at once, so that a request of millions
takes no more memory than some 30 MB."""


def onces_of(client: ClientContext) -> "Onces | None":
    """For a request of ``client``; None: there only ids tell."""
    if client.idempotency_key or client.key.project.repeats == "drop":
        return Onces(client)
    return None


def once_alone(
    client: ClientContext, kind: Kind, once: str, content: Callable[[], Content | None]
) -> str:
    """As ``Onces.of``, for a request of one operation, for which it would take half as long again
    as all that is looked at in it."""
    if client.idempotency_key:
        return once or digest(kind, client.key, client.idempotency_key, ("0",))
    if once or client.key.project.repeats != "drop" or (said := content()) is None:
        return once
    return digest(_SAID[kind], client.key, "", said)


class Onces:
    """The ``once`` (``message_ids``) of one request's operations, asked for in the order in which
    they are queued."""

    def __init__(self, client: ClientContext) -> None:
        self._key = client.key
        self._idempotency_key = client.idempotency_key
        self._ranks: dict[Kind, int] = {}
        self._said: dict[str, int] = {}
        self._part = 0

    def of(self, kind: Kind, once: str, content: Callable[[], Content | None]) -> str:
        """``once``, where the operation has it by an id of its own; blank where there is none.
        ``content``: what it says; None where it may be meant again."""
        if self._idempotency_key:
            rank = self._ranks.get(kind, 0)
            self._ranks[kind] = rank + 1
            return once or digest(kind, self._key, self._idempotency_key, (f"{rank}",))
        if once or (said := content()) is None:
            return once
        return self._apart(kind, digest(_SAID[kind], self._key, "", said))

    def _apart(self, kind: Kind, found: str) -> str:
        """``found``, or another one where it was found in this request."""
        if len(self._said) >= MOST_COMPARED:
            self._said.clear()
            self._part += 1
        rank = self._said.get(found, 0)
        self._said[found] = rank + 1
        if not rank and not self._part:
            return found
        return digest(_SAID[kind], self._key, found, (f"{self._part}", f"{rank}"))


def what_is_meant_once(update: PeoplePayload | LargePeople) -> Content | None:
    """What an update of a person says. None: it has no time and adds nothing. To set again what was
    set before doubles nothing, and where the trait was another meanwhile it is meant."""
    if not update.add and timestamps.parse(update.timestamp) is None:
        return None
    return update.content()
