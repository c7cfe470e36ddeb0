"""Operations that come again, on their way into a real ClickHouse."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from hashlib import blake2b
from pathlib import Path

import pytest
from tests.support.segments import START_MS, alias, event, trait, write_segment

from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.projects import Scope
from whipstitch.loader.id_filter import IdFilter
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.repeats import Found, Repeats, without_repeats
from whipstitch.loader.segment_reader import contents
from whipstitch.loader.wide import split_evenly
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.store import Store

DAY = 86_400_000_000
SCOPE = Scope("proj_a", "live")


def once(number: int) -> str:
    return f"{number:032x}"


def load(inserts: Inserts, directory: Path, lines: Iterable[bytes], number: int = 1) -> None:
    segment = write_segment(directory, lines, number)
    inserts.load([segment], segment.stem, contents(segment))


@pytest.fixture
def told() -> Counter[tuple[Scope, str]]:
    return Counter()


@pytest.fixture(params=[True, False], ids=["alone", "among others"])
def inserts(
    store: Store, told: Counter[tuple[Scope, str]], request: pytest.FixtureRequest
) -> Inserts:
    def tell(found: Found) -> None:
        told.update(found)

    in_background = store.run_in_background if request.param else None
    return Inserts(store, repeats=Repeats(3, in_background=in_background, told=tell))


def numbers(store: Store) -> list[int]:
    rows = store.query("SELECT accepted FROM events ORDER BY accepted")
    return [accepted - START_MS * 1000 for (accepted,) in rows]


def test_of_operations_with_one_id_the_first_is_stored(
    inserts: Inserts, store: Store, tmp_path: Path, told: Counter[tuple[Scope, str]]
) -> None:
    load(inserts, tmp_path, [event(n, once=once(n % 3)) for n in range(9)] + [event(20)])
    load(inserts, tmp_path, [event(n, once=once(n % 4)) for n in range(30, 38)] + [event(40)], 2)

    assert numbers(store) == [0, 1, 2, 20, 31, 40]
    assert told == {(SCOPE, "track"): 6 + 7}


def test_a_row_without_an_id_stays_though_it_has_the_number_of_a_repeat(
    inserts: Inserts, store: Store, tmp_path: Path
) -> None:
    other = event(5).replace(b'"event_name":"', b'"event_name":"other_')
    load(inserts, tmp_path, [event(n, once=once(1)) for n in (1, 5)] + [other])

    assert numbers(store) == [1, 5]
    ((name,),) = store.query("SELECT event_name FROM events WHERE event_name LIKE 'other_%'")
    assert name.startswith("other_")


def test_an_update_and_its_rows_count_once(inserts: Inserts, store: Store, tmp_path: Path) -> None:
    first = [trait(1, "u", name, "1", once=once(1)) for name in ("", "a", "b")]
    # Of a large update each row has a number of its own.
    large = [trait(n, "u", "c", str(n), once=once(2), part_of=START_MS * 1000 + 5) for n in (5, 6)]
    again = [trait(9, "u", name, "9", once=once(1)) for name in ("", "a")]
    load(inserts, tmp_path, [*first, *large, *again])
    load(inserts, tmp_path, [trait(12, "u", "c", "12", once=once(2))], 2)

    rows = store.query("SELECT property, value FROM person_traits FINAL ORDER BY property")
    assert [tuple(row) for row in rows] == [("", "1"), ("a", "1"), ("b", "1"), ("c", "6")]


def test_a_load_that_was_cut_off_after_its_ids_were_taken_is_no_repeat(
    inserts: Inserts, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise StorageUnavailable("away")

    lines = [event(n, once=once(n % 3)) for n in range(6)]
    with monkeypatch.context() as patched:
        patched.setattr(inserts, "_insert", away)
        with pytest.raises(StorageUnavailable):
            load(inserts, tmp_path, lines)
    assert numbers(store) == []

    for _ in range(2):  # the second as after a kill before the segment was removed
        for number, line in enumerate(reversed(lines), 1):
            load(Inserts(store, repeats=Repeats(3)), tmp_path, [line], number)
    assert numbers(store) == [0, 1, 2]


def test_after_the_window_an_id_counts_anew_and_old_days_go(
    inserts: Inserts, store: Store, tmp_path: Path
) -> None:
    for number, at in enumerate((0, 2 * DAY, 3 * DAY + 1, 4 * DAY, 9 * DAY), 1):
        load(inserts, tmp_path, [event(at, timestamp=START_MS, once=once(1))], number)

    assert numbers(store) == [0, 3 * DAY + 1, 9 * DAY]
    (days,) = store.query(
        "SELECT uniqExact(partition) FROM system.parts WHERE active AND table = 'operation_ids' "
        "AND database = currentDatabase()"
    )
    assert days[0] == 1


def test_a_segment_in_even_parts_has_the_same_rows(tmp_path: Path) -> None:
    segment = write_segment(tmp_path, [event(n, once=once(n)) for n in range(10)])

    parts = list(split_evenly(segment, 4))

    found = [[one.accepted for one in contents(part).marked] for part in parts]
    assert [len(one) for one in found] == [4, 4, 2]
    assert [number for one in found for number in one] == [
        one.accepted for one in contents(segment).marked
    ]


def test_a_repeated_alias_is_left_out(tmp_path: Path) -> None:
    segment = write_segment(tmp_path, [alias(1, "a", "u", once=once(1)), alias(2, "b", "u")])
    named = without_repeats(contents(segment).named, {START_MS * 1000 + 1})

    assert [row.alias_id for row in named.aliases[SCOPE]] == ["b"]
    assert json.loads(segment.read_bytes().splitlines()[0])["once"] == once(1)


def test_the_filter_that_clickhouse_makes_is_that_of_the_ids_it_has(
    store: Store, tmp_path: Path
) -> None:
    ids = [blake2b(bytes([n % 256, n // 256]), digest_size=16).hexdigest() for n in range(2000)]
    load(
        Inserts(store, repeats=Repeats(3)),
        tmp_path,
        [event(n, once=id_) for n, id_ in enumerate(ids)],
    )
    added = IdFilter()
    added.add(ids)

    made = store.run_on_writer(IdFilter.for_table).result()
    while store.run_on_writer(made.fill_some).result():
        pass

    assert bytes(made) == bytes(added)
    assert made.add(ids) == ids


def test_while_the_filter_is_made_no_repeat_is_missed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start with ids that are stored; between loads some parts of the filter are made."""
    monkeypatch.setattr("whipstitch.loader.id_filter._SLICE", 12)  # of 16: 16 parts
    chance = random.Random(1)  # noqa: S311 - no secret
    ids = [blake2b(bytes([n]), digest_size=16).hexdigest() for n in range(150)]
    sent = [(chance.choice(ids), number) for number in range(300)]
    waiting: list[tuple[Callable[[Client], bool], Future[bool]]] = []

    def hold(work: Callable[[Client], bool]) -> Future[bool]:
        waiting.append((work, Future()))
        return waiting[-1][1]

    before, after = Repeats(3), Repeats(3, in_background=hold)
    for number, start in enumerate(range(0, len(sent), 20)):
        some = [event(at, once=once) for once, at in sent[start : start + 20]]
        repeats = before if start < 100 else after
        load(Inserts(store, repeats=repeats), tmp_path, some, number)
        for _ in range(chance.randrange(4)):
            if waiting:
                work, future = waiting.pop()
                future.set_result(store.run_on_writer(work).result())

    first: dict[str, int] = {}
    for id_, at in sent:
        first.setdefault(id_, at)
    assert numbers(store) == sorted(first.values())


def test_a_filter_that_could_not_be_made_is_begun_anew(store: Store, tmp_path: Path) -> None:
    begun: list[Future[bool]] = []

    def fail(_: Callable[[Client], bool]) -> Future[bool]:
        begun.append(Future())
        begun[-1].set_exception(StorageUnavailable("away"))
        return begun[-1]

    load(Inserts(store, repeats=Repeats(3)), tmp_path, [event(0, once=once(0))])
    inserts = Inserts(store, repeats=Repeats(3, in_background=fail))
    for number in (1, 2):
        load(inserts, tmp_path, [event(number, once=once(0))], number)

    assert numbers(store) == [0]
    assert len(begun) == 2
