import { Command } from '#domain/downward.ts';
import { SetupFault } from '#domain/errors.ts';
import type { DeviceId, SourceId } from '#domain/ids.ts';
import { instant } from '../../clock.ts';
import { type Holding, holdingsOf, takeBackDevice } from '../../records/assignments.ts';
import { keepCommand } from '../../records/commands.ts';
import type { Within } from '../../records/connect.ts';
import { findRegistrations } from '../../records/devices.ts';
import { handOver } from '../../records/handing-out.ts';
import { bothNames, deviceId, instantIn, knownPatient, knownSource, shownInstant, userSlot } from './naming.ts';
import type { Operator } from './operator.ts';
import { type Said, sayInstead } from './words.ts';

/** Devices: whose they are, and what is asked of the homes in which they stand. Each answers what is printed. */

export async function assign({ records, random, by, clock }: Operator, said: Said): Promise<string[]> {
  const device = deviceId(said.rest[0] ?? '');
  const { patient, name } = await knownPatient(records, said.rest[1] ?? '');
  const slot = userSlot(said.options.slot) ?? null;
  const from = said.options.from === undefined ? instant(clock.now()) : instantIn(said.options.from);
  const source =
    said.options.source === undefined ? {} : { source: (await knownSource(records, said.options.source)).id };
  const model = said.options.model === undefined ? {} : { model: said.options.model };
  const wish = { id: random.uuid(), device, ...source, ...model, patient, userSlot: slot, from, by };
  const moved = await handOver(records, wish);
  if (typeof moved === 'string') {
    const why = moved === 'not-heard' ? 'No gateway has heard' : 'Several gateways hear';
    throw new SetupFault(`${why} ${device}: say through which it comes, with --source.`);
  }
  if ('taken' in moved) throw taken(device, moved.taken, moved.taken.patient === patient);
  const of = slot === null ? '' : `, user ${slot},`;
  return [
    `${device}${of} is ${bothNames(name)}’s from ${shownInstant(from)}.`,
    ...(moved.before === undefined ? [`It is heard through ${moved.source}.`] : []),
    ...(moved.before !== undefined && moved.before !== moved.source
      ? [`It is heard through ${moved.source} now; what ${moved.before} sends of it is quarantined.`]
      : []),
  ];
}

export async function takeBack({ records, by, clock }: Operator, said: Said): Promise<string[]> {
  const device = deviceId(said.rest[0] ?? '');
  const slot = userSlot(said.options.slot);
  const at = said.options.at === undefined ? instant(clock.now()) : instantIn(said.options.at);
  const ended = await records
    .transaction()
    .execute((db) => takeBackDevice(db, { device, ...(slot === undefined ? {} : { slot }), at, by }));
  if (ended.length === 0)
    throw new SetupFault(`${device} is nobody’s then: "npm run home -- list" shows whose devices are.`);
  return [`${device} is nobody’s from ${shownInstant(at)} on.`];
}

/** How long a home has time for each; a box may be switched off for days, and should then still learn its interval. */
const withinMs = {
  'measure-again': 30 * 60_000,
  'send-status': 3_600_000,
  'set-interval': 30 * 24 * 3_600_000,
} as const;

export async function ask({ records, random, by, clock }: Operator, said: Said): Promise<string[]> {
  const [sourceName = '', command = '', ...rest] = said.rest;
  const source = await knownSource(records, sourceName);
  if (!Object.hasOwn(withinMs, command)) throw sayInstead('ask');
  const now = clock.now();
  const byAt = now + withinMs[command as keyof typeof withinMs];
  const head = { v: 1, id: random.uuid(), command, by: instant(byAt) };
  const details = detailsOf(command, rest);
  if (!details) throw sayInstead('ask');
  const parsed = Command.safeParse({ ...head, ...details });
  if (!parsed.success) throw sayInstead('ask');
  const wanted = parsed.data;
  const patient =
    wanted.command === 'measure-again' ? await holderBehind(records, source.id, deviceId(wanted.device), now) : null;
  if (!(await keepCommand(records, { source: source.id, command: wanted, patient, by, now })))
    throw new SetupFault(`Too much waits for ${source.id} already: it is away, or does not answer.`);
  return [
    `${source.id} is asked as soon as it is there, until ${shownInstant(wanted.by)}.`,
    `What becomes of it: npm run home -- list ${source.id}`,
  ];
}

function detailsOf(command: string, rest: string[]): object | undefined {
  const [first, second] = rest;
  if (command === 'send-status') return rest.length === 0 ? {} : undefined;
  if (command === 'measure-again') return rest.length === 1 ? { device: deviceId(first ?? '') } : undefined;
  return rest.length === 2 && /^\d+$/.test(second ?? '') ? { of: first, seconds: Number(second) } : undefined;
}

/** About whom the home is asked, where the device is one patient's. */
async function holderBehind(db: Within, source: SourceId, device: DeviceId, now: number) {
  const registration = (await findRegistrations(db, [device])).get(device);
  if (registration?.source !== source)
    throw new SetupFault(`${device} is not registered with ${source}: "npm run home -- list" shows what is.`);
  const holders = (await holdingsOf(db, device)).filter(
    ({ from, to }) => Date.parse(from) <= now && (to === null || Date.parse(to) > now),
  );
  return holders.length === 1 ? (holders[0]?.patient ?? null) : null;
}

function taken(device: DeviceId, { from, userSlot, to }: Holding, same: boolean): SetupFault {
  const part = userSlot === null ? device : `${device}, user ${userSlot},`;
  const until = to === null ? '' : ` until ${shownInstant(to)}`;
  return new SetupFault(
    `${part} is ${same ? 'this' : 'another'} patient’s from ${shownInstant(from)}${until}: say "npm run home -- take-back ${device}" first.`,
  );
}
