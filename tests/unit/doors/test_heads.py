from whipstitch.doors.heads import Head, Heads

HEAD = Head("track", {b"x-api-key": b"k", b"content-length": b"4"}, 4, "")
SENT = b"POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\n"


def test_a_known_head_with_exactly_its_body_is_recognised() -> None:
    heads = Heads()
    assert heads.whole_request(SENT + b"body") is None
    heads.remember(SENT + b"bo", HEAD)
    assert heads.whole_request(SENT + b"body") == (HEAD, b"body")
    assert heads.whole_request(SENT + b"\r\n\r\n") == (HEAD, b"\r\n\r\n")


def test_anything_else_goes_to_the_parser() -> None:
    heads = Heads()
    heads.remember(SENT, HEAD)
    for data in (SENT + b"bod", SENT + b"body+", SENT, b"", b"body", SENT.lower() + b"body"):
        assert heads.whole_request(data) is None


def test_long_heads_are_not_remembered() -> None:
    heads = Heads()
    long = SENT[:-2] + b"x: " + b"y" * 3_000 + b"\r\n\r\n"
    heads.remember(long + b"body", HEAD)
    assert heads.whole_request(long + b"body") is None


def test_heads_are_forgotten_before_they_fill_the_memory() -> None:
    heads = Heads()
    for number in range(5_000):
        heads.remember(b"x: %d\r\n\r\n" % number, HEAD)
    assert len(heads._heads) < 5_000
    assert heads.whole_request(b"x: 4999\r\n\r\nbody") == (HEAD, b"body")
