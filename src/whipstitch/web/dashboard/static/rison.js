// Values as readable text for addresses (https://github.com/Nanonid/rison): encode({ a: [1, "b c"] }) is (a:!(1,'b c')),
// decode() reads it back, and is undefined for what is no such text.

const PLAIN = /^[^\s'!:(),*@$0-9-][^\s'!:(),*@$]*$/u;

export function encode(value) {
  if (value === null) return "!n";
  if (value === true) return "!t";
  if (value === false) return "!f";
  if (typeof value === "number") return String(value).replace("+", "");
  if (typeof value === "string") return PLAIN.test(value) ? value : `'${value.replace(/['!]/g, "!$&")}'`;
  if (Array.isArray(value)) return `!(${value.map(encode).join(",")})`;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return `(${entries.map(([name, one]) => `${encode(name)}:${encode(one)}`).join(",")})`;
}

const NESTED = 20;

export function decode(text) {
  let at = 0;
  const take = (one) => text[at] === one && ++at > 0;
  const need = (one) => {
    if (!take(one)) throw new SyntaxError(text);
  };

  function quoted() {
    let found = "";
    while (!take("'")) {
      if (at >= text.length) throw new SyntaxError(text);
      take("!");
      found += text[at++] ?? "";
    }
    return found;
  }

  function bare() {
    const [found] = /^[^'!:(),]+/.exec(text.slice(at)) ?? [];
    if (!found) throw new SyntaxError(text);
    at += found.length;
    return found;
  }

  // What stands between brackets, with commas between
  function items(read) {
    const found = [];
    if (take(")")) return found;
    do found.push(read()); while (take(","));
    need(")");
    return found;
  }

  function value(depth) {
    if (depth > NESTED) throw new SyntaxError(text);
    if (take("'")) return quoted();
    if (take("(")) {
      return Object.fromEntries(items(() => {
        const name = take("'") ? quoted() : bare();
        need(":");
        return [name, value(depth + 1)];
      }));
    }
    if (!take("!")) {
      const found = bare();
      return /^-?(0|[1-9]\d*)(\.\d+)?(e-?\d+)?$/.test(found) ? Number(found) : found;
    }
    if (take("(")) return items(() => value(depth + 1));
    for (const [letter, found] of [["t", true], ["f", false], ["n", null]]) if (take(letter)) return found;
    throw new SyntaxError(text);
  }

  try {
    const found = value(0);
    return at === text.length ? found : undefined;
  } catch {
    return undefined;
  }
}
