"""Projects, keys, tokens, users and screens: what people set up, in SQLite or PostgreSQL.

Ingestion never waits for it: it sees a :class:`~whipstitch.core.projects.Directory`, which a
:class:`~whipstitch.registry.watch.DirectoryWatch` keeps fresh."""
