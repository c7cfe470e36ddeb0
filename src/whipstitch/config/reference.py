"""Prints the reference of all settings: ``python -m whipstitch.config.reference``."""

import sys

from pydantic.fields import FieldInfo

from whipstitch.config.setting_sources import ENV_PREFIX, TOML_NAME
from whipstitch.config.settings import Settings

_INTRODUCTION = f"""\
# Configuration

<!-- Written by `python -m whipstitch.config.reference > docs/configuration.md`; edit the
     descriptions in src/whipstitch/config/settings.py instead. -->

Nothing needs to be configured to start. A setting is taken from the first of these places that has
it:

1. a flag of the command (`--port 9000`; `whipstitch COMMAND --help` lists those it knows),
2. an environment variable (`{ENV_PREFIX}PORT=9000`; an empty one counts as not set),
3. `{TOML_NAME}` in the data directory (`port = 9000`),
4. the default.

A value that cannot be used, or a name in `{TOML_NAME}` that is no setting, stops the command with
a line that says what is allowed. Settings are read once, at the start.

Sizes are bytes, or text with a unit that counts in 1024s: `500MB`, `1.5GB`.
"""

_EXAMPLE = f"""\
## Example

`whipstitch-data/{TOML_NAME}`:

```toml
host = "0.0.0.0"
clickhouse = "https://whipstitch:secret@clickhouse.example.com:8443/whipstitch"
database = "postgresql://whipstitch:secret@db.example.com/whipstitch"
backlog_limit = "50GB"
trusted_proxies = ["10.0.0.0/8"]
retention = 365
```

The file and the variables may hold passwords: let only the server's user read them. Whipstitch
shows `***` in their place wherever it prints a URL.
"""


def reference() -> str:
    """The Markdown text of docs/configuration.md."""
    sections = [_section(name, field) for name, field in Settings.model_fields.items()]
    return "\n".join([_INTRODUCTION, *sections, _EXAMPLE])


def _section(name: str, field: FieldInfo) -> str:
    extra = field.json_schema_extra
    default = extra["shown"] if isinstance(extra, dict) else field.get_default()
    return (
        f"## `{name}`\n\n{field.description}\n\n`{ENV_PREFIX}{name.upper()}` · default: {default}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(reference())
