/**
 * Tries operators on cases: reads a case a line, tells a result a line.
 *
 * A case is an operator and its inputs as words, a result is `ok` and the outputs, `error` with its full name and what
 * it tells, or `skip`.
 */

import { readFileSync, writeSync } from "node:fs";
import { ContractError } from "./exact.mjs";

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

export const text = {
  read: (words) => Buffer.from(words.shift().slice(1), "hex").toString(),
  write: (value) => ["x" + Buffer.from(value).toString("hex")],
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

export const listOf = (element) => ({
  read: (words) =>
    Array.from({ length: Number(words.shift()) }, () => element.read(words)),
  write: (value) => [String(value.length), ...value.flatMap(element.write)],
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
    if (!(error instanceof ContractError)) throw error;
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
