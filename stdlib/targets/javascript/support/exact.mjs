/**
 * What generated modules share: exact arithmetic, and the base of their errors.
 *
 * Amounts and other decimals are whole numbers of their smallest unit. A number stands where every whole number of the
 * type is exact, a bigint elsewhere; both operands are of one kind.
 */

/** An error that a contract declares. */
export class ContractError extends Error {
  /** What the error tells, in the order of its contract. */
  get told() {
    return [];
  }
}

const zero = (a) => (typeof a === "bigint" ? 0n : 0);
const one = (a) => (typeof a === "bigint" ? 1n : 1);

/** The quotient, rounded towards zero. */
export function down(a, b) {
  const quotient = (a - (a % b)) / b;
  // There is a zero below zero, which no contract knows.
  return quotient === zero(a) ? zero(a) : quotient;
}

const away = (a, b) => (a < zero(a) === b < zero(b) ? one(a) : -one(a));

/** What division rounded down leaves; it has the sign of the divisor. */
export function mod(a, b) {
  const rest = a % b;
  const none = zero(a);
  if (rest === none) return none;
  return rest < none !== b < none ? rest + b : rest;
}

/** The quotient, rounded down. */
export function floor(a, b) {
  return down(a - mod(a, b), b);
}

/** The quotient, rounded up. */
export function ceiling(a, b) {
  return mod(a, b) === zero(a) ? down(a, b) : floor(a, b) + one(a);
}

/** The quotient, rounded away from zero. */
export function up(a, b) {
  return mod(a, b) === zero(a) ? down(a, b) : down(a, b) + away(a, b);
}

/** Less than zero, zero or more: the quotient is less than half, half or more into its last unit. */
function half(a, b) {
  const rest = abs(a % b);
  const left = abs(b) - rest;
  if (rest === left) return 0;
  return rest < left ? -1 : 1;
}

/** The quotient, rounded to the nearest; half to the even one. */
export function halfEven(a, b) {
  const quotient = down(a, b);
  const side = half(a, b);
  const odd = abs(quotient % (one(a) + one(a))) === one(a);
  return side > 0 || (side === 0 && odd) ? quotient + away(a, b) : quotient;
}

/** The quotient, rounded to the nearest; half away from zero. */
export function halfUp(a, b) {
  const quotient = down(a, b);
  return half(a, b) >= 0 ? quotient + away(a, b) : quotient;
}

/** The distance from zero. */
export function abs(a) {
  return a < zero(a) ? -a : a;
}

/** The lesser of two. */
export function min(a, b) {
  return b < a ? b : a;
}

/** The greater of two. */
export function max(a, b) {
  return b > a ? b : a;
}

/** A whole number of the kind of another. */
const like = (kind, value) => (typeof kind === "bigint" ? value : Number(value));

/** The bits that both have. */
export function bitAnd(a, b) {
  return like(a, BigInt(a) & BigInt(b));
}

/** The bits that one of them has. */
export function bitOr(a, b) {
  return like(a, BigInt(a) | BigInt(b));
}

/** The bits that just one of them has. */
export function bitXor(a, b) {
  return like(a, BigInt(a) ^ BigInt(b));
}

/** The number with so many bits more. */
export function shiftLeft(a, b) {
  return like(a, BigInt(a) << BigInt(b));
}

/** The number with so many bits less. */
export function shiftRight(a, b) {
  return like(a, BigInt(a) >> BigInt(b));
}

/** The sum of numbers. */
export function sum(items) {
  return items.reduce((total, item) => total + item, 0);
}

/** The sum of numbers, however great. */
export function bigSum(items) {
  return items.reduce((total, item) => total + BigInt(item), 0n);
}

/** Are two values the same in all their parts? */
export function equal(a, b) {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  if (a === null || b === null) return a === b;
  if (a instanceof Map && b instanceof Map) {
    const has = ([key, value]) =>
      b.has(key) && equal(value, b.get(key));
    return a.size === b.size && [...a].every(has);
  }
  const [own, other] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    own.length === other.size &&
    own.every(([name, value]) => equal(value, other.get(name)))
  );
}

/** Less than zero, zero or more, as a text comes before another by the numbers of its characters, or not. */
export function compareTexts(a, b) {
  const [first, second] = [codes(a), codes(b)];
  for (let at = 0; at < first.length && at < second.length; at++) {
    const by = (first[at] ?? 0) - (second[at] ?? 0);
    if (by !== 0) return by;
  }
  return first.length - second.length;
}

function compare(a, b) {
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return compareTexts(hex(a), hex(b));
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A list in ascending order. */
export function sort(items) {
  return [...items].sort(compare);
}

/** The keys of a map, in ascending order. */
export function keys(map) {
  return sort([...map.keys()]);
}

/** Keys and values of a map, by ascending keys. */
export function entries(map) {
  return [...map].sort((a, b) => compare(a[0], b[0]));
}

/** The values of a map, by ascending keys. */
export function values(map) {
  return entries(map).map((entry) => entry[1]);
}

/** A map with a key's value set; the one that it is made of stays as it is. */
export function put(map, key, value) {
  return new Map([...map, [key, value]]);
}

/** A map without a key; the one that it is made of stays as it is. */
export function remove(map, key) {
  return new Map([...map].filter((entry) => entry[0] !== key));
}

/** At most so many elements from a place on. */
export function part(
  items,
  place,
  count,
) {
  const start = Math.max(place, 0);
  return items.slice(start, start + Math.max(count, 0));
}

/** At most so many characters from a place on. */
export function textPart(text, place, count) {
  return part([...text], place, count).join("");
}

/** The parts of a text between a mark; an empty mark parts nothing. */
export function split(text, mark) {
  return mark === "" ? [text] : text.split(mark);
}

/** The numbers of a text's characters. */
export function codes(text) {
  return Array.from(text, (char) => char.codePointAt(0) ?? 0);
}

/** The text of numbers of characters; undefined when one is no character. */
export function textOf(numbers) {
  const isChar = (code) =>
    code >= 0 && code < 0x110000 && (code < 0xd800 || code >= 0xe000);
  if (!numbers.every(isChar)) return undefined;
  return numbers.map((code) => String.fromCodePoint(code)).join("");
}

/** The text of bytes in UTF-8; undefined when they are none. */
export function fromUtf8(data) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      data,
    );
  } catch {
    return undefined;
  }
}

/** The bytes that hexadecimal digits stand for. */
export function bytesOf(digits) {
  const pairs = digits.match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

/** Bytes as hexadecimal digits. */
export function hex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}

/** Bytes, and others behind them. */
export function concat(a, b) {
  return Uint8Array.from([...a, ...b]);
}

/** A number of units of ten to the power of minus the scale, with its point. */
export function decimalText(digits, scale) {
  const text = String(abs(digits)).padStart(scale + 1, "0");
  const sign = digits < zero(digits) ? "-" : "";
  return `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

/** The number that decimal digits say; undefined when they say none. */
export function parseInteger(text) {
  const number = parseBigInt(text);
  return number === undefined ? undefined : Number(number);
}

/** The number that decimal digits say, however great; undefined when they say none. */
export function parseBigInt(text) {
  return /^-?[0-9]{1,70}$/.test(text) ? BigInt(text) : undefined;
}

/** With a to z for A to Z, and nothing else changed. */
export function lower(text) {
  return text.replace(/[A-Z]/g, (char) => char.toLowerCase());
}

/** With A to Z for a to z, and nothing else changed. */
export function upper(text) {
  return text.replace(/[a-z]/g, (char) => char.toUpperCase());
}

/** Does a pattern match the whole text? */
export function matches(pattern, text) {
  return new RegExp(`^(?:${pattern})$`, "u").test(text);
}
