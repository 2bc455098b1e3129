import { parseArgs } from 'node:util';
import { chaos } from '../support/chaos/chaos.ts';
import { report } from '../support/chaos/report.ts';

/**
 * Is anything lost when everything breaks? `npm run chaos -- --minutes 10 --seed 1 --homes 200 --every 2 --strike 4 --crises 20`: homes that measure
 * every two seconds and send, while every few seconds a process is killed, the network is cut, or the disk is full.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    homes: { type: 'string', default: '200' },
    /** Seconds between two measurements of a home, and between two blows; on average. */
    every: { type: 'string', default: '2' },
    strike: { type: 'string', default: '4' },
    crises: { type: 'string', default: '20' },
  },
});
// what was begun is removed as this process ends
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const figures = await chaos({
  seed,
  forMs: Number(values.minutes) * 60_000,
  homes: Number(values.homes),
  measureEveryMs: Number(values.every) * 1_000,
  strikeEveryMs: Number(values.strike) * 1_000,
  crises: Number(values.crises),
  tell: (line) => process.stderr.write(`${line}\n`),
});
process.exitCode = report(figures, seed) ? 0 : 1;
