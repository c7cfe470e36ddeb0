"""``kill -9``, again and again, while clients of every kind send."""

from pathlib import Path

from tests.support.load import (
    BATCH,
    HEAVY,
    HUGE,
    SINGLE,
    Load,
    assert_discreet,
    assert_kept,
    stored_tags,
)
from tests.support.server import Server


def test_a_server_killed_again_and_again_keeps_every_answered_request_once(tmp_path: Path) -> None:
    with Server(tmp_path / "data", environment={"RATE_LIMIT": "0"}, wait=False) as server:
        with Load(server, SINGLE, SINGLE, BATCH, HEAVY, HUGE) as load:
            # At another point of a group, an insert and a huge batch each time.
            for answers in (200, 50, 300):
                load.wait_for(answers)
                server.kill()
                server.start()
            load.wait_for(50)
            load.wait_for(1, name=HUGE.name)
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)
        unanswered = [request for request in load.requests if request.status is None]
        assert len(unanswered) >= 3
        assert not list((server.data_dir / "spool").iterdir())
        assert not list((server.data_dir / "journal").glob("*.part"))
