import pytest

from whipstitch.core.rate_limit import seconds_left
from whipstitch.ingest.http.responses import ResponseEncoder, headers_of, preflight_headers
from whipstitch.ingest.validation import answers

DATE = [(b"date", b"now")]


def test_an_answer_is_rendered_as_a_whole_response() -> None:
    assert ResponseEncoder().render(answers.MISSING_KEY, DATE, close=False) == (
        b"HTTP/1.1 401 Unauthorized\r\n"
        b"date: now\r\n"
        b"content-type: application/json\r\n"
        b"content-length: 38\r\n"
        b"access-control-allow-origin: *\r\n"
        b"access-control-expose-headers: retry-after\r\n"
        b"cache-control: no-store\r\n"
        b"x-content-type-options: nosniff\r\n"
        b"\r\n"
        b'{"ok":false,"error":"Missing API key"}'
    )


def test_an_answer_without_a_body_has_no_content_type() -> None:
    rendered = ResponseEncoder().render(answers.ACCEPTED, DATE, close=False)
    assert b"\r\ncontent-type" not in rendered
    assert b"content-length: 0\r\n" in rendered


def test_a_closing_answer_says_so_and_is_not_mixed_up_with_the_other() -> None:
    renderer = ResponseEncoder()
    kept = renderer.render(answers.TRACKED, DATE, close=False)
    closing = renderer.render(answers.TRACKED, DATE, close=True)
    assert closing == kept.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    assert renderer.render(answers.TRACKED, DATE, close=False) == kept


def test_a_new_date_is_sent_at_once() -> None:
    renderer = ResponseEncoder()
    renderer.render(answers.TRACKED, DATE, close=False)
    later = renderer.render(answers.TRACKED, [(b"date", b"later")], close=False)
    assert b"date: later\r\n" in later


def test_a_new_date_of_a_closing_answer_is_that_of_the_next_one_too() -> None:
    renderer = ResponseEncoder()
    renderer.render(answers.TRACKED, DATE, close=False)
    later = [(b"date", b"later")]
    renderer.render(answers.TRACKED, later, close=True)
    assert b"date: later\r\n" in renderer.render(answers.TRACKED, later, close=False)


def test_a_full_queue_says_when_to_come_back() -> None:
    assert (b"retry-after", b"5") in headers_of(answers.UNAVAILABLE)


@pytest.mark.parametrize(("now", "seconds"), [(0.0, 60), (59.0, 1), (59.99, 1), (90.5, 30)])
def test_whoever_sends_too_much_is_told_when_the_next_minute_begins(
    now: float, seconds: int
) -> None:
    answer = answers.rate_limited(seconds_left(now))
    assert answer.status == 429
    assert (b"retry-after", b"%d" % seconds) in headers_of(answer)


def test_a_preflight_allows_what_was_asked_for() -> None:
    assert (b"access-control-allow-headers", b"x-a") in preflight_headers(b"x-a")
    [usual] = [
        value for name, value in preflight_headers(b"") if name == b"access-control-allow-headers"
    ]
    assert {b"x-api-key", b"content-type"} <= set(usual.split(b", "))
