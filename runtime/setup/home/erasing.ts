import { SetupFault } from '#domain/errors.ts';
import { instant } from '../../clock.ts';
import { askErasure, type Erasure, findErasure } from '../../records/erasures.ts';
import { instantIn, knownPatient, shownInstant } from './naming.ts';
import type { Operator } from './operator.ts';
import type { Said } from './words.ts';

/** Erases a patient; without `--keep-until` it tells how far an erasure is. */
export async function erase({ records, by, clock }: Operator, said: Said): Promise<string[]> {
  const { patient } = await knownPatient(records, said.rest[0] ?? '');
  const term = said.options['keep-until'];
  if (term === undefined) return told(await findErasure(records, patient), patient);
  const now = clock.now();
  const keepUntil = term === 'nothing' ? null : instantIn(term);
  if (keepUntil && Date.parse(keepUntil) <= now)
    throw new SetupFault(`${term} is over: say "--keep-until nothing" where nothing obliges to keep anything.`);
  const reason = said.options.reason ?? 'asked for';
  const asked = await askErasure(records, { patient, by, reason, keepUntil, at: instant(now) });
  if (asked === 'done-before')
    throw new SetupFault(`${patient} was erased before: "npm run home -- erase ${patient}".`);
  return [
    `${patient} is seen by nobody from now on, and nothing of theirs comes in any more.`,
    keepUntil
      ? `What was stored is deleted after ${shownInstant(keepUntil)}.`
      : 'What was stored is being deleted, for as long as a few minutes.',
    `How far it is: npm run home -- erase ${patient}`,
    'Backups of PostgreSQL and InfluxDB hold it until they are replaced.',
  ];
}

function told(erasure: Erasure | undefined, patient: string): string[] {
  if (!erasure)
    throw new SetupFault(
      `Say until when the law has ${patient} kept, "--keep-until 2041-03-01", or "--keep-until nothing" to delete everything now.`,
    );
  const { state, askedAt, doneAt, keepUntil, parts } = erasure;
  const waits = keepUntil ? shownInstant(keepUntil) : '';
  return [
    `asked for ${shownInstant(askedAt)}; ${state === 'done' && doneAt ? `done ${shownInstant(doneAt)}` : state === 'kept' ? `kept until ${waits}` : 'under way'}`,
    ...Object.entries(parts).map(
      ([part, { removed, obstacle }]) => `${part.padEnd(14)}${obstacle ?? removed ?? 'deleted'}`,
    ),
  ];
}
