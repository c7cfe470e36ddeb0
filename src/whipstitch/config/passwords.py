"""URLs as they may be shown."""

import re

_CREDENTIALS = re.compile(r"^((?:[\w+.-]+://)?[^:@/]*):.*@", re.DOTALL)
_PASSWORD_PARAMETER = re.compile(r"([?&][^=&]*password[^=&]*=)[^&]*", re.IGNORECASE)


def without_password(url: str) -> str:
    """``url`` as it may be shown: ``***`` in the place of a password, be it before the host or a
    parameter. Also of a text that is no proper URL, for it may hold a password all the same."""
    return _PASSWORD_PARAMETER.sub(r"\1***", _CREDENTIALS.sub(r"\1:***@", url))
