import pytest

from whipstitch.doors.heads import Head, head_of

HEADERS = {b"x-api-key": b"k", b"content-length": b"4"}
BEFORE = b"POST /api/v1/track HTTP/1.1\r\nx-api-key: k\r\nContent-Length: "
AFTER = b"\r\nx-more: 12\r\n\r\n"


def remembered(data: bytes) -> Head | None:
    return head_of(data, "track", HEADERS, "gzip")


def request(body: bytes, length: int | None = None) -> bytes:
    return b"%b%d%b%b" % (BEFORE, len(body) if length is None else length, AFTER, body)


@pytest.mark.parametrize("body", [b"", b"body", b"another body", b"\r\n\r\n", b"0" * 70_000])
def test_the_body_behind_the_same_head_is_found_whatever_its_length(body: bytes) -> None:
    head = remembered(request(b"first"))

    assert head is not None
    assert (head.endpoint, head.headers, head.encoding) == ("track", HEADERS, "gzip")
    assert head.body_of(request(body)) == body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"body",
        request(b"body", 3),
        request(b"body", 5),
        request(b"body") + b"POST",
        request(b"body").replace(b"x-api-key: k", b"x-api-key: K"),
        request(b"body").replace(b"x-more: 12", b"x-more: 13"),
        request(b"body").replace(b": 4\r", b": +4\r"),
        request(b"body").replace(b": 4\r", b":  4\r"),
        request(b"body").replace(b": 4\r", b": 4 \r"),
        request(b"body").replace(b": 4\r", b": \r"),
        request(b"body").replace(b": 4\r", b": 00000000000000004\r"),
        request(b"body").replace(b": 4\r", b": \xb2\r"),
        b"\r\n\r\n" + request(b"body"),
        request(b"body").lower(),
        BEFORE + b"4",
    ],
)
def test_anything_else_goes_to_the_parser(data: bytes) -> None:
    head = remembered(request(b"first"))

    assert head is not None
    assert head.body_of(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n" + request(b"body"),
        b"\r\n\r\n" + request(b"body"),
        b"\n" + request(b"body"),
        b"POST /api/v1/track HTTP/1.1\r\nx-api-key: k\r\n\r\nContent-Length: 4\r\n\r\nbody",
        request(b"body").replace(b"\r\n", b"\n"),
        request(b"body").replace(b"Content-Length: ", b"Content-Length:"),
        request(b"body").replace(b": 12", b": " + b"1" * 5_000),
    ],
)
def test_heads_that_stand_otherwise_are_not_remembered(data: bytes) -> None:
    assert remembered(data) is None
