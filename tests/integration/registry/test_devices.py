"""Browsers that users have signed in with before."""

from whipstitch.registry.store import Registry


def test_a_device_is_known_as_one_users_until_the_password_changes(registry: Registry) -> None:
    registry.create_user("ann@example.com", "correct horse")
    registry.create_user("bob@example.com", "correct horse")
    word, other = registry.new_device("Ann@example.com "), registry.new_device("ann@example.com")

    assert word != other
    assert registry.knows_device("ann@example.com", word)
    assert registry.knows_device(" ANN@example.com", other)
    assert not registry.knows_device("bob@example.com", word)
    assert not registry.knows_device("nobody@example.com", word)
    registry.set_password("ann@example.com", "battery staple")
    assert not registry.knows_device("ann@example.com", word)


def test_a_made_up_word_names_no_device(registry: Registry) -> None:
    registry.create_user("ann@example.com", "correct horse")
    number, _, signature = registry.new_device("ann@example.com").partition(".")

    for word in ("", ".", number, f"{number}.", f".{signature}", f"x{number}.{signature}"):
        assert not registry.knows_device("ann@example.com", word)
    for word in (f"{number}.{signature}x", f"{number}.é", f"\udc00.{signature}", "x" * 10_000):
        assert not registry.knows_device("ann@example.com", word)
    assert registry.new_device("nobody@example.com") == ""
