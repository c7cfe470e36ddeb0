"""Makes the map of the world, src/whipstitch/web/dashboard/static/world.js, from Natural Earth.

    .venv/bin/python scripts/make_world.py

Natural Earth (1:50 million) is in the public domain; the npm package world-atlas has it. The result
is committed: who installs or changes the server needs no npm. Borders are simplified once for the
two countries that share them, so that none overlap."""

import json
import math
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

Point = tuple[float, float]

WORLD: Final = Path(__file__).parents[1] / "src/whipstitch/web/dashboard/static/world.js"
PACKAGES: Final = ("world-atlas@2.0.2", "i18n-iso-countries@7.14.0")
WIDTH: Final = 2000
SMALLEST_TRIANGLE: Final = 0.22
"""Points whose triangle with their neighbours is smaller make no difference, in square degrees at
the equator."""
HIGHEST: Final = 83.7
"""Latitude of the upper edge."""
SMALLEST_ISLAND: Final = 14.0
"""In square units of the map."""
DOT: Final = 60.0
"""Countries with less area are marked by a dot, too."""
LEFT_OUT: Final = {"AQ"}
WITHOUT_NUMBER: Final = {"Kosovo": "XK"}


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        atlas, codes = (fetched(one, Path(place)) for one in PACKAGES)
        topology = json.loads((atlas / "countries-50m.json").read_text())
        numbered = {
            number: alpha2
            for alpha2, _, number, _ in json.loads((codes / "codes.json").read_text())
        }
    scale, move = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = [simplified(unwrapped(degrees(arc, scale, move))) for arc in topology["arcs"]]
    left, top = projected((-180, 0))[0], projected((0, HIGHEST))[1]
    countries: dict[str, str] = {}
    dots: dict[str, list[int]] = {}
    land = ""
    bottom = 0.0
    for country in topology["objects"]["countries"]["geometries"]:
        code = numbered.get(
            country.get("id", ""), WITHOUT_NUMBER.get(country["properties"]["name"])
        )
        if code in LEFT_OUT:
            continue
        rings = sorted(rings_of(country, arcs), key=area, reverse=True)
        kept = [one for index, one in enumerate(rings) if not index or area(one) >= SMALLEST_ISLAND]
        text = "".join(path([(x - left, y - top) for x, y in ring]) for ring in kept)
        bottom = max(bottom, *(y - top for ring in kept for _, y in ring))
        if code is None:
            land += text
            continue
        countries[code] = countries.get(code, "") + text
        if sum(map(area, rings)) < DOT:
            xs, ys = zip(*rings[0], strict=True)
            dots[code] = [round(sum(xs) / len(xs) - left), round(sum(ys) / len(ys) - top)]
    lines = [
        "// The countries of the world by their ISO 3166 codes, as paths. scripts/make_world.py",
        "// made it from Natural Earth, which is in the public domain.",
        "",
        f"export const WIDTH = {WIDTH};",
        f"export const HEIGHT = {math.ceil(bottom)};",
        "// Places of countries that are too small to be seen.",
        f"export const DOTS = {json.dumps(dict(sorted(dots.items())), separators=(',', ':'))};",
        "// Land that has no code",
        f"export const LAND = {json.dumps(land)};",
        "export const COUNTRIES = {",
        *(f"  {code}: {json.dumps(text)}," for code, text in sorted(countries.items())),
        "};",
    ]
    WORLD.write_text("\n".join(lines) + "\n")
    print(f"{WORLD.name}: {WORLD.stat().st_size} bytes, {len(countries)} countries")


def fetched(package: str, place: Path) -> Path:
    """Where the files of an npm package lie."""
    name = package.split("@")[0]
    packed = subprocess.run(  # noqa: S603 - npm of the path, with a constant
        ["npm", "pack", "--silent", package],  # noqa: S607
        cwd=place,
        check=True,
        capture_output=True,
        text=True,
    )
    with tarfile.open(place / packed.stdout.strip()) as archive:
        archive.extractall(place / name, filter="data")
    return place / name / "package"


def degrees(arc: list[list[int]], scale: list[float], move: list[float]) -> Iterator[Point]:
    x = y = 0
    for dx, dy in arc:
        x, y = x + dx, y + dy
        yield x * scale[0] + move[0], y * scale[1] + move[1]


def unwrapped(points: Iterable[Point]) -> list[Point]:
    """Without the jump from 180 to -180 degrees, on beyond 180."""
    found: list[Point] = []
    for x, y in points:
        turns = round((found[-1][0] - x) / 360) if found else 0
        found.append((x + 360 * turns, y))
    return found


def cut(ring: list[Point]) -> Iterator[list[Point]]:
    """The parts of a ring on either side of 180 degrees, each where a map has it."""
    for at in (-360, 0, 360):
        part = [(x + at, y) for x, y in ring]
        for sign in (1, -1):
            part = below([(sign * x, y) for x, y in part])
            part = [(sign * x, y) for x, y in part]
        if len(part) > 3:
            yield part


def below(ring: list[Point]) -> list[Point]:
    """What of a ring lies at most at 180 degrees."""
    kept: list[Point] = []
    for (x0, y0), (x1, y1) in pairwise(ring):
        if x0 <= 180:
            kept.append((x0, y0))
        if (x0 <= 180) != (x1 <= 180):
            kept.append((180, y0 + (y1 - y0) * (180 - x0) / (x1 - x0)))
    return [*kept, kept[0]] if kept else []


def projected(point: Point) -> Point:
    """Equal Earth (Šavrič, Patterson, Jenny 2018): areas are true."""
    longitude, latitude = map(math.radians, point)
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    angle = math.asin(math.sqrt(3) / 2 * math.sin(latitude))
    squared = angle * angle
    sixth = squared**3
    x = 2 * math.sqrt(3) * longitude * math.cos(angle)
    x /= 3 * (9 * a4 * sixth * squared + 7 * a3 * sixth + 3 * a2 * squared + a1)
    y = angle * (a1 + a2 * squared + sixth * (a3 + a4 * squared))
    unit = WIDTH / (2 * 2.706630)
    return x * unit, -y * unit


def simplified(points: list[Point]) -> list[Point]:
    """Without the points that make the smallest triangles (Visvalingam); both ends stay."""
    kept = list(points)
    while len(kept) > 4:
        areas = [triangle(*kept[at - 1 : at + 2]) for at in range(1, len(kept) - 1)]
        smallest = min(areas)
        if smallest >= SMALLEST_TRIANGLE:
            break
        del kept[areas.index(smallest) + 1]
    return kept


def triangle(one: Point, two: Point, three: Point) -> float:
    (ax, ay), (bx, by), (cx, cy) = one, two, three
    return abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2 * math.cos(math.radians(by))


def rings_of(country: dict[str, Any], arcs: list[list[Point]]) -> list[list[Point]]:
    polygons = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
    return [
        [projected(point) for point in part]
        for polygon in polygons
        for ring in polygon
        for part in cut(ring_of(ring, arcs))
    ]


def ring_of(ring: list[int], arcs: list[list[Point]]) -> list[Point]:
    points: list[Point] = []
    for index in ring:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        points += arc[1:] if points else arc
    return unwrapped(points)


def area(ring: list[Point]) -> float:
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2


def path(ring: list[Point]) -> str:
    whole = [(round(x), round(y)) for x, y in ring]
    steps = [(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in pairwise(whole)]
    text = "".join(f" {dx} {dy}" for dx, dy in steps[:-1] if dx or dy)
    if not text:
        return ""  # its dot is seen
    x, y = whole[0]
    return f"M{x} {y}l{text.strip()}z".replace(" -", "-")


if __name__ == "__main__":
    main()
