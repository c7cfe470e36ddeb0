"""What a developer who integrates can do about each reason for which requests are refused or
dropped."""

from typing import Final

from whipstitch.ingest.rejections import TIME_AHEAD, UNREAD_TIME
from whipstitch.ingest.validation.answers import OVERSIZED

_PAYLOAD: Final = (
    "An operation of the batch has the wrong shape, and so the whole batch was refused. Check that "
    "its required fields are strings and properties is an object."
)
HINTS: Final = {
    "garbage_id": "The distinct_id is shorter than 2 characters or looks like a header (gzip, "
    "deflate, identity, accept, */*). Use a UUID, and look for a swapped argument.",
    OVERSIZED: "An operation has more bytes than max_operation, a setting of the "
    "server's operator, allows. Send less in its properties.",
    UNREAD_TIME: "The operation was kept, but a time in it could not be read and was passed over. "
    "Send RFC 3339, such as 2026-05-09T14:32:01Z, or unix seconds or milliseconds, between 1900 "
    "and 2299.",
    TIME_AHEAD: "The traits were kept, as of the time of receipt: their timestamp is more than a "
    "day ahead, and nobody could change them until then. Correct the client's clock, or send no "
    "timestamp.",
    "rate_limited": "More requests a minute than the project allows. Send batches to "
    "/api/v1/batch, which count as one, or raise the limit under Settings.",
    "missing_key": "No x-api-key header came. Some proxies drop headers: check them, too.",
    "invalid_key": "No project has this key, or it was revoked. Compare its last four characters "
    "with the keys under Settings.",
    "unauthorized_origin": "The page's domain is not among the project's authorized domains. Add "
    "it under Settings.",
    "unauthorized_ip": "The address is not among the project's authorized IPs. Add it under "
    "Settings; behind a proxy, name the proxy in the setting trusted_proxies.",
    "body_too_large": "The body is over the server's limit, or its one operation over"
    " max_operation. Send smaller batches, and less in properties.",
    "invalid_body": "The body is not a JSON object, or a known field has the wrong type: "
    "properties must be an object, names and ids must be strings.",
    "missing_event_name": "event_name is missing or empty.",
    "missing_distinct_id": "distinct_id is missing or empty: was the user known yet?",
    "missing_alias_id": "alias_id is missing or empty.",
    "no_operations": "The batch was empty: send it only when there is something in it.",
    "unknown_operation": "An operation's type is not track, people or alias, and so the whole "
    "batch was refused.",
    "invalid_track_payload": _PAYLOAD,
    "invalid_people_payload": _PAYLOAD,
    "invalid_alias_payload": _PAYLOAD,
    "queue_full": "The server could not take more, and said when to try again. Its operator should "
    "look at /ready and the free space on the disk.",
    "internal_error": "A fault of the server: its log says more.",
    "unsupported_encoding": "Send bodies plain, or with gzip, deflate or zstd.",
    "method_not_allowed": "Send with POST.",
    "body_timeout": "The body took too long to arrive: the connection is very slow.",
    "headers_too_large": "The request's headers are too large: look for a huge cookie.",
    "invalid_http": "What came was no HTTP: was HTTPS sent to the HTTP port?",
    "missing_screen_name": "screen_name is missing or empty in the snapshot.",
    "missing_image": "image_base64 is missing in the snapshot.",
    "invalid_image": "The image is not a PNG, JPEG or WebP of at most 8 MB, base64-encoded.",
}


def hint_for(reason: str) -> str:
    return HINTS.get(reason, "")
