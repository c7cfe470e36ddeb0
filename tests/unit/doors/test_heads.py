from whipstitch.doors.heads import Heads

SENT = b"POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\n"
HEADERS = {b"x-api-key": b"k", b"content-length": b"4"}


def remember(heads: Heads, data: bytes) -> None:
    heads.remember(data, "track", HEADERS, 4, "gzip")


def test_a_known_head_with_exactly_its_body_is_found() -> None:
    heads = Heads()
    assert heads.find(SENT + b"body") is None
    remember(heads, SENT + b"bo")
    for body in (b"body", b"\r\n\r\n"):
        head = heads.find(SENT + body)
        assert head is not None
        assert (head.endpoint, head.headers, head.encoding) == ("track", HEADERS, "gzip")
        assert head.begins(SENT + body)
        assert head.body_of(SENT + body) == body


def test_anything_else_goes_to_the_parser() -> None:
    heads = Heads()
    remember(heads, SENT)
    head = heads.find(SENT + b"body")
    assert head is not None
    for data in (SENT + b"bod", SENT + b"body+", SENT, b"", b"body", SENT.lower() + b"body"):
        assert heads.find(data) is None
        assert not head.begins(data)


def test_long_heads_are_not_remembered() -> None:
    heads = Heads()
    long = SENT[:-2] + b"x: " + b"y" * 3_000 + b"\r\n\r\n"
    remember(heads, long + b"body")
    assert heads.find(long + b"body") is None


def test_heads_are_forgotten_before_they_fill_the_memory() -> None:
    heads = Heads()
    for number in range(5_000):
        remember(heads, b"x: %d\r\n\r\n" % number)
    assert len(heads._heads) < 5_000
    assert heads.find(b"x: 4999\r\n\r\nbody") is not None
