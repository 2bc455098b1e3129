import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The manner of the house, as far as a machine can see it. */

const root = join(import.meta.dirname, '..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.(ts|tsx|mjs)$/.test(file));
const sources = files
  .filter((file) => !file.startsWith('tests/'))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));

const services = ['broker', 'gateway-agent', 'ingest', 'rules', 'clinician-api', 'dashboards'];
const roots = ['main.ts', 'simulators', 'tests'];

const roomOf = (path: string) => path.split('/')[0]!;

/** The room an import leads to, `npm` for packages; undefined for a file of the same room. */
function targetOf(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('#domain/')) return 'domain';
  if (specifier.startsWith('#runtime/')) return 'runtime';
  if (specifier.startsWith('node:')) return 'node';
  if (specifier.startsWith('.')) return roomOf(normalize(join(dirname(file), specifier)));
  return 'npm';
}

const importsOf = (text: string) =>
  [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s+['"]([^'"]+)['"]/g,
    ),
  ].map((match) => (match[1] ?? match[2] ?? match[3])!);

/** Code without comments and strings, roughly: enough to look for calls. */
const bare = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1');

describe('imports go one way', () => {
  it('domain imports nothing but zod, and luxon for the clocks of the world', () => {
    const strangers = sources
      .filter(({ file }) => file.startsWith('domain/'))
      .flatMap(({ file, text }) => importsOf(text).map((specifier) => ({ file, specifier })))
      .filter(({ file, specifier }) => specifier !== 'zod' && targetOf(file, specifier) !== 'domain')
      .filter(({ file, specifier }) => file !== 'domain/wall-clock.ts' || specifier !== 'luxon');
    expect(strangers).toEqual([]);
  });

  it('runtime imports domain and packages only', () => {
    const strangers = sources
      .filter(({ file }) => file.startsWith('runtime/'))
      .flatMap(({ file, text }) =>
        importsOf(text).map((specifier) => ({ file, specifier, to: targetOf(file, specifier) })),
      )
      .filter(({ to }) => to !== undefined && [...services, ...roots].includes(to));
    expect(strangers).toEqual([]);
  });

  it('no service imports another service or a root', () => {
    const strangers = sources
      .filter(({ file }) => services.includes(roomOf(file)))
      .flatMap(({ file, text }) =>
        importsOf(text).map((specifier) => ({ file, specifier, to: targetOf(file, specifier) })),
      )
      .filter(({ file, to }) => to !== undefined && to !== roomOf(file) && [...services, ...roots].includes(to));
    expect(strangers).toEqual([]);
  });

  it('across rooms the aliases are used', () => {
    const relative = sources
      .filter(({ file }) => !roots.includes(roomOf(file)))
      .flatMap(({ file, text }) =>
        importsOf(text).map((specifier) => ({ file, specifier, to: targetOf(file, specifier) })),
      )
      .filter(({ file, specifier, to }) => specifier.startsWith('.') && to !== roomOf(file));
    expect(relative).toEqual([]);
  });
});

describe('time and chance', () => {
  const timely =
    /\bDate\.now\(|\bnew Date\(\)|\bset(?:Timeout|Interval)\(|\bMath\.random\(|\brandomUUID\(|\bperformance\.now\(|\bAbortSignal\.timeout\(/;

  it('come from runtime/ only', () => {
    const offenders = sources
      .filter(({ file, text }) => !file.startsWith('runtime/') && timely.test(bare(text)))
      .map(({ file }) => file);
    expect(offenders).toEqual([]);
  });

  it('come, within runtime/, from clock.ts and random.ts, and from the set-up that runs before them', () => {
    const offenders = sources
      .filter(
        ({ file, text }) =>
          file.startsWith('runtime/') && !file.startsWith('runtime/setup/') && timely.test(bare(text)),
      )
      .map(({ file }) => file)
      .filter((file) => file !== 'runtime/clock.ts' && file !== 'runtime/random.ts');
    expect(offenders).toEqual([]);
  });
});

describe('nothing is half done', () => {
  const everything = files.map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
  const unfinished = new RegExp(
    ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK', 'not impl' + 'emented'].map((w) => `\\b${w}\\b`).join('|'),
  );

  it('no file says that it is unfinished', () => {
    expect(everything.filter(({ text }) => unfinished.test(text)).map(({ file }) => file)).toEqual([]);
  });

  it('no test is skipped, postponed or preferred', () => {
    const passive = /\b(?:it|test|describe)\.(?:skip|todo|only|skipIf|runIf)\b/;
    expect(
      everything
        .filter(({ file, text }) => file.startsWith('tests/') && passive.test(text) && file !== 'tests/tidy.test.ts')
        .map(({ file }) => file),
    ).toEqual([]);
  });

  it('no file is longer than 400 lines', () => {
    expect(
      everything
        .filter(({ text }) => text.split('\n').length > 400)
        .map(({ file, text }) => `${file}: ${text.split('\n').length}`),
    ).toEqual([]);
  });
});
