import { cpus, loadavg } from 'node:os';
import { brokenLaws, heapGrowth, heapGrowthAtMost, quantile } from './laws.ts';
import type { SoakFigures } from './soak.ts';

/** Prints what a soak found. @returns whether all its laws held. */
export function report(figures: SoakFigures, wish: { seed: number; homes: number; devices: number }): boolean {
  const { connects, injected, kills, tookMs, heaps, handedOver, arrived, unheard, inTheDark } = figures;
  const faults = Object.values(injected).reduce((sum, count) => sum + count, 0);
  const line = (name: string, value: string | number) => console.log(`${name.padEnd(58)}${value}`);
  console.log(
    `\nseed ${wish.seed}: ${wish.devices} devices in ${wish.homes} homes, ${cpus().length} processors, load ${loadavg()[0]!.toFixed(1)}\n`,
  );
  line('took', `${(tookMs / 60_000).toFixed(1)} min`);
  line('connections', connects);
  line('faults injected', faults);
  line('gateways killed', kills.length);
  line('handed over, repetitions included', handedOver.length);
  line('readings at the far end', arrived.length);
  line('confirmed and unheard, as injected', unheard.length);
  if (kills.length > 0) line('confirmed while the gateway was being killed, never heard', inTheDark.length);
  line('arrived without the context of a meter', figures.inPart.length);
  line('lost', figures.lost.length);
  const waited = arrived.flatMap(({ heardAt, storedAt }) => (storedAt === undefined ? [] : storedAt - heardAt));
  if (waited.length > 0)
    line('heard at home → stored, p50 and p99', `${quantile(waited, 0.5)} and ${quantile(waited, 0.99)} ms`);
  const resident = Math.max(...heaps.map(({ residentBytes }) => residentBytes));
  line(`resident memory of ${wish.homes} gateways at most`, `${(resident / 2 ** 20).toFixed(0)} MB`);
  const growth = kills.length > 0 ? undefined : heapGrowth(figures);
  if (growth !== undefined) line('growth of the heap after warming up', `${(growth * 100).toFixed(1)} %`);
  line('kept aside', JSON.stringify(figures.asideByReason));
  line('faults', JSON.stringify(injected));
  const broken = brokenLaws(figures);
  if (growth !== undefined && growth > heapGrowthAtMost) broken.push('the heap grew by more than a tenth');
  for (const law of broken) console.error(`BROKEN: ${law}`);
  return broken.length === 0;
}
