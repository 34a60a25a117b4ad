/** What conformance.ts takes of node, so that the project needs no package. */
declare module "node:fs" {
  export function readFileSync(file: number, encoding: "utf8"): string;
  export function writeFileSync(file: number, text: string): void;
}
