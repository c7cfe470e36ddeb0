// The grid that tiles of a board stand in. A place is { x, y, width, height } in cells, x and y from 0 on. Nothing here draws.

export const COLUMNS = 12;
export const LEAST = 2;
export const TALLEST = 60;
const USUAL = { width: 6, height: 7 };

const overlap = (one, other) => one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height;
const isFree = (place, taken) => !taken.some((one) => overlap(place, one));
const bottomOf = (places) => Math.max(0, ...places.map((one) => one.y + one.height));
const isSame = (one, other) => ["x", "y", "width", "height"].every((name) => one[name] === other[name]);
const bounded = (value, least, most) => Math.max(least, Math.min(most, value));

export const isPlaced = (tiles) => tiles.length > 0 && tiles.every((one) => one.height !== undefined);
export const inReadingOrder = (tiles) => tiles.toSorted((one, other) => one.y - other.y || one.x - other.x);

// What overlaps is pushed down, and everything goes up as far as it can; the tile `first` keeps its place before the others.
export function settle(tiles, first = -1) {
  const rank = (index) => tiles[index].y - (index === first ? 0.5 : 0);
  const settled = [];
  const done = [];
  for (const index of tiles.map((_, at) => at).sort((one, other) => rank(one) - rank(other) || tiles[one].x - tiles[other].x)) {
    const tile = { ...tiles[index] };
    while (!isFree(tile, done)) tile.y += 1;
    while (tile.y > 0 && isFree({ ...tile, y: tile.y - 1 }, done)) tile.y -= 1;
    done.push(tile);
    settled[index] = tile;
  }
  return settled;
}

// The tiles with one of them elsewhere or of another size, as far as the grid allows it.
export function put(tiles, index, change) {
  const wanted = { ...tiles[index], ...change };
  const width = bounded(wanted.width, LEAST, COLUMNS);
  const place = { ...wanted, width, height: bounded(wanted.height, LEAST, TALLEST), x: bounded(wanted.x, 0, COLUMNS - width), y: Math.max(0, wanted.y) };
  return settle(tiles.with(index, place), index);
}

// The tiles with one of them a step further; past the next one, where that is in the way. null where it cannot go on.
export function stepped(tiles, index, step) {
  const from = tiles[index];
  const most = step.y ? bottomOf(tiles) : 1;
  for (let times = 1; times <= most; times++) {
    const to = put(tiles, index, Object.fromEntries(Object.entries(step).map(([name, by]) => [name, from[name] + by * times])));
    if (!to.every((one, at) => isSame(one, tiles[at]))) return to;
  }
  return null;
}

// The first place that has room.
export function roomFor(tiles, { width, height } = USUAL) {
  for (let y = 0; ; y++) {
    for (let x = 0; x + width <= COLUMNS; x++) {
      const place = { x, y, width, height };
      if (isFree(place, tiles)) return place;
    }
  }
}

// Places for tiles that have none, two in a row or one; `heights` are theirs in cells.
export function placesInOrder(tiles, heights) {
  const row = { y: 0, x: 0, height: 0 };
  return tiles.map((tile, index) => {
    const width = tile.width === "full" ? COLUMNS : COLUMNS / 2;
    if (row.x + width > COLUMNS) Object.assign(row, { y: row.y + row.height, x: 0, height: 0 });
    const height = bounded(heights[index], LEAST, TALLEST);
    const place = { ...tile, x: row.x, y: row.y, width, height };
    row.x += width;
    row.height = Math.max(row.height, height);
    return place;
  });
}
