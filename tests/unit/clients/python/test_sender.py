import threading
from collections.abc import Sequence
from time import monotonic

from hypothesis import given
from hypothesis import strategies as st

from whipstitch_client.queues import MemoryQueue
from whipstitch_client.sender import Sender, pause
from whipstitch_client.transport import Answer, Meaning

TAKEN = Answer(Meaning.TAKEN, "")


class Server:
    """Refuses batches that hold ``bad`` ones; answers ``first`` before anything else."""

    def __init__(self, *first: Answer, bad: frozenset[bytes] = frozenset()) -> None:
        self.answers = list(first)
        self.bad = bad
        self.taken: list[bytes] = []
        self.requests: list[int] = []

    def send(self, operations: Sequence[bytes]) -> Answer:
        self.requests.append(len(operations))
        if self.answers:
            answer = self.answers.pop(0)
            if answer.meaning is not Meaning.TAKEN:
                return answer
        if self.bad & set(operations):
            return Answer(Meaning.BODY_REFUSED, "400 Invalid track payload")
        self.taken += operations
        return TAKEN


class Sending:
    def __init__(self, server: Server, operations: Sequence[bytes], batch: int = 100) -> None:
        self.queue = MemoryQueue(10_000, 2**30)
        self.refused: list[bytes] = []
        self.sender = Sender(
            [self.queue],
            server,
            lambda _, operations: self.refused.extend(operations),
            batch=batch,
            interval=60,
            chance=lambda: 0.99,
        )
        for operation in operations:
            assert self.queue.put(operation)

    def flush(self, timeout: float = 10) -> bool:
        try:
            return self.sender.flush(timeout)
        finally:
            self.sender.stop(5)


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


def test_batches_have_at_most_so_many_operations() -> None:
    server = Server()
    assert Sending(server, numbered(250)).flush()
    assert server.requests == [100, 100, 50]
    assert server.taken == numbered(250)


@given(st.sets(st.integers(0, 39), max_size=5))
def test_what_is_refused_takes_no_other_with_it(bad: set[int]) -> None:
    refused = {b"%d" % number for number in bad}
    server = Server(bad=frozenset(refused))
    sending = Sending(server, numbered(40), batch=20)
    assert sending.flush()
    assert server.taken == [one for one in numbered(40) if one not in refused]
    assert set(sending.refused) == refused


def test_a_wrong_key_is_not_asked_again_in_halves() -> None:
    server = Server(Answer(Meaning.REFUSED, "403 Invalid API Key"))
    sending = Sending(server, numbered(10))
    assert sending.flush()
    assert server.requests == [10]
    assert len(sending.refused) == 10


def test_a_batch_is_sent_again_until_it_is_taken() -> None:
    later = Answer(Meaning.LATER, "503")
    server = Server(later, later)
    sending = Sending(server, numbered(3))
    assert sending.flush()
    assert server.requests == [3, 3, 3]
    assert server.taken == numbered(3)
    assert sending.refused == []


def test_a_flush_ends_when_its_time_is_over_and_nothing_is_lost() -> None:
    server = Server(Answer(Meaning.LATER, "429", wait=30.0))
    sending = Sending(server, numbered(3))
    began = monotonic()
    assert not sending.flush(0.2)
    assert monotonic() - began < 5
    assert len(sending.queue) == 3
    assert server.requests == [3]


def test_a_full_batch_does_not_wait_for_the_interval() -> None:
    sent = threading.Event()

    class Noticing(Server):
        def send(self, operations: Sequence[bytes]) -> Answer:
            sent.set()
            return super().send(operations)

    sending = Sending(Noticing(), numbered(99))
    for _ in range(99):
        sending.sender.wake()
    assert not sent.wait(0.1)
    assert sending.queue.put(b"99")
    sending.sender.wake()
    assert sent.wait(30)
    sending.sender.stop(5)


@given(st.integers(0, 10_000), st.floats(0, 1), st.none() | st.floats(0, 1e9))
def test_pauses_grow_to_a_minute_and_keep_what_is_asked_for(
    attempt: int, chance: float, asked: float | None
) -> None:
    seconds = pause(attempt, asked, lambda: chance)
    assert 0.25 <= seconds <= 300
    if asked is not None:
        assert seconds >= min(asked, 300)
    if attempt > 10 and not asked:
        assert 30 <= seconds <= 60
