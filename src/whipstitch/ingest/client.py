"""The client of a request: what its headers and its address tell."""

from typing import Final

import msgspec

from whipstitch.core.projects import IngestionKey, Project
from whipstitch.ingest.enrichment.places import Place
from whipstitch.ingest.enrichment.user_agent import Agent
from whipstitch.ingest.validation.answers import Answer

ClientHeaders = tuple[bytes, bytes | None, bytes | None, bytes, str]
"""The headers ``x-api-key`` (blank: not sent), ``origin``, ``x-forwarded-for`` and ``user-agent``
(blank: not sent) of a request, and the address at the other end of the connection."""
COOKIELESS: Final = "$cookieless"
"""A ``distinct_id`` in whose place the client's ``day_id`` is put."""
NO_PROJECT: Final = Project("", "")
"""What a key belongs to that is not ours."""


class ClientContext(msgspec.Struct, frozen=True):
    """Everything that a request is judged and enriched by, besides its body. The same for each
    request with the same ``ClientHeaders``, as long as the project snapshot holds."""

    key: IngestionKey
    """The key that was sent; of ``NO_PROJECT`` where it is not ours, blank where none was sent."""
    refusal: Answer | None = None
    """What a request within the rate limit is refused with; None: it may send."""
    counted_by: str = ""
    """By what requests are counted: the key, or the address where none was sent."""
    limit: int = 0
    """Requests a minute, 0 for no limit."""
    counted_by_address: str = ""
    """With a key, by what its requests from one place are counted; blank where they are not."""
    address_limit: int = 0
    """Requests a minute from there."""
    agent: Agent = Agent()
    software: str = ""
    """What the ``User-Agent`` names: a browser and its system, or the first product in it."""
    door: str = ""
    """The product whose client's road it came by; blank: our own."""
    place: Place = Place()
    day_id: str = ""
    """Who it is for today, where nothing is stored in the browser: ``COOKIELESS`` stands for it."""
    idempotency_key: str = ""
    """What tells this request from others, where its operations have no ids; of one request only,
    unlike the rest."""

    @property
    def known(self) -> bool:
        """Whether the key is one of ours."""
        return bool(self.key.project.id)
