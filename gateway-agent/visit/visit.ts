import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Random } from '#runtime/random.ts';
import type { DeviceNote, DeviceNotes } from '../outbox/device-notes.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { listenedTo, type Spoken } from '../profiles/catalogue.ts';
import { type Expects, type Link, type Radio, RadioFault } from '../radio/radio.ts';
import { sigUuid } from '../radio/uuid.ts';
import { giveConsent } from './consent.ts';
import { type DeviceClock, openClock } from './device-clock.ts';
import { fetchRecords } from './fetch.ts';
import { createHearing, type Hearing } from './hearing.ts';
import { clockLimits, streamLimits, visitLimits } from './limits.ts';
import { isGone, readBattery, readKept, readModel } from './questions.ts';
import { listen, stay } from './stay.ts';
import type { Stays } from './stays.ts';
import { createStreams } from './streams.ts';

/**
 * One visit to a device that has just advertised: connect, pair if need be, ask for its name, battery and clock, have it let us in, subscribe,
 * fetch its memory, and listen until it hangs up or there is no reason to stay. Each value is on disk before anything else is done with it. Ends by
 * itself. Whatever goes wrong is in the report, and what was heard before that is kept; rejects only where nothing can be read of what is known of
 * the device.
 */
export type VisitReport = {
  /** Frames heard. */
  heard: number;
  /** New readings, on their way to the server. */
  readings: number;
  aside: number;
  /** How it ended: by whom, or the code of what went wrong. */
  end: string;
  /** It is bonded, whatever came of the rest. */
  paired: boolean;
  /** Before so long, a further visit would bring nothing. */
  backAfterMs?: number;
};

export type VisitDeps = { radio: Radio; outbox: Outbox; clock: Clock; random: Random; log: Log };

export type VisitOptions = {
  /** By which its frames are told from those of another; one is made up where none is given. */
  name?: string;
  /** IANA name, where the home is. */
  zone: string;
  /** Called after readings came into the outbox. */
  kept: () => void;
  /** Ends the visit early. */
  quit: AbortSignal;
  /** Of the advertisement, dBm. */
  rssi?: number;
  /** Between two readings of a stream at least; asked again while a visit lasts. */
  streamEveryMs?: () => number;
  /** As long as the clock of this machine is wrong, no device is told the time. */
  clockIsWrong?: () => boolean;
  /** Where a visit finds a place to stay for as long as its device speaks; without, none stays. */
  stays?: Stays;
};

export async function visit(deps: VisitDeps, address: string, options: VisitOptions): Promise<VisitReport> {
  const { radio, outbox, clock, random, log } = deps;
  const { zone, kept, quit, rssi, stays, streamEveryMs = () => streamLimits.everyMs } = options;
  const { clockIsWrong = () => false } = options;
  const { notes } = outbox;
  const before = notes.of(address);
  const named = { visit: options.name ?? random.uuid(), device: address, zone };
  const streams = createStreams({ outbox, clock, log }, { ...named, everyMs: streamEveryMs, told: kept });
  const hearing = createHearing({ outbox, clock, log, streams }, { ...named, kept });
  const learned: Learned = { rssi };

  let link: Link | undefined;
  let end: string;
  let backAfterMs: number | undefined;
  let time: DeviceClock | undefined;
  try {
    link = await radio.connect(address, hearing.hear, expected);
    await pair(link, before, learned);
    const model = before?.model ?? (await readModel(link));
    // whoever has to read its frames in a later life needs the model
    if (model !== before?.model) notes.note(address, { model });
    learned.battery = (await readBattery(link)) ?? before?.battery;
    const on = { ...deps, link, hearing, notes, quit, zone, device: address, clockIsWrong };
    const spoken = listenedTo((service, characteristic) => link!.has(sigUuid(service), sigUuid(characteristic)));
    time = await openClock(on, spoken);
    hearing.know({ ...(model ? { model } : {}), ...(time ? { comparison: time.comparison() } : {}) });
    try {
      for (const { profile } of spoken) await readKept(link, profile, clock, hearing.hear);
    } catch (fault) {
      // asked again and again, it does not say what its records hang on
      if (!isGone(fault)) learned.trouble = 'memory-refused';
      throw fault;
    }
    hearing.open();
    if (!spoken.some(keepsRecords)) await time?.setIfBehind();
    await beLetIn(on, spoken, time);
    for (const { profile, measurements } of spoken)
      for (const { characteristic } of measurements)
        await link.subscribe(sigUuid(profile.service), sigUuid(characteristic));
    const isEmptied = await fetchAll(on, spoken);
    if (isEmptied && time?.wantsSetting() && (spoken.every(keepsRecords) || (await isQuiet(on))))
      await time.setIfWrong();
    ({ end, backAfterMs } = await listen(on, spoken, streams, { streamEveryMs, ...(stays ? { stays } : {}) }));
  } catch (fault) {
    end = fault instanceof RadioFault ? fault.code : 'fault';
    log.debug('the visit broke off', faultDetails(fault));
  }
  const paired = link?.paired() ?? false;
  await link?.disconnect().catch(() => {});
  await hearing.close(quit);
  const { heard } = hearing.counts;
  if (link)
    try {
      if (heard > 0 && notes.of(address)?.trouble === 'pairing-refused') learned.trouble = undefined;
      if (time) learned.clockOffsetMs = time.aheadMs();
      notes.note(address, { ...learned, heardAt: clock.now() });
    } catch (fault) {
      log.warn('the device could not be noted', faultDetails(fault));
    }
  const readings = hearing.counts.readings + streams.counts.readings;
  const aside = hearing.counts.aside + streams.counts.aside;
  return { heard, readings, aside, end, paired, ...(backAfterMs === undefined ? {} : { backAfterMs }) };
}

const expected: Expects = (has) =>
  listenedTo((service, characteristic) => has(sigUuid(service), sigUuid(characteristic))).flatMap(
    ({ profile, measurements }) =>
      measurements.map(({ characteristic }) => ({
        service: sigUuid(profile.service),
        characteristic: sigUuid(characteristic),
      })),
  );

type Learned = Partial<Omit<DeviceNote, 'device'>>;

/** What is at hand once the device is reached. */
type On = VisitDeps & {
  link: Link;
  hearing: Hearing;
  notes: DeviceNotes;
  quit: AbortSignal;
  zone: string;
  device: string;
  clockIsWrong: () => boolean;
};

/** One that refused before, because it knows no pairing at all, is not asked again. */
async function pair(link: Link, before: DeviceNote | undefined, learned: Learned): Promise<void> {
  if (before?.refusesPairing && !link.paired()) return;
  try {
    await link.pair();
    learned.refusesPairing = undefined;
  } catch (fault) {
    if (fault instanceof RadioFault && fault.code === 'pairing-refused')
      Object.assign(learned, { refusesPairing: true, trouble: 'pairing-refused' });
    throw fault;
  }
}

const keepsRecords = ({ profile }: Spoken[number]): boolean => profile.records !== undefined;

/** Scales with several users speak only to one who was let in; where nobody can be, the visit goes on without. */
async function beLetIn(on: On, spoken: Spoken, time: DeviceClock | undefined): Promise<void> {
  const wanted = spoken.map(({ profile }) => profile.consent).find((consent) => consent !== undefined);
  if (!wanted || !on.link.has(sigUuid(wanted.service), sigUuid(wanted.characteristic))) return;
  if (wanted.clockFirst) await time?.write();
  await giveConsent(on, on.device, wanted);
}

/** @returns whether nothing is left in a memory that would have to be asked. */
async function fetchAll(on: On, spoken: Spoken): Promise<boolean> {
  let isEmptied = true;
  for (const { profile } of spoken) {
    const { records, service } = profile;
    if (!records || !on.link.has(sigUuid(service), sigUuid(records.characteristic))) continue;
    await on.link.subscribe(sigUuid(service), sigUuid(records.characteristic));
    const { end, why } = await fetchRecords(on, on.device, profile, records);
    if (end !== 'complete') {
      isEmptied = false;
      on.log.warn('the memory of a device was not fetched to its end', { device: on.device, why });
    }
    const trouble = on.notes.of(on.device)?.trouble;
    if (end === 'refused') on.notes.note(on.device, { trouble: 'memory-refused' });
    else if (trouble === 'memory-refused') on.notes.note(on.device, { trouble: undefined });
  }
  return isEmptied;
}

/** What sends by itself has sent what it held. */
async function isQuiet({ clock, link, hearing, quit }: On): Promise<boolean> {
  const until = clock.elapsed() + visitLimits.idleMs;
  const quietInMs = () => hearing.lastWordAt() + clockLimits.quietMs - clock.elapsed();
  await stay({ clock, link, quit }, () => Math.min(quietInMs(), until - clock.elapsed()));
  return quietInMs() <= 0 && !quit.aborted;
}
