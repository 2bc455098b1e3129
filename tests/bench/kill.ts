import { parseArgs } from 'node:util';
import { platformFarEnd } from '../support/soak/far-ends.ts';
import { report } from '../support/soak/report.ts';
import { soak } from '../support/soak/soak.ts';

/**
 * Does a gateway that is killed lose anything? `npm run bench:kill -- --seed 1 --minutes 5 --every 4 --devices 30 --homes 3 --rate 0.01`: as the
 * soak, while the process of all gateways is killed with SIGKILL every few seconds and begun again.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '5' },
    /** Seconds, on average. */
    every: { type: 'string', default: '4' },
    devices: { type: 'string', default: '30' },
    homes: { type: 'string', default: '3' },
    rate: { type: 'string', default: '0.01' },
  },
});
const forMs = Number(values.minutes) * 60_000;
const wish = {
  seed: Number(values.seed),
  homes: Number(values.homes),
  devices: Number(values.devices),
  connects: Number.POSITIVE_INFINITY,
  rate: Number(values.rate),
  forMs,
  killEveryMs: Number(values.every) * 1_000,
  mostMs: forMs + 10 * 60_000,
};
const figures = await soak({
  ...wish,
  farEnd: platformFarEnd,
  tell: (line) => process.stderr.write(`${line}\n`),
});
process.exitCode = report(figures, wish) ? 0 : 1;
