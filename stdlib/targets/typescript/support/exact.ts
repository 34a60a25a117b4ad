/**
 * What generated modules share: exact arithmetic, total operations, and the base of their errors.
 *
 * Amounts and other decimals are whole numbers of their smallest unit. A number stands where every whole number of the
 * type is exact, a bigint elsewhere; both operands are of one kind.
 */

/** An error that a contract declares. */
export abstract class ContractError extends Error {
  /** Its full name. */
  abstract override readonly name: string;
  /** Its number, unique in its contract. */
  abstract readonly number: number;
  /** FATAL, ERROR or WARN. */
  abstract readonly severity: string;
  /** What it is about. */
  abstract readonly category: string;
  /** Does it help to try again? */
  abstract readonly retry: boolean;

  /** What the error tells, in the order of its contract. */
  get told(): readonly unknown[] {
    return [];
  }
}

type Whole = number | bigint;


function bigFloor(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

/** A quotient by the place of its rest between two whole ones: below half, half or above, and whether it is odd. */
type Rounding = (side: number, isOdd: boolean, isNegative: boolean) => boolean;

/** The quotient rounded down, or one more where the rounding says so. */
function divided<N extends Whole>(a: N, b: N, isMore: Rounding): N {
  const [x, y] = [BigInt(a), BigInt(b)];
  const quotient = bigFloor(x, y);
  const rest = x - quotient * y;
  if (rest === 0n) return like(a, quotient);
  const twice = rest < 0n ? -2n * rest : 2n * rest;
  const size = y < 0n ? -y : y;
  const side = twice < size ? -1 : twice > size ? 1 : 0;
  const more = isMore(side, quotient % 2n !== 0n, quotient < 0n);
  return like(a, more ? quotient + 1n : quotient);
}

/** A whole number of the kind of another. */
function like<N extends Whole>(kind: N, value: bigint): N {
  return (typeof kind === "bigint" ? value : Number(value)) as N;
}

/** The quotient, rounded down. */
export function floor<N extends Whole>(a: N, b: N): N {
  return divided(a, b, () => false);
}

/** The quotient, rounded up. */
export function ceiling<N extends Whole>(a: N, b: N): N {
  return divided(a, b, () => true);
}

/** The quotient, rounded towards zero. */
export function down<N extends Whole>(a: N, b: N): N {
  return divided(a, b, (_side, _isOdd, isNegative) => isNegative);
}

/** The quotient, rounded away from zero. */
export function up<N extends Whole>(a: N, b: N): N {
  return divided(a, b, (_side, _isOdd, isNegative) => !isNegative);
}

/** The quotient, rounded to the nearest; half to the even one. */
export function halfEven<N extends Whole>(a: N, b: N): N {
  return divided(a, b, (side, isOdd) => side > 0 || (side === 0 && isOdd));
}

/** The quotient, rounded to the nearest; half away from zero. */
export function halfUp<N extends Whole>(a: N, b: N): N {
  return divided(
    a,
    b,
    (side, _isOdd, isNegative) => side > 0 || (side === 0 && !isNegative),
  );
}

/** What division rounded down leaves; it has the sign of the divisor. */
export function mod<N extends Whole>(a: N, b: N): N {
  const [x, y] = [BigInt(a), BigInt(b)];
  return like(a, x - bigFloor(x, y) * y);
}

/** The distance from zero. */
export function abs<N extends Whole>(a: N): N {
  return a < 0 ? (-a as N) : a;
}

/** The lesser of two. */
export function min<N extends Whole>(a: N, b: N): N {
  return b < a ? b : a;
}

/** The greater of two. */
export function max<N extends Whole>(a: N, b: N): N {
  return b > a ? b : a;
}

/** The bits that both have. */
export function bitAnd<N extends Whole>(a: N, b: N): N {
  return like(a, BigInt(a) & BigInt(b));
}

/** The bits that one of them has. */
export function bitOr<N extends Whole>(a: N, b: N): N {
  return like(a, BigInt(a) | BigInt(b));
}

/** The bits that just one of them has. */
export function bitXor<N extends Whole>(a: N, b: N): N {
  return like(a, BigInt(a) ^ BigInt(b));
}

/** The number with so many bits more. */
export function shiftLeft<N extends Whole>(a: N, b: N): N {
  return like(a, BigInt(a) << BigInt(b));
}

/** The number with so many bits less. */
export function shiftRight<N extends Whole>(a: N, b: N): N {
  return like(a, BigInt(a) >> BigInt(b));
}

/** The sum of numbers. */
export function sum(items: readonly number[]): number {
  return items.reduce((total, item) => total + item, 0);
}

/** The sum of numbers, however great. */
export function bigSum(items: readonly Whole[]): bigint {
  return items.reduce<bigint>((total, item) => total + BigInt(item), 0n);
}

/** Are two values the same in all their parts? */
export function equal(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  if (a === null || b === null) return a === b;
  if (a instanceof Map && b instanceof Map) {
    const has = ([key, value]: [unknown, unknown]): boolean =>
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
export function compareTexts(a: string, b: string): number {
  const [first, second] = [codes(a), codes(b)];
  for (let at = 0; at < first.length && at < second.length; at++) {
    const by = (first[at] ?? 0) - (second[at] ?? 0);
    if (by !== 0) return by;
  }
  return first.length - second.length;
}

function compare<T>(a: T, b: T): number {
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return compareTexts(hex(a), hex(b));
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A list in ascending order. */
export function sort<T>(items: readonly T[]): T[] {
  return [...items].sort(compare);
}

/** The keys of a map, in ascending order. */
export function keys<K, V>(map: ReadonlyMap<K, V>): K[] {
  return sort([...map.keys()]);
}

/** Keys and values of a map, by ascending keys. */
export function entries<K, V>(map: ReadonlyMap<K, V>): [K, V][] {
  return [...map].sort((a, b) => compare(a[0], b[0]));
}

/** The values of a map, by ascending keys. */
export function values<K, V>(map: ReadonlyMap<K, V>): V[] {
  return entries(map).map((entry) => entry[1]);
}

/** A map with a key's value set; the one that it is made of stays as it is. */
export function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): Map<K, V> {
  return new Map([...map, [key, value]]);
}

/** A map without a key; the one that it is made of stays as it is. */
export function remove<K, V>(map: ReadonlyMap<K, V>, key: K): Map<K, V> {
  return new Map([...map].filter((entry) => entry[0] !== key));
}

/** At most so many elements from a place on. */
export function part<T extends { slice(start: number, end: number): T }>(
  items: T,
  place: number,
  count: number,
): T {
  const start = Math.max(place, 0);
  return items.slice(start, start + Math.max(count, 0));
}

/** At most so many characters from a place on. */
export function textPart(text: string, place: number, count: number): string {
  return part([...text], place, count).join("");
}

/** The parts of a text between a mark; an empty mark parts nothing. */
export function split(text: string, mark: string): string[] {
  return mark === "" ? [text] : text.split(mark);
}

/** The numbers of a text's characters. */
export function codes(text: string): number[] {
  return Array.from(text, (char) => char.codePointAt(0) ?? 0);
}

/** The text of numbers of characters; undefined when one is no character. */
export function textOf(numbers: readonly number[]): string | undefined {
  const isChar = (code: number): boolean =>
    code >= 0 && code < 0x110000 && (code < 0xd800 || code >= 0xe000);
  if (!numbers.every(isChar)) return undefined;
  return numbers.map((code) => String.fromCodePoint(code)).join("");
}

/** The text of bytes in UTF-8; undefined when they are none. */
export function fromUtf8(data: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      data,
    );
  } catch {
    return undefined;
  }
}

/** The bytes that hexadecimal digits stand for. */
export function bytesOf(digits: string): Uint8Array {
  const pairs = digits.match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

/** Bytes as hexadecimal digits. */
export function hex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}

/** Bytes, and others behind them. */
export function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Uint8Array.from([...a, ...b]);
}

/** A number of units of ten to the power of minus the scale, with its point. */
export function decimalText(digits: Whole, scale: number): string {
  const text = String(abs(digits)).padStart(scale + 1, "0");
  const sign = digits < 0 ? "-" : "";
  return `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

/** The number that decimal digits say; undefined when they say none. */
export function parseInteger(text: string): number | undefined {
  const number = parseBigInt(text);
  return number === undefined ? undefined : Number(number);
}

/** The number that decimal digits say, however great; undefined when they say none. */
export function parseBigInt(text: string): bigint | undefined {
  return /^-?[0-9]{1,70}$/.test(text) ? BigInt(text) : undefined;
}

/** With a to z for A to Z, and nothing else changed. */
export function lower(text: string): string {
  return text.replace(/[A-Z]/g, (char) => char.toLowerCase());
}

/** With A to Z for a to z, and nothing else changed. */
export function upper(text: string): string {
  return text.replace(/[a-z]/g, (char) => char.toUpperCase());
}

/** Does a pattern match the whole text? */
export function matches(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${pattern})$`, "u").test(text);
}
