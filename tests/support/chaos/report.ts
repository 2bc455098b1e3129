import type { ChaosFigures } from './chaos.ts';

const shownAtMost = 20;

/** What a promise that was broken is called, with what broke it. */
export function brokenPromises(figures: ChaosFigures): { promise: string; by: string[] }[] {
  return [
    { promise: 'acknowledged and lost', by: figures.lost },
    { promise: 'stored twice', by: figures.twice },
    { promise: 'stored and never sent', by: figures.strange },
    { promise: 'never receipted', by: figures.unanswered },
    { promise: 'receipted as what it is not', by: figures.untrue },
    { promise: 'in a crisis, and nobody paged', by: figures.unpaged },
  ].filter(({ by }) => by.length > 0);
}

/** Prints what a chaos did and found. @returns whether every promise held. */
export function report(figures: ChaosFigures, seed: number): boolean {
  const line = (name: string, value: string | number) => console.log(`${name.padEnd(48)}${value}`);
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  console.log(`\nseed ${seed}\n`);
  line('sent', figures.sent);
  line('acknowledged', figures.acknowledged);
  line('receipted', figures.receipted);
  line('stored', figures.stored);
  line('sent or told more than once', figures.duplicates);
  line('in quarantine, as they should be', figures.quarantined);
  for (const [blow, count] of Object.entries(figures.blows).sort()) line(`${blow}`, count);
  line('processes that ended by themselves', figures.endedByThemselves.map(({ part }) => part).join(', ') || 0);
  line('longest without any acknowledgement', seconds(figures.silentMs));
  line('longest from acknowledgement to receipt', seconds(figures.unreceiptedMs));
  line('crises, each with a page', `${figures.crises - figures.unpaged.length} of ${figures.crises}`);
  for (const why of figures.leftOut) console.log(why);
  const broken = brokenPromises(figures);
  for (const { promise, by } of broken) {
    console.error(`BROKEN: ${by.length} ${promise}:`);
    for (const one of by.slice(0, shownAtMost)) console.error(`  ${one}`);
  }
  if (figures.lastWords) console.error(figures.lastWords);
  const { lost, twice } = figures;
  console.log(
    `\n${lost.length} acknowledged lost, ${twice.length} stored twice: ${broken.length === 0 ? 'every promise held' : `broken, see seed ${seed}`}`,
  );
  return broken.length === 0;
}
