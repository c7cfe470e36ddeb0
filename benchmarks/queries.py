"""What questions take, on ten million events of half a million people: over HTTP, from the request
to the last byte of the answer, beside their floor in SQL; again with 1,000 aliases pending, right
after rewrites, and while somebody signs in every ten seconds. And what they do to the clients that
send."""

import itertools
import json
import statistics
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from benchmarks import dataset, latency
from benchmarks.baselines import echo
from benchmarks.family import MemoryWatch
from benchmarks.open_loop import Loop
from benchmarks.processes import SERVER_CORE, Server
from benchmarks.questions import MONTH, QUESTIONS, Question
from benchmarks.reporting import ROUNDS, Figure, Row
from whipstitch.warehouse.connection import QUERYING

_EVENTS: Final = 10_000_000
_BESIDE_MILLISECONDS: Final = 3.0
"""What clients waited longer than for the echo beside heavy questions, while ClickHouse was inside
the server's process."""


def queries(short: bool) -> Iterator[Row]:
    """Medians of warm runs."""
    events, rounds = (50_000, 1) if short else (_EVENTS, 7)
    with dataset.server(events, stitch_interval="86400") as running:
        if not short:  # of few events it makes no summary
            dataset.await_summaries(running.data_dir)
        settled = {one.name: _time(partial(_ask, running, one), rounds) for one in QUESTIONS}
        export = _export(running)
        floors = _floors(running, rounds)
        aliases = [
            {"alias_id": f"user_{number * 4}", "distinct_id": f"known_{number}"}
            for number in range(min(1_000, events // 100))
        ]
        operations = [{"type": "alias", "payload": alias} for alias in aliases]
        running.post("batch", json.dumps({"operations": operations}).encode())
        running.wait_until_loaded()
        pending = {one.name: _time(partial(_ask, running, one), rounds) for one in QUESTIONS}
        fresh = {one.name: _after_rewrites(running, one, events, rounds) for one in QUESTIONS}
        signing_in = _while_signing_in(running, events, rounds, short)
        # Last: for some seconds after events came, questions have a core less.
        beside = _beside_questions(running, short)
    for one in QUESTIONS:
        took, waiting, floor = settled[one.name], pending[one.name], floors[one.name]
        after, live = fresh[one.name] / took, signing_in[one.name] / took
        yield Row(
            one.name,
            f"{took * 1000:.0f} ms; floor {floor * 1000:.0f} ms (x{took / floor:.1f}); "
            f"1,000 pending x{waiting / took:.2f}; after a rewrite x{after:.2f}, "
            f"a sign-in every ten seconds x{live:.2f}",
            f"≤ {one.seconds} s, x2 of the floor, x1.3, x1.2, x1.2",
            took <= one.seconds
            and took <= 2 * floor
            and waiting <= 1.3 * took
            and max(after, live) <= 1.2,
        )
    yield export
    yield beside


_people = itertools.count(1)


def _sign_in(running: Server, events: int) -> None:
    """Somebody of those with the most events turns out to be somebody else, whose rows are
    rewritten at once."""
    number = next(_people)
    alias = {"alias_id": f"user_{number}", "distinct_id": f"signed_in_{number % (events // 20)}"}
    running.post("alias", json.dumps(alias).encode())
    running.wait_until_loaded()
    runs = running.metric("whipstitch_rewrites_total")
    running.post("aliases/rewrite", b"")
    while running.metric("whipstitch_rewrites_total") == runs:
        time.sleep(0.005)


def _after_rewrites(running: Server, question: Question, events: int, rounds: int) -> float:
    """Right after each of so many."""
    times = []
    for _ in range(rounds):
        _sign_in(running, events)
        began = time.perf_counter()
        _ask(running, question)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _while_signing_in(
    running: Server, events: int, rounds: int, short: bool
) -> Mapping[str, float]:
    """The questions in turn, for so many sign-ins, one every ten seconds."""
    ended = threading.Event()

    def sign_in() -> None:
        while not ended.wait(0.1 if short else 10):
            _sign_in(running, events)

    client = threading.Thread(target=sign_in)
    client.start()
    times: dict[str, list[float]] = {one.name: [] for one in QUESTIONS}
    end = time.monotonic() + (0.1 if short else 10) * rounds
    while time.monotonic() < end or not all(times.values()):
        for one in QUESTIONS:
            began = time.perf_counter()
            _ask(running, one)
            times[one.name].append(time.perf_counter() - began)
    ended.set()
    client.join()
    return {name: statistics.median(took) for name, took in times.items()}


def _floors(running: Server, rounds: int) -> Mapping[str, float]:
    """With the settings that the server's own questions have."""
    client = dataset.connect(running.data_dir, QUERYING)
    where = f"project_id = '{running.keys['project_id']}' AND environment = 'live'"
    floors = {
        one.name: _time(partial(client.query, one.floor.replace("{where}", where)), rounds)
        for one in QUESTIONS
    }
    client.close()
    return floors


def _time(work: Callable[[], Any], rounds: int) -> float:
    work()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _ask(running: Server, question: Question) -> bytes:
    body = None if question.body is None else json.dumps(question.body).encode()
    request = urllib.request.Request(  # noqa: S310
        f"{running.url}/api/v1/{question.path}",
        body,
        {
            "authorization": f"Bearer {running.keys['token']}",
            "content-type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        read: bytes = answer.read()
    return read


def _export(running: Server) -> Row:
    """A month as JSON lines, and how much more memory the server's processes have meanwhile."""
    path = f"/api/v1/export?format=jsonl&from={MONTH['from']}&to={MONTH['to']}"
    request = urllib.request.Request(  # noqa: S310
        running.url + path, headers={"authorization": f"Bearer {running.keys['token']}"}
    )
    rows = 0
    with MemoryWatch(running.process.pid) as watch:
        began = time.perf_counter()
        with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
            while piece := answer.read(2**22):
                rows += piece.count(b"\n")
        rate = rows / (time.perf_counter() - began)
    return Row(
        f"export of {rows:,} rows as jsonl",
        f"{rate:,.0f} rows/s, {(max(watch.samples) - watch.samples[0]) / 2**20:+,.0f} MiB resident",
        "≥ 200,000 rows/s, memory level",
        rate >= 200_000,
    )


def _beside_questions(running: Server, short: bool) -> Row:
    """Two clients ask the heaviest questions one after the other, a third one sends events. The
    echo's turns are beside the same questions."""
    heavy = sorted(QUESTIONS, key=lambda one: one.seconds)[-5:]
    ended = threading.Event()
    asked: list[str] = []

    def ask(questions: Iterable[Question]) -> None:
        for one in questions:
            if ended.is_set():
                return
            _ask(running, one)
            asked.append(one.name)

    clients = [
        threading.Thread(target=ask, args=(itertools.cycle(some),)) for some in (heavy, heavy[::-1])
    ]
    running.pin(SERVER_CORE)
    with echo() as bare:
        for client in clients:
            client.start()
        rounds, seconds = (1, 0.5) if short else (ROUNDS, 8)
        turns = Loop(
            latency.targets(running, bare), rate=latency.RATE, turn=seconds, turns=rounds
        ).end()
        ended.set()
        for client in clients:
            client.join()
    running.pin(None)
    return latency.over_echo(
        f"/track at {latency.RATE:,}/s while two clients ask {len(asked)} heavy questions",
        [dict(zip(turns, each, strict=True)) for each in zip(*turns.values(), strict=True)],
        _BESIDE_MILLISECONDS,
    )


FIGURES: dict[str, Figure] = {"queries": queries}
