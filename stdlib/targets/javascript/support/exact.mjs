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

/** Are two values the same in all their parts? */
export function equal(a, b) {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => equal(a[name], b[name]))
  );
}

/** A number of units of ten to the power of minus the scale, with its point. */
export function decimalText(digits, scale) {
  const text = String(abs(digits)).padStart(scale + 1, "0");
  const sign = digits < zero(digits) ? "-" : "";
  return `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}
