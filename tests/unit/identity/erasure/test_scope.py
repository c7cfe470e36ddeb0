"""Who is erased with an id."""

from whipstitch.identity.erasure.scope import ids_of
from whipstitch.identity.forest import Operation

_PHONE = Operation(10, "phone", "ada")
_LAPTOP = Operation(20, "laptop", "ada")
_EVE = Operation(30, "tablet", "eve")


def test_any_id_of_a_person_names_all_of_them() -> None:
    for id_ in ("phone", "laptop", "ada"):
        assert ids_of([_PHONE, _LAPTOP, _EVE], id_, 100) == {"phone", "laptop", "ada"}


def test_an_id_without_aliases_is_all_that_its_person_has() -> None:
    assert ids_of([_PHONE, _LAPTOP, _EVE], "bob", 100) == {"bob"}


def test_what_was_linked_later_is_not_part_of_the_person() -> None:
    assert ids_of([_PHONE, _LAPTOP], "ada", 15) == {"phone", "ada"}


def test_what_was_undone_is_not_part_of_the_person() -> None:
    undo = Operation(25, "phone", "", undo=True)
    assert ids_of([_PHONE, _LAPTOP, undo], "ada", 100) == {"laptop", "ada"}
