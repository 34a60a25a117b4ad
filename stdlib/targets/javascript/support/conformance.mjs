/**
 * Tries operators on cases: reads a case a line, tells a result a line.
 *
 * A case is an operator and its inputs as words, a result is `ok` and the outputs, `error` with its full name and what
 * it tells, or `skip`.
 */

import { readFileSync, writeSync } from "node:fs";
import * as exact from "./exact.mjs";

/** A word that no value of a type stands for; its message is the error that the type raises. */
class Breach extends Error {}

export const bool = {
  read: (words) => words.shift() === "1",
  write: (value) => [value ? "1" : "0"],
};

/** Whole numbers as numbers; what is too great to be exact is a breach. */
export const number = (breach) => ({
  read(words) {
    const value = Number(words.shift());
    if (!Number.isSafeInteger(value)) throw new Breach(breach);
    return value;
  },
  write: (value) => [String(value)],
});

export const bigint = {
  read: (words) => BigInt(words.shift()),
  write: (value) => [String(value)],
};

export const bytes = {
  read: (words) => exact.bytesOf(words.shift().slice(1)),
  write: (value) => ["x" + exact.hex(value)],
};

export const text = {
  read: (words) => exact.fromUtf8(bytes.read(words)),
  write: (value) => bytes.write(new TextEncoder().encode(value)),
};

/** An enum; a number that it does not have is another value, or a breach. */
export const oneOf = (values, breach, otherwise) => ({
  read(words) {
    const value = Number(words.shift());
    if (Object.values(values).includes(value)) return value;
    if (otherwise === undefined) throw new Breach(breach);
    return otherwise;
  },
  write: (value) => [String(value)],
});

export const optional = (inner) => ({
  read: (words) => (words.shift() === "1" ? inner.read(words) : undefined),
  write: (value) =>
    value === undefined ? ["0"] : ["1", ...inner.write(value)],
});

export const mapOf = (key, value) => ({
  read(words) {
    const count = Number(words.shift());
    const made = new Map();
    for (let at = 0; at < count; at++) {
      const own = key.read(words);
      made.set(own, value.read(words));
    }
    return made;
  },
  write: (map) => [
    String(map.size),
    ...exact
      .entries(map)
      .flatMap(([own, item]) => [...key.write(own), ...value.write(item)]),
  ],
});

export const listOf = (element) => ({
  read: (words) =>
    Array.from({ length: Number(words.shift()) }, () => element.read(words)),
  write: (value) => [String(value.length), ...value.flatMap((item) => element.write(item))],
});

export const record = (fields) => ({
  read(words) {
    const made = {};
    for (const [name, of] of fields) made[name] = of.read(words);
    return made;
  },
  write: (value) => fields.flatMap(([name, of]) => of.write(value[name])),
});

function tried(line, operators, errors) {
  const words = line.split(" ");
  const operator = operators[words.shift()];
  if (operator === undefined) return "skip";
  try {
    const inputs = operator.inputs.map((of) => of.read(words));
    return ["ok", ...operator.result.write(operator.call(...inputs))].join(" ");
  } catch (error) {
    if (error instanceof Breach) return `error ${error.message}`;
    if (!(error instanceof exact.ContractError)) throw error;
    const told = errors[error.name].flatMap((of, at) => of.write(error.told[at]));
    return ["error", error.name, ...told].join(" ");
  }
}

/** Tries every case of the standard input. */
export function main(operators, errors) {
  const lines = readFileSync(0, "utf8").split("\n");
  const cases = lines.filter((line) => line !== "");
  const results = cases.map((line) => tried(line, operators, errors) + "\n");
  writeSync(1, results.join(""));
}
