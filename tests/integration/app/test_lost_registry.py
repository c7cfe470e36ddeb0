"""A registry that is not there beside what was stored for its projects."""

from pathlib import Path

import pytest
from tests.support.command import registry_of

from whipstitch.app.lost_registry import DIRECTORY_FILE, lost, refuse_lost
from whipstitch.config.settings import Settings
from whipstitch.core.errors import RegistryError
from whipstitch.core.projects import ProjectSnapshot
from whipstitch.registry.remembered import remember


def _hold_events(data_dir: Path) -> None:
    store = data_dir / "clickhouse" / "store"
    (store / "7ea" / "7eac").mkdir(parents=True)
    definition = "ATTACH TABLE _ UUID '893c'\nENGINE = MergeTree\n"
    (store / "7ea" / "7eac" / "events.sql").write_text(definition)
    (store / "893" / "893c" / "202611_1_4_1").mkdir(parents=True)


def _remember_keys(data_dir: Path) -> ProjectSnapshot:
    with registry_of(data_dir) as registry:
        registry.create_project("Shop")
        remember(data_dir / DIRECTORY_FILE, "sqlite:////x", 7, registry.directory())
        directory = registry.directory()
    (data_dir / "registry.db").unlink()
    return directory


@pytest.mark.parametrize("leave", [_hold_events, _remember_keys])
def test_a_server_does_not_begin_anew_beside_what_was_stored(tmp_path: Path, leave: object) -> None:
    settings = Settings.load(data_dir=tmp_path)
    leave(tmp_path)  # type: ignore[operator] # it is one of those above
    with registry_of(tmp_path) as registry:
        with pytest.raises(RegistryError, match=r"was lost.*backup.*project create"):
            refuse_lost(registry, settings)

        registry.create_project("Anew")
        assert lost(registry, settings) is None


def test_a_first_start_is_no_loss(tmp_path: Path) -> None:
    with registry_of(tmp_path) as registry:
        assert lost(registry, Settings.load(data_dir=tmp_path)) is None
