"""What both doors do with a request: authentication, the body, the journal, the answer."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import structlog

from whipstitch.core.projects import Scope
from whipstitch.core.rate_limit import seconds_left
from whipstitch.core.reasons import Reason
from whipstitch.ingest.bulk.pool import BulkPool
from whipstitch.ingest.client import ClientContext, ClientHeaders
from whipstitch.ingest.clients import Clients
from whipstitch.ingest.endpoints import Endpoint
from whipstitch.ingest.http.decompression import (
    BOM,
    Corrupt,
    Oversized,
    UnsupportedEncoding,
    encoding_of,
    unpack,
)
from whipstitch.ingest.rejections import Rejections
from whipstitch.ingest.stats import IngestStats
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer
from whipstitch.ingest.validation.authentication import Authenticator
from whipstitch.ingest.validation.counts import Counts
from whipstitch.ingest.validation.outcomes import Validated
from whipstitch.ingest.validation.validate import Validator
from whipstitch.journal.group_commit import Entry
from whipstitch.journal.journal import Journal

log = structlog.get_logger(__name__)

LARGEST_SMALL_BODY = 256 * 1024
"""Bytes. A body up to this, packed and unpacked, is admitted on the event loop; a larger one would
hold up the other clients, so another process does it."""

Respond = Callable[[Answer], None]


def answer_to_come() -> tuple[asyncio.Future[Answer], Respond]:
    """For who awaits an answer: the future, and what fulfils it. The client may be gone by then."""
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def respond(given: Answer) -> None:
        if not answer.done():
            answer.set_result(given)

    return answer, respond


class _QueuedRequest(Entry, gc=False):
    """An admitted request on its way to the disk, and who awaits the answer."""

    admitted: Validated
    respond: Respond
    stats: IngestStats

    def done(self, durable: bool) -> None:
        if durable:
            self.stats.count(self.admitted.tally)
            self.respond(self.admitted.answer)
        else:
            self.respond(answers.UNAVAILABLE)


class IngestService:
    """Admits requests. Every method belongs to the event loop's thread."""

    def __init__(
        self,
        *,
        clients: Clients,
        authenticator: Authenticator,
        validator: Validator,
        journal: Journal,
        bulk: BulkPool,
        max_body: int,
        closed: Answer | None = None,
    ) -> None:
        """``closed``: what everybody is answered where nothing is taken."""
        self._closed = closed
        self.stats = IngestStats()
        self.rejections = Rejections(time.time)
        self.max_body = max_body
        self.largest_small_body = min(LARGEST_SMALL_BODY, max_body)
        self.clients = clients
        self._authenticator = authenticator
        self._journal = journal
        self._bulk = bulk
        self._spooling: set[asyncio.Task[None]] = set()
        self._admit: dict[Endpoint, Callable[[bytes, ClientContext], Validated | Answer]] = {
            "track": validator.alone(validator.track),
            "people": validator.alone(validator.people),
            "alias": validator.alone(validator.alias),
            "batch": validator.batch,
        }

    def enter(
        self, endpoint: str, headers: Mapping[bytes, bytes], peer: str, *, counted: bool = True
    ) -> ClientContext | Answer:
        """``check_rate_limit`` for whoever has all headers, by their names in lower case; ``peer``
        is the address at the other end of the connection. ``counted``: by the rate limit."""
        get = headers.get
        sent = (
            get(b"x-api-key", b""),
            get(b"origin"),
            get(b"x-forwarded-for"),
            get(b"user-agent", b""),
            peer,
        )
        client = self.check_rate_limit(endpoint, sent, counted=counted)
        if not isinstance(client, Answer) and (key := get(b"idempotency-key", b"").strip()):
            return msgspec.structs.replace(client, idempotency_key=key.decode("latin-1"))
        return client

    def check_rate_limit(
        self, endpoint: str, headers: ClientHeaders, *, counted: bool = True
    ) -> ClientContext | Answer:
        """The checks that need no body; counts a request. The client, if it may send. ``endpoint``
        is named in what is told of refusals."""
        if self._closed is not None:
            return self._closed
        client = self.clients.of(headers)
        if client is None:
            return answers.UNAVAILABLE
        refusal = client.refusal
        limited = counted and (client.limit or client.counted_by_address)
        if limited and not self._authenticator.is_within_limit(client, now := time.time()):
            refusal = answers.rate_limited(seconds_left(now))
        if refusal is None:
            return client
        assert refusal.reason is not None  # noqa: S101 - tells the type checker
        self.rejections.note(refusal.reason, endpoint, client.key)
        return refusal

    def take(
        self,
        endpoint: Endpoint,
        client: ClientContext,
        body: bytes,
        encoding: str,
        respond: Respond,
    ) -> None:
        """Admits a small ``body``; ``encoding`` is its ``Content-Encoding`` header. Calls
        ``respond`` once: at once with a refusal, or when the rows are durable."""
        if encoding:
            try:
                body = unpack(body, encoding_of(encoding), self.largest_small_body)
            except UnsupportedEncoding:
                respond(answers.INVALID_ENCODING)
                return
            except Corrupt:
                respond(answers.INVALID_BODY)
                return
            except Oversized:
                task = asyncio.create_task(self._spool(endpoint, client, body, encoding, respond))
                self._spooling.add(task)  # the loop alone would let it be collected
                task.add_done_callback(self._spooling.discard)
                return
        elif body.startswith(BOM):
            body = body.removeprefix(BOM)
        try:
            admitted = self._admit[endpoint](body, client)
        except Exception:
            # A fault of ours, which must not leave the client without an answer.
            log.exception("admission_failed", endpoint=endpoint)
            admitted = answers.FAILED
        if not isinstance(admitted, Validated):
            respond(admitted)
        elif admitted.rows:
            if admitted.tally.troubles:
                self._note_troubles(endpoint, client, admitted.tally)
            self._queue(admitted, respond)
        else:
            respond(self._nothing_to_queue(endpoint, client, admitted))

    async def accept_bulk(
        self, endpoint: Endpoint, client: ClientContext, spool: Path, encoding: str
    ) -> Answer:
        """Admits a body that lies in the file ``spool``, in another process."""
        try:
            encoding = encoding_of(encoding)
        except UnsupportedEncoding:
            return answers.INVALID_ENCODING
        admitted = await self._bulk.admit(endpoint, client, spool, encoding)
        if isinstance(admitted, Answer):
            return admitted
        if not admitted.lines:  # its rows, if it has any, are in a segment of their own
            return self._nothing_to_queue(endpoint, client, admitted)
        if admitted.tally.troubles:
            self._note_troubles(endpoint, client, admitted.tally)
        answer, respond = answer_to_come()
        self._queue(admitted, respond)
        return await answer

    def new_spool(self) -> Path:
        """A name for a file that a large body is received into."""
        return self._bulk.new_spool()

    def count(
        self,
        answer: Answer,
        door: str,
        seconds: float | None,
        endpoint: str,
        client: ClientContext | None,
    ) -> None:
        """Counts an answer that was given. ``client``: None where it was not let in."""
        stats = self.stats
        stats.requests[door] += 1
        if seconds is not None:
            stats.latency.observe(seconds)
        if answer.reason is not None:
            stats.reasons[answer.reason] += 1
            if client is not None:
                self.rejections.note(answer.reason, endpoint, client.key)

    def note_dropped(
        self, reason: Reason, endpoint: str, client: ClientContext, count: int = 1
    ) -> None:
        """Counts what is answered with success and not kept."""
        self.stats.reasons[reason] += count
        self.rejections.note(reason, endpoint, client.key, count)

    def note_repeats(self, found: Mapping[tuple[Scope, str], int]) -> None:
        """Counts operations that were accepted and came to nothing, because they repeat others; by
        whose and which they are."""
        for (scope, kind), count in found.items():
            self.stats.reasons[Reason.REPEATED] += count
            self.rejections.note_in(scope, Reason.REPEATED, kind, count)

    def _nothing_to_queue(
        self, endpoint: str, client: ClientContext, admitted: Validated
    ) -> Answer:
        if admitted.tally.troubles:
            self._note_troubles(endpoint, client, admitted.tally)
        self.stats.count(admitted.tally)
        return admitted.answer

    def _note_troubles(self, endpoint: str, client: ClientContext, tally: Counts) -> None:
        for reason, count in tally.troubles.items():
            self.rejections.note(reason, endpoint, client.key, count)

    def _queue(self, admitted: Validated, respond: Respond) -> None:
        entry = _QueuedRequest(admitted.lines, admitted.rows, admitted, respond, self.stats)
        if not self._journal.append(entry):
            respond(answers.UNAVAILABLE)

    async def _spool(
        self,
        endpoint: Endpoint,
        client: ClientContext,
        body: bytes,
        encoding: str,
        respond: Respond,
    ) -> None:
        """A small body that unpacks to a large one."""
        spool = self.new_spool()
        try:
            await asyncio.to_thread(spool.write_bytes, body)
            answer = await self.accept_bulk(endpoint, client, spool, encoding)
        except OSError:
            answer = answers.UNAVAILABLE
        except asyncio.CancelledError:
            respond(answers.UNAVAILABLE)
            raise
        except Exception:
            log.exception("bulk_admission_failed", endpoint=endpoint)
            answer = answers.FAILED
        finally:
            with contextlib.suppress(OSError):
                spool.unlink(missing_ok=True)
        respond(answer)
