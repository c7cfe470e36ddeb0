import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import whipstitch_client
from whipstitch_client.file_queue import FileQueue
from whipstitch_client.queues import MemoryQueue, Queue, QueueFailed

_PUTS_AND_WAITS = """
import sys
from pathlib import Path
from whipstitch_client.file_queue import FileQueue
queue = FileQueue(Path(sys.argv[1]), 1000)
for number in range(int(sys.argv[2])):
    queue.put(b"%d" % number)
print("put", flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["memory", "file"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Queue]:
    if request.param == "memory":
        made: Queue = MemoryQueue(5, 2**20)
    else:
        made = FileQueue(tmp_path / "queue.db", 5)
    yield made
    made.close()


def operations(queue: Queue) -> list[bytes]:
    return [one.operation for one in queue.first(1000, 2**30)]


def test_a_queue_gives_the_oldest_first_and_keeps_them(queue: Queue) -> None:
    for operation in (b"a", b"b", b"c"):
        assert queue.put(operation)
    assert [one.operation for one in queue.first(2, 100)] == [b"a", b"b"]
    assert [one.operation for one in queue.first(3, 2)] == [b"a", b"b"]
    assert [one.operation for one in queue.first(3, 0)] == [b"a"]
    assert operations(queue) == [b"a", b"b", b"c"]


def test_a_full_queue_takes_no_more_until_there_is_room(queue: Queue) -> None:
    assert [queue.put(b"x") for _ in range(6)] == [True] * 5 + [False]
    queue.remove(queue.first(1, 100))
    assert queue.put(b"y")
    assert len(queue) == 5


def test_what_is_removed_from_the_middle_leaves_the_others(queue: Queue) -> None:
    for operation in (b"a", b"b", b"c"):
        queue.put(operation)
    mark = queue.last_place()
    queue.remove(queue.first(3, 100)[1:2])
    assert operations(queue) == [b"a", b"c"]
    assert queue.holds_up_to(mark)
    queue.remove(queue.first(3, 100))
    queue.put(b"d")
    assert not queue.holds_up_to(mark)


def test_a_queue_in_memory_has_a_limit_in_bytes() -> None:
    queue = MemoryQueue(100, 10)
    assert queue.put(b"x" * 50)  # alone it may be larger
    assert not queue.put(b"x")


def killed_after(path: Path, count: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _PUTS_AND_WAITS, str(path), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(whipstitch_client.__file__).parents[1])},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"put\n"
        process.send_signal(signal.SIGKILL)


def test_what_a_killed_process_put_in_is_there_for_the_next(tmp_path: Path) -> None:
    killed_after(tmp_path / "queue.db", 20)
    queue = FileQueue(tmp_path / "queue.db", 1000)
    assert operations(queue) == [b"%d" % number for number in range(20)]
    queue.close()


def test_a_second_process_has_a_file_of_its_own_that_others_take_over(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    first = FileQueue(path, 1000)
    first.put(b"first")
    killed_after(path, 3)
    assert (tmp_path / "queue.db-2").exists()
    first.tidy()
    assert operations(first) == [b"first", b"0", b"1", b"2"]
    assert not (tmp_path / "queue.db-2").exists()
    first.close()


def _put_in_child(path: Path) -> None:
    queue = FileQueue(path, 1000)
    queue.put(b"child")
    queue.close()


def test_a_forked_child_does_not_touch_the_parents_file(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    queue = FileQueue(path, 1000)
    queue.put(b"parent")
    child = multiprocessing.get_context("fork").Process(target=_put_in_child, args=(path,))
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert operations(queue) == [b"parent"]
    queue.tidy()
    assert operations(queue) == [b"parent", b"child"]
    queue.close()


def test_a_damaged_file_is_kept_beside_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    path.write_bytes(b"no database" * 1000)
    queue = FileQueue(path, 10)
    assert queue.put(b"x")
    assert [one.stat().st_size for one in tmp_path.glob("queue.db.damaged-*")] == [11_000]
    queue.close()


def test_a_file_that_fails_says_so_as_a_queue_does(tmp_path: Path) -> None:
    queue = FileQueue(tmp_path / "queue.db", 10)
    with sqlite3.connect(tmp_path / "queue.db") as other:
        other.execute("DROP TABLE waiting")
    other.close()
    with pytest.raises(QueueFailed, match=r"queue\.db"):
        queue.put(b"x")
    queue.close()
    with pytest.raises(QueueFailed, match="cannot be opened"):
        FileQueue(Path("/proc/nowhere/queue.db"), 10)
