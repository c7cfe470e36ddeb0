"""Which migrations of the registry there are."""

from alembic.config import Config
from alembic.script import ScriptDirectory

from whipstitch.registry import database


def test_files_are_named_by_the_revisions_they_hold() -> None:
    config = Config()
    config.set_main_option("script_location", "whipstitch.registry:migrations")
    script = ScriptDirectory.from_config(config)
    held = [one.revision for one in script.walk_revisions()]

    assert database.revisions() == sorted(held)
    assert database.revisions()[-1] == script.get_current_head()
