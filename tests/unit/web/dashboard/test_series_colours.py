"""The colours of series, as style.css has them: told apart by everybody, on both grounds."""

import re
from importlib.resources import files
from itertools import combinations, pairwise
from typing import Final

import pytest

Rgb = tuple[float, float, float]

STYLE: Final = (files("whipstitch.web.dashboard") / "static" / "style.css").read_text()
# Linear RGB as people see it who lack one kind of cones (Machado, Oliveira, Fernandes 2009).
SIGHTS: Final[dict[str, tuple[Rgb, Rgb, Rgb]]] = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
LEAST_APART: Final = 0.085  # in OKLab, where 0.02 is just seen


def variables(scheme: str) -> dict[str, Rgb]:
    found = re.findall(r"--([\w-]+): light-dark\(#(\w{6}), #(\w{6})\)", STYLE)
    return {name: linear(light if scheme == "light" else dark) for name, light, dark in found}


def linear(text: str) -> Rgb:
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return tuple(  # type: ignore[return-value]
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4
        for one in (red, green, blue)
    )


def times(rows: tuple[Rgb, Rgb, Rgb], colour: Rgb) -> Rgb:
    first, second, third = (
        sum(weight * one for weight, one in zip(row, colour, strict=True)) for row in rows
    )
    return first, second, third


def contrast(one: Rgb, other: Rgb) -> float:
    """As the accessibility guidelines (WCAG 2) define it."""
    low, high = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (one, other))
    return (high + 0.05) / (low + 0.05)


def oklab(colour: Rgb) -> Rgb:
    cones = times(
        (
            (0.4122214708, 0.5363325363, 0.0514459929),
            (0.2119034982, 0.6806995451, 0.1073969566),
            (0.0883024619, 0.2817188376, 0.6299787005),
        ),
        colour,
    )
    roots = (max(one, 0) ** (1 / 3) for one in cones)
    return times(
        (
            (0.2104542553, 0.7936177850, -0.0040720468),
            (1.9779984951, -2.4285922050, 0.4505937099),
            (0.0259040371, 0.7827717662, -0.8086757660),
        ),
        tuple(roots),
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_series_are_told_apart_by_everybody_and_from_the_ground(scheme: str) -> None:
    known = variables(scheme)
    series = [known[f"series-{index}"] for index in range(8)]

    assert all(contrast(one, known["raised"]) >= 3 for one in [*series, known["series-rest"]])
    assert all(contrast(one, other) >= 1.4 for one, other in pairwise([*series, series[0]]))
    for sight in SIGHTS.values():
        seen = [oklab(times(sight, one)) for one in series]
        apart = [
            sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5
            for one, other in combinations(seen, 2)
        ]
        assert min(apart) >= LEAST_APART
