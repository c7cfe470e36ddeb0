"""Statements of BI tools that are under way.

They hold no person map: the views that they ask (``migrations/0009_sql_views.sql``) read the rows
and what waits to be rewritten at moments of their own. So a rewrite begins when every statement is
done that may have read what waits before these rows were among it, and forgets what waited when
every one is done that may have read rows as they were before."""

from typing import Final

from whipstitch.warehouse.client import Client, DatabaseError

_RUNNING: Final = (
    "SELECT query_id FROM system.processes "
    "WHERE user != currentUser() AND position(query, 'sql_') > 0"
)
_ACCESS_DENIED: Final = 497


def running(client: Client) -> set[str]:
    """The ids of those that run now; ClickHouse lists them before they read anything. None, where
    this user may not see what others do."""
    try:
        return {row[0] for row in client.query(_RUNNING).result_rows}
    except DatabaseError as error:
        if error.code != _ACCESS_DENIED:
            raise
        return set()
