"""Forms that pages post."""

from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from whipstitch.core.errors import WhipstitchError

_LARGEST: Final = 64 * 1024
_MOST_FIELDS: Final = 50


class InvalidForm(WhipstitchError):
    """What was posted is no form of ours."""


class Form(dict[str, str]):
    """The fields of a form by name; one that was not sent is blank."""

    def __missing__(self, name: str) -> str:
        return ""


async def read_form(request: Request) -> Form:
    """Raises InvalidForm."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > _LARGEST:
                raise InvalidForm("That is too much for this form: send less.")
    except ClientDisconnect:
        raise InvalidForm("The form did not arrive whole: send it again.") from None
    try:
        return Form(
            parse_qsl(
                body.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MOST_FIELDS,
            )
        )
    except ValueError:
        raise InvalidForm("The form cannot be read: reload the page and send it again.") from None
