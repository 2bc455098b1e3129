import { parseArgs } from 'node:util';
import { platformFarEnd } from '../support/soak/far-ends.ts';
import { report } from '../support/soak/report.ts';
import { soak } from '../support/soak/soak.ts';

/**
 * Does a home lose anything? `npm run bench:soak -- --seed 1 --connects 5000 --devices 50 --homes 5 --rate 0.02 --minutes 60`: devices of every
 * kind and their gateways, random faults at every step between them, and the platform as a hospital starts it; what a device handed over must
 * be stored, every outbox empty at the end, and the heap flat.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    connects: { type: 'string', default: '5000' },
    devices: { type: 'string', default: '50' },
    homes: { type: 'string', default: '5' },
    rate: { type: 'string', default: '0.02' },
    minutes: { type: 'string', default: '60' },
  },
});
const wish = {
  seed: Number(values.seed),
  homes: Number(values.homes),
  devices: Number(values.devices),
  connects: Number(values.connects),
  rate: Number(values.rate),
  mostMs: Number(values.minutes) * 60_000,
};
const figures = await soak({
  ...wish,
  farEnd: platformFarEnd,
  tell: (line) => process.stderr.write(`${line}\n`),
});
process.exitCode = report(figures, wish) ? 0 : 1;
