"""Who is erased with an id."""

from collections.abc import Iterable

from whipstitch.identity.forest import Operation, grow


def ids_of(operations: Iterable[Operation], id_: str, accepted: int) -> frozenset[str]:
    """All ids of the person whom ``id_`` named as of ``accepted``, in unix microseconds.

    ``operations`` are all that bear on them; what was accepted later does not count."""
    forest = grow(one for one in operations if one.accepted <= accepted)
    person = forest.person(id_)
    return frozenset({id_, person, *(one for one in forest.links if forest.person(one) == person)})
