import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** `npm run config`: every variable of the modules that are named, its default and what it is. */

type Row = { name: string; standard: string; says: string };

for (const [title, path] of pairs(process.argv.slice(2))) {
  const { variables } = await import(pathToFileURL(resolve(path)).href);
  print(title, rowsOf(variables));
}

function pairs(words: string[]): [string, string][] {
  return words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1]!] as [string, string]] : []));
}

function rowsOf(variables: Record<string, { default: string | undefined; says: string }>): Row[] {
  return Object.entries(variables).map(([name, variable]) => ({
    name,
    standard: variable.default ?? '–',
    says: variable.says,
  }));
}

function print(title: string, rows: Row[]): void {
  const all = [{ name: title, standard: 'default', says: 'what it is' }, ...rows];
  const width = (of: (row: Row) => string) => Math.max(...all.map((row) => of(row).length));
  const [nameWidth, standardWidth] = [width((row) => row.name), width((row) => row.standard)];
  for (const { name, standard, says } of all)
    console.log(`${name.padEnd(nameWidth)}  ${standard.padEnd(standardWidth)}  ${says}`);
  console.log();
}
