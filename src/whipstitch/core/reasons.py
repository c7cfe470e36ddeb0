"""Every reason for which ingestion refuses a request, drops an operation or passes over a part of
it. This is the only list: answers, counters, the Live page, its hints and ``docs/reasons.md`` are
made from it. A new reason is one more member. One list with the text of its page; so it is long.

``python -m whipstitch.core.reasons > docs/reasons.md`` writes the page."""

import sys
from enum import StrEnum
from typing import Final, Self


class Outcome(StrEnum):
    """What becomes of what was sent; as the Live page says it."""

    REJECTED = "rejected"
    """The request is refused with an error; nothing of it is kept."""
    DISCARDED = "discarded"
    """One operation is dropped, and the answer is that of success."""
    NOTED = "noted"
    """The operation is kept; something about it was passed over, or deserves to be known."""


_PAYLOAD: Final = (
    "An operation of the batch has the wrong shape, and so the whole batch was refused. Check that "
    "its required fields are strings and properties is an object."
)


class Reason(StrEnum):
    """The text is what metrics and the Live page show. ``outcome`` says what becomes of what was
    sent, ``hint`` what a developer can do about it."""

    outcome: Outcome
    hint: str

    def __new__(cls, text: str, outcome: Outcome, hint: str) -> Self:
        member = str.__new__(cls, text)
        member._value_ = text
        member.outcome = outcome
        member.hint = hint
        return member

    # Requests refused, in the order of the checks

    RATE_LIMITED = (
        "rate_limited",
        Outcome.REJECTED,
        "More requests a minute than the project allows. Send batches to /api/v1/batch, which "
        "count as one, or raise the limit under Settings.",
    )
    MISSING_KEY = (
        "missing_key",
        Outcome.REJECTED,
        "No x-api-key header came. Some proxies drop headers: check them, too.",
    )
    INVALID_KEY = (
        "invalid_key",
        Outcome.REJECTED,
        "No project has this key, or it was revoked. Compare its last four characters with the "
        "keys under Settings.",
    )
    UNAUTHORIZED_ORIGIN = (
        "unauthorized_origin",
        Outcome.REJECTED,
        "The page's domain is not among the project's authorized domains. Add it under Settings.",
    )
    UNAUTHORIZED_IP = (
        "unauthorized_ip",
        Outcome.REJECTED,
        "The address is not among the project's authorized IPs. Add it under Settings; behind a "
        "proxy, name the proxy in the setting trusted_proxies.",
    )
    BODY_TOO_LARGE = (
        "body_too_large",
        Outcome.REJECTED,
        "The body is over the server's limit, or its one operation over max_operation. Send "
        "smaller batches, and less in properties.",
    )
    INVALID_BODY = (
        "invalid_body",
        Outcome.REJECTED,
        "The body is not a JSON object, or a known field has the wrong type: properties must be an "
        "object, names and ids must be strings.",
    )
    MISSING_EVENT_NAME = (
        "missing_event_name",
        Outcome.REJECTED,
        "event_name is missing or empty.",
    )
    MISSING_DISTINCT_ID = (
        "missing_distinct_id",
        Outcome.REJECTED,
        "distinct_id is missing or empty: was the user known yet?",
    )
    MISSING_ALIAS_ID = ("missing_alias_id", Outcome.REJECTED, "alias_id is missing or empty.")
    NO_OPERATIONS = (
        "no_operations",
        Outcome.REJECTED,
        "The batch was empty: send it only when there is something in it.",
    )
    UNKNOWN_OPERATION = (
        "unknown_operation",
        Outcome.REJECTED,
        "An operation's type is not track, people or alias, and so the whole batch was refused.",
    )
    INVALID_TRACK_PAYLOAD = ("invalid_track_payload", Outcome.REJECTED, _PAYLOAD)
    INVALID_PEOPLE_PAYLOAD = ("invalid_people_payload", Outcome.REJECTED, _PAYLOAD)
    INVALID_ALIAS_PAYLOAD = ("invalid_alias_payload", Outcome.REJECTED, _PAYLOAD)
    MISSING_SCREEN_NAME = (
        "missing_screen_name",
        Outcome.REJECTED,
        "screen_name is missing or empty in the snapshot.",
    )
    MISSING_IMAGE = (
        "missing_image",
        Outcome.REJECTED,
        "image_base64 is missing in the snapshot.",
    )
    INVALID_IMAGE = (
        "invalid_image",
        Outcome.REJECTED,
        "The image is not a PNG, JPEG or WebP of at most 8 MB, base64-encoded.",
    )
    QUEUE_FULL = (
        "queue_full",
        Outcome.REJECTED,
        "The server could not take more, and said when to try again. Its operator should look at "
        "/ready and the free space on the disk.",
    )
    NOT_TAKEN_HERE = (
        "not_taken_here",
        Outcome.REJECTED,
        "The node that was asked only has the dashboard and the query API (`--only app`). Have the "
        "load balancer pass what clients send to the nodes that take events.",
    )
    INTERNAL_ERROR = (
        "internal_error",
        Outcome.REJECTED,
        "A fault of the server: its log says more.",
    )
    UNSUPPORTED_ENCODING = (
        "unsupported_encoding",
        Outcome.REJECTED,
        "Send bodies plain, or with gzip, deflate or zstd.",
    )
    METHOD_NOT_ALLOWED = ("method_not_allowed", Outcome.REJECTED, "Send with POST.")
    BODY_TIMEOUT = (
        "body_timeout",
        Outcome.REJECTED,
        "The body took too long to arrive: the connection is very slow.",
    )
    HEADERS_TOO_LARGE = (
        "headers_too_large",
        Outcome.REJECTED,
        "The request's headers are too large: look for a huge cookie.",
    )
    INVALID_HTTP = (
        "invalid_http",
        Outcome.REJECTED,
        "What came was no HTTP: was HTTPS sent to the HTTP port?",
    )

    # Operations dropped

    GARBAGE_ID = (
        "garbage_id",
        Outcome.DISCARDED,
        "The distinct_id is shorter than 2 characters or looks like a header (gzip, deflate, "
        "identity, accept, */*). Use a UUID, and look for a swapped argument.",
    )
    OPERATION_TOO_LARGE = (
        "operation_too_large",
        Outcome.DISCARDED,
        "An operation has more bytes than max_operation, a setting of the server's operator, "
        "allows. Send less in its properties.",
    )

    REPLAY_OFF = (
        "replay_off",
        Outcome.DISCARDED,
        "A part of a session's recording was taken and dropped: there is no session replay. The "
        "client's configuration says so; an older client does not ask.",
    )
    NOT_COLLECTED = (
        "not_collected",
        Outcome.DISCARDED,
        "What was sent is of a kind that is not collected, such as errors, vitals and exposures to "
        "feature flags. Switch its module off in the client.",
    )

    GROUP_TRAITS = (
        "group_traits",
        Outcome.DISCARDED,
        "Traits of a group (a company, an account) came from a client of another product. Groups "
        "are not kept; send what matters as a property of events or a trait of people.",
    )
    UNSUPPORTED_OPERATION = (
        "unsupported_operation",
        Outcome.DISCARDED,
        "A client of another product changed a trait in a way that there is not: lists are not "
        "appended to, people not deleted by a key. Set the whole list; erase people in the "
        "dashboard.",
    )
    UNREADABLE_OPERATION = (
        "unreadable_operation",
        Outcome.DISCARDED,
        "In the request of another product's client, an operation has no name or names nobody, or "
        "is not of the shape that the product's own server takes.",
    )
    LOG_LINE = (
        "log_line",
        Outcome.DISCARDED,
        "A log record without an event name is no event. Give event_name to what is one, and do "
        "not export the other records here.",
    )
    EMPTY_EVENT_NAME = (
        "empty_event_name",
        Outcome.DISCARDED,
        "An event of a batch had an empty event_name. Name it in the client.",
    )
    MALFORMED_OPERATION = (
        "malformed_operation",
        Outcome.DISCARDED,
        "An operation of a batch has the wrong shape, and the project drops such operations. Check "
        "that its required fields are strings and properties is an object.",
    )
    REPEATED = (
        "repeated",
        Outcome.DISCARDED,
        "An operation came again with the message_id (or the request's Idempotency-Key) that an "
        "earlier one had within deduplication_days, or, in a project that drops repeats, said the "
        "same as one without an id. It changed nothing. A few are retries; if most are, the client "
        "gives different operations the same id, or its events have no time.",
    )

    # Operations kept, with a remark

    UNREAD_TIME = (
        "unread_time",
        Outcome.NOTED,
        "The operation was kept, but a time in it could not be read and was passed over. Send "
        "RFC 3339, such as 2026-05-09T14:32:01Z, or unix seconds or milliseconds, between 1900 and "
        "2299.",
    )
    EVENTS_LOST = (
        "events_lost",
        Outcome.NOTED,
        "A client said with the event $queue_overflow that it lost events: its queue was full "
        "while it could not send. Its properties say more; look for refusals before it.",
    )
    NOT_ADDED = (
        "not_added",
        Outcome.NOTED,
        "A value under add is no number, or one beyond 1e30, and was passed over. Send numbers, "
        "not text.",
    )
    TIME_AHEAD = (
        "time_ahead",
        Outcome.NOTED,
        "The traits were kept, as of the time of receipt: their timestamp is more than a day "
        "ahead, and nobody could change them until then. Correct the client's clock, or send no "
        "timestamp.",
    )


_INTRODUCTION: Final = """\
# Reasons

<!-- Written by `python -m whipstitch.core.reasons > docs/reasons.md`; edit the list in
     src/whipstitch/core/reasons.py instead. -->

Why ingestion did not take something as it was sent. The dashboard's Live page shows the last hour
by endpoint and key, with the hint; its page Not stored and
[`GET /api/v1/rejections`](queries.md#what-was-not-stored) show 30 days by the hour, of all nodes
and through restarts (of a killed server the last two seconds are missing);
[metrics](operations.md#metrics) count by the same reasons, as their label `reason`.
"""
_SECTIONS: Final = {
    Outcome.REJECTED: "## Requests refused\n\n"
    "Answered with an error, counted in `whipstitch_rejected_requests_total`. Nothing of the "
    "request is kept.",
    Outcome.DISCARDED: "## Operations dropped\n\n"
    "Answered like a success, counted in `whipstitch_discarded_operations_total`. The other "
    "operations of a batch are kept.",
    Outcome.NOTED: "## Operations kept, with a remark\n\n"
    "Counted in `whipstitch_noted_operations_total`.",
}


def reference() -> str:
    """The page ``docs/reasons.md``."""
    parts = [_INTRODUCTION]
    for outcome, heading in _SECTIONS.items():
        rows = (f"| `{one}` | {one.hint} |\n" for one in Reason if one.outcome is outcome)
        parts.append(f"{heading}\n\n| reason | what to do |\n| --- | --- |\n{''.join(rows)}")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(reference())
