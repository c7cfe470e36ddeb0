"""Where ``/`` leads."""

from pathlib import Path

from tests.integration.web.dashboard.conftest import PASSWORD, Visitor
from tests.support.command import registry_of
from tests.support.server import Server

from whipstitch.core.projects import Scope


def test_it_is_the_first_board_once_there_is_something_to_show(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server, registry_of(server.data_dir) as registry:
        user = registry.create_user("ann@example.com", PASSWORD, "viewer")
        visitor = Visitor(server, user, registry.start_session(user.email))
        live = f"{visitor.place}/events"

        def first() -> str:
            return visitor.client.get("/").headers["location"]

        with visitor.client:
            assert first() == live
            scope = Scope(server.project_id, "live")
            boards = [registry.create_board(scope, "ann", name) for name in ("First", "Second")]
            assert first() == live
            server.send("/api/v1/track", {"event_name": "x", "distinct_id": "bob"})
            server.wait_until(lambda: bool(server.events()))
            assert first() == f"{visitor.place}/board?id={boards[0].id}"
            registry.delete_board(scope, boards[0].id)
            assert first() == f"{visitor.place}/board?id={boards[1].id}"
            registry.delete_board(scope, boards[1].id)
            assert first() == live
