import { SetupFault } from '#domain/errors.ts';
import { type AuditHead, listAudit, verifyAudit } from '../../records/audit.ts';
import { knownSource, shownInstant } from './naming.ts';
import type { Operator } from './operator.ts';
import { cut } from './table.ts';
import { type Said, sayInstead } from './words.ts';

/** What was done to sources, devices and patients. Each answers what is printed. */

const rowsAtMost = 40;

export async function trail({ records }: Operator, said: Said): Promise<string[]> {
  const [only] = said.rest;
  const { before } = said.options;
  if (before !== undefined && !/^\d{1,15}$/.test(before)) throw sayInstead('audit');
  const source = only === undefined ? undefined : (await knownSource(records, only)).id;
  const query = { limit: rowsAtMost, source, before: before === undefined ? undefined : Number(before) };
  const rows = await listAudit(records, query);
  if (rows.length === 0) return ['Nothing stands there.'];
  const lines = rows.flatMap(({ seq, at, by, action, outcome, source: of, device, patient, address, detail }) => {
    const whom = [of, device, patient, address].filter((part) => part !== null).join(' ');
    const more = Object.entries(detail).map(([name, value]) => `${name}=${value}`);
    return [
      cut(`${seq}  ${shownInstant(at)}  ${by}  ${action}${outcome === 'done' ? '' : `: ${outcome}`}`, 120),
      ...[whom, ...more].filter((part) => part !== '').map((part) => cut(`    ${part}`, 120)),
    ];
  });
  const last = rows.at(-1)?.seq ?? 1;
  const further = rows.length === rowsAtMost && last > 1 ? [`Before these: --before ${last}`] : [];
  return [...lines, ...further];
}

export async function verify({ records }: Operator, said: Said): Promise<string[]> {
  const since = said.rest[0] === undefined ? undefined : headIn(said.rest[0]);
  const { rows, head, broken } = await verifyAudit(records, since ? { since } : {});
  if (broken) {
    const what = {
      changed: 'is not as it was written',
      missing: 'is missing',
      since: 'is another than the one you noted',
    }[broken.why];
    throw new SetupFault(
      `The trail is broken: row ${broken.seq} ${what}. Keep the database as it is, and find out who had access.`,
    );
  }
  if (!head) return ['The trail is empty.'];
  return [
    `All ${rows} rows are as they were written${since ? ', and so is the one you noted' : ''}.`,
    'Note this elsewhere; with it nobody can take off the end, or write everything anew, unseen:',
    `  ${head.seq}:${head.hash}`,
  ];
}

function headIn(text: string): AuditHead {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim().toLowerCase()) ?? [];
  if (!seq || !hash) throw sayInstead('verify');
  return { seq: Number(seq), hash };
}
