/**
 * Tries operators on cases: reads a case a line, tells a result a line.
 *
 * A case is an operator and its inputs as words, a result is `ok` and the outputs, `error` with its full name and what
 * it tells, or `skip`.
 */

import { readFileSync, writeFileSync } from "node:fs";
import * as exact from "./exact.js";

/** A word that no value of a type stands for; its message is the error that the type raises. */
class Breach extends Error {}

/** How values of a type are read and written. */
export interface Word<T> {
  read(words: string[]): T;
  write(value: T): string[];
}

/** An operator: takes words, gives words. */
export type Tried = (words: string[]) => string[];

const next = (words: string[]): string => words.shift() ?? "";

export const bool: Word<boolean> = {
  read: (words) => next(words) === "1",
  write: (value) => [value ? "1" : "0"],
};

/** Whole numbers as numbers; what is too great to be exact is a breach. */
export const number = (breach: string): Word<number> => ({
  read(words) {
    const value = Number(next(words));
    if (!Number.isSafeInteger(value)) throw new Breach(breach);
    return value;
  },
  write: (value) => [String(value)],
});

export const bigint: Word<bigint> = {
  read: (words) => BigInt(next(words)),
  write: (value) => [String(value)],
};

export const bytes: Word<Uint8Array> = {
  read: (words) => exact.bytesOf(next(words).slice(1)),
  write: (value) => ["x" + exact.hex(value)],
};

export const text: Word<string> = {
  read: (words) => exact.fromUtf8(bytes.read(words)) ?? "",
  write: (value) => bytes.write(new TextEncoder().encode(value)),
};

/** An enum; a number that it does not have is another value, or a breach. */
export const oneOf = <E extends number>(
  values: readonly E[],
  breach: string,
  otherwise?: E,
): Word<E> => ({
  read(words) {
    const number = Number(next(words));
    const value = values.find((it) => it === number) ?? otherwise;
    if (value === undefined) throw new Breach(breach);
    return value;
  },
  write: (value) => [String(value)],
});

export const optional = <T>(inner: Word<T>): Word<T | undefined> => ({
  read: (words) => (next(words) === "1" ? inner.read(words) : undefined),
  write: (value) => (value === undefined ? ["0"] : ["1", ...inner.write(value)]),
});

export const listOf = <T>(element: Word<T>): Word<readonly T[]> => ({
  read: (words) =>
    Array.from({ length: Number(next(words)) }, () => element.read(words)),
  write: (value) => [
    String(value.length),
    ...value.flatMap((item) => element.write(item)),
  ],
});

export const mapOf = <K, V>(
  key: Word<K>,
  value: Word<V>,
): Word<ReadonlyMap<K, V>> => ({
  read(words) {
    const count = Number(next(words));
    const made = new Map<K, V>();
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

type Fields<T> = { [Name in keyof T]: Word<T[Name]> };

export const record = <T>(fields: Fields<T>): Word<T> => ({
  read(words) {
    const made: Partial<T> = {};
    for (const name in fields) made[name] = fields[name].read(words);
    return made as T;
  },
  write: (value) =>
    (Object.keys(fields) as (keyof T)[]).flatMap((name) =>
      fields[name].write(value[name]),
    ),
});

/** An operator with the words of its inputs and of its result. */
export function operator<I extends readonly unknown[], R>(
  call: (...inputs: I) => R,
  inputs: Fields<I>,
  result: Word<R>,
): Tried {
  return (words) => {
    const read = (inputs as readonly Word<unknown>[]).map((it) => it.read(words));
    return result.write(call(...(read as unknown as I)));
  };
}

function tried(
  line: string,
  operators: ReadonlyMap<string, Tried>,
  errors: ReadonlyMap<string, readonly Word<never>[]>,
): string {
  const words = line.split(" ");
  const run = operators.get(next(words));
  if (run === undefined) return "skip";
  try {
    return ["ok", ...run(words)].join(" ");
  } catch (error) {
    if (error instanceof Breach) return `error ${error.message}`;
    if (!(error instanceof exact.ContractError)) throw error;
    const { name, told } = error;
    const of = errors.get(name) ?? [];
    const words = of.flatMap((it, at) => it.write(told[at] as never));
    return ["error", name, ...words].join(" ");
  }
}

/** Tries every case of the standard input. */
export function main(
  operators: ReadonlyMap<string, Tried>,
  errors: ReadonlyMap<string, readonly Word<never>[]>,
): void {
  const lines = readFileSync(0, "utf8").split("\n");
  const cases = lines.filter((line) => line !== "");
  const results = cases.map((line) => tried(line, operators, errors) + "\n");
  writeFileSync(1, results.join(""));
}
