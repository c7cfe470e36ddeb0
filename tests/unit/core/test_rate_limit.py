from whipstitch.core.rate_limit import RateLimiter, RateShare

MINUTE = 29_000_000 * 60.0


def test_a_caller_may_send_up_to_the_limit_in_a_minute() -> None:
    limiter = RateLimiter()
    assert [limiter.allow("a", 3, MINUTE + second) for second in (0, 30, 59.9, 59.99)] == [
        True,
        True,
        True,
        False,
    ]


def test_windows_begin_with_the_minute_whenever_the_first_request_came() -> None:
    limiter = RateLimiter()
    assert limiter.allow("a", 1, MINUTE + 59.9)
    assert not limiter.allow("a", 1, MINUTE + 59.95)
    assert limiter.allow("a", 1, MINUTE + 60)
    assert not limiter.allow("a", 1, MINUTE + 119.9)


def test_each_caller_is_counted_by_itself() -> None:
    limiter = RateLimiter()
    assert limiter.allow("a", 1, MINUTE)
    assert limiter.allow("b", 1, MINUTE)
    assert not limiter.allow("a", 1, MINUTE)


def test_a_limit_of_zero_is_none() -> None:
    limiter = RateLimiter()
    assert all(limiter.allow("a", 0, MINUTE) for _ in range(1_000))


def test_made_up_callers_do_not_fill_the_memory() -> None:
    limiter = RateLimiter()
    assert limiter.allow("real", 2, MINUTE)
    allowed = sum(limiter.allow(f"made up {number}", 2, MINUTE) for number in range(150_000))
    assert 99_990 <= allowed <= 100_010
    assert len(limiter._counts) <= 100_001
    assert limiter.allow("real", 2, MINUTE)
    assert limiter.allow("made up 140000", 2, MINUTE + 60)


def test_the_shares_of_several_nodes_add_up_to_the_limit() -> None:
    for nodes in (1, 2, 3, 7):
        for limit in (1, 2, 5, 500, 1001):
            limiters = [RateLimiter() for _ in range(nodes)]
            for number, limiter in enumerate(limiters):
                limiter.share = RateShare(number, nodes)
            asked = (limiters[number % nodes] for number in range(2 * limit + nodes * nodes))
            assert sum(one.allow("a", limit, MINUTE) for one in asked) == limit


def test_no_limit_is_none_for_each_of_several_nodes() -> None:
    limiter = RateLimiter()
    limiter.share = RateShare(1, 2)
    assert all(limiter.allow("a", 0, MINUTE) for _ in range(1_000))
