from whipstitch.identity.arrivals import without_repeats
from whipstitch.identity.forest import Operation


def alias(accepted: int, alias_id: str, distinct_id: str, refused: str = "") -> Operation:
    return Operation(accepted, alias_id, distinct_id, refused=refused)


def undo(accepted: int, alias_id: str) -> Operation:
    return Operation(accepted, alias_id, "", undo=True)


def test_what_is_stored_is_not_new() -> None:
    said = alias(1, "anon", "user")
    assert without_repeats({said}, [said], linked=[]) == set()


def test_a_repeat_of_the_alias_in_force_says_nothing_new() -> None:
    assert (
        without_repeats({alias(1, "anon", "user")}, [alias(2, "anon", "user")], ["anon"]) == set()
    )


def test_a_repeat_of_a_refused_second_parent_says_nothing_new() -> None:
    known = {alias(1, "anon", "user"), alias(2, "anon", "other")}
    assert without_repeats(known, [alias(3, "anon", "other")], ["anon"]) == set()


def test_a_repeat_of_what_admission_refused_says_nothing_new() -> None:
    known = {alias(1, "null", "user", "placeholder")}
    assert without_repeats(known, [alias(2, "null", "user", "placeholder")], []) == set()


def test_an_alias_that_comes_again_after_its_undo_is_new() -> None:
    known = {alias(1, "anon", "user"), undo(2, "anon")}
    again = alias(3, "anon", "user")
    assert without_repeats(known, [again], linked=[]) == {again}


def test_an_alias_that_comes_again_after_a_loop_is_gone_is_new() -> None:
    known = {alias(1, "a", "b"), alias(2, "b", "a"), undo(3, "a")}
    again = alias(4, "b", "a")
    assert without_repeats({one for one in known if one.alias_id == "b"}, [again], []) == {again}


def test_an_earlier_one_that_arrives_late_is_new() -> None:
    late = alias(1, "anon", "user")
    assert without_repeats({alias(2, "anon", "user")}, [late], ["anon"]) == {late}


def test_an_undo_is_new_once() -> None:
    first, second = undo(2, "anon"), undo(3, "anon")
    assert without_repeats({first}, [first, second], linked=[]) == {second}
