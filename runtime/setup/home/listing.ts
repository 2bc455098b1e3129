import type { DeviceStatus } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { type SourceTrouble, troublesOfDevice, troublesOfSource } from '#domain/standing.ts';
import {
  devicesInHomes,
  type HomeDevice,
  type LastCommand,
  lastCommands,
  patientsWithoutDevice,
  waitingCodes,
} from '../../records/homes.ts';
import { listSources, type Source } from '../../records/sources.ts';
import { bothNames, knownSource, shownInstant } from './naming.ts';
import type { Operator } from './operator.ts';
import { columns, cut } from './table.ts';
import type { Said } from './words.ts';

/** Sources with their devices and patients, as lines of at most 80 columns. */

const sourcesPerQuery = 500;
const patientsAtMost = 20;
/** SOURCE, KIND, STANDS, LAST WORD, WAITING; and device, whose, model, how it is. */
const sourceWidths = [20, 9, 21, 14, 12];
const deviceWidths = [2, 19, 21, 14, 24];

export async function list({ records, clock }: Operator, said: Said): Promise<string[]> {
  const now = clock.now();
  const [only] = said.rest;
  const sources = only ? [await knownSource(records, only)] : await everySource(records);
  const [devices, codes, asked] = await Promise.all([
    devicesInHomes(records, now),
    waitingCodes(records, now),
    lastCommands(records),
  ]);
  const bySource = Map.groupBy(devices, ({ source }) => source);
  const known = new Set<string>(devices.map(({ device }) => device));
  const lines = [columns(['SOURCE', 'KIND', 'STANDS', 'LAST WORD', 'KEEPS BACK'], sourceWidths)];
  if (sources.length === 0) lines.push('none yet: "npm run home -- register gateway" adds one');
  for (const source of sources) {
    lines.push(
      ...linesOfSource(source, codes.get(source.id), asked.get(source.id), now),
      ...(bySource.get(source.id) ?? []).flatMap((device) => linesOfDevice(device, source, now)),
      ...strangers(source, known, now),
    );
  }
  if (only) return lines;
  const without = await patientsWithoutDevice(records, now, patientsAtMost + 1);
  if (without.length > 0) lines.push('', 'PATIENTS WITHOUT A DEVICE');
  for (const { patient, name } of without.slice(0, patientsAtMost))
    lines.push(`  ${patient}  ${cut(bothNames(name), 40)}`);
  if (without.length > patientsAtMost) lines.push('  and more');
  return lines;
}

async function everySource(records: Operator['records']): Promise<Source[]> {
  const sources: Source[] = [];
  let after: SourceId | undefined;
  do {
    const some = await listSources(records, { ...(after ? { after } : {}), limit: sourcesPerQuery });
    sources.push(...some);
    after = some.length === sourcesPerQuery ? some.at(-1)?.id : undefined;
  } while (after);
  return sources;
}

const troubleWords: Record<Exclude<SourceTrouble, 'revoked'>, string> = {
  'radio-down': 'its Bluetooth does not work',
  'radio-degraded': 'its Bluetooth hears nothing, or not everything',
  'clock-wrong': 'its clock is wrong: see to its network time',
  backlog: 'readings wait in it for long',
  'outbox-filling': 'its memory for readings is nearly full',
  'readings-lost': 'it has given up readings for want of room',
};

function linesOfSource(
  { id, kind, status, statusAt, enrolledAt, revokedAt }: Source,
  codeUntil: string | undefined,
  asked: LastCommand | undefined,
  now: number,
): string[] {
  const stands = revokedAt ? 'revoked' : !enrolledAt ? 'not enrolled' : (status?.state ?? 'never heard');
  const waiting = status?.waiting === undefined ? '' : `${status.waiting} readings`;
  const lines = [columns([id, kind, stands, statusAt ? ago(statusAt, now) : '', waiting], sourceWidths)];
  if (codeUntil) lines.push(`  a code waits until ${shownInstant(codeUntil)}`);
  for (const trouble of troublesOfSource(status, false))
    if (trouble !== 'revoked') lines.push(`  ! ${troubleWords[trouble]}`);
  if (asked) lines.push(cut(`  asked ${ago(asked.createdAt, now)}: ${asked.command}, ${outcomeOf(asked)}`, 80));
  return lines;
}

const outcomeOf = ({ outcome, reason, sentAt }: LastCommand): string =>
  outcome
    ? reason
      ? `${outcome} (${reason})`
      : outcome
    : sentAt
      ? 'sent, not answered yet'
      : 'waits until it is there';

function linesOfDevice({ device, model, holders }: HomeDevice, { status }: Source, now: number): string[] {
  const own = status?.devices?.find((one) => one.device === device);
  const how = own?.heardAt ? `heard ${ago(own.heardAt, now)}` : '';
  const row = (cells: string[]) => columns(['', ...cells], deviceWidths);
  const names = holders.map(({ name, userSlot }) =>
    userSlot === null ? bothNames(name) : `${userSlot}: ${bothNames(name)}`,
  );
  return [
    row([device, names[0] ?? 'nobody’s', model ?? own?.model ?? '', how]),
    ...names.slice(1).map((name) => row(['', name, '', ''])),
    ...wrongWith(own).map((words) => `    ! ${words}`),
  ];
}

function wrongWith(own: DeviceStatus | undefined): string[] {
  const words = troublesOfDevice(own).map((trouble) =>
    trouble === 'battery-low' ? `battery ${own?.battery} %` : 'its clock is wrong; its gateway corrects for it',
  );
  return own?.trouble ? [...words, own.trouble] : words;
}

/** What a gateway hears and nobody has registered: a new device, or the neighbour's. */
function strangers({ status, revokedAt }: Source, known: Set<string>, now: number): string[] {
  if (revokedAt) return [];
  return (status?.devices ?? [])
    .filter(({ device }) => !known.has(device))
    .map(({ device, model, heardAt }) =>
      columns(['', device, 'not registered', model ?? '', heardAt ? `heard ${ago(heardAt, now)}` : ''], deviceWidths),
    );
}

function ago(at: string, now: number): string {
  const minutes = Math.round((now - Date.parse(at)) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 90) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`;
  return `${Math.round(minutes / 1440)} days ago`;
}
