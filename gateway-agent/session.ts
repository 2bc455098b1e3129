import { type Clock, within } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Random } from '#runtime/random.ts';
import { type HeardFrame, interpret, type NewReading, type Verdict } from './interpret.ts';
import type { Outbox } from './outbox.ts';
import { listenedTo, profiles } from './profiles/catalogue.ts';
import type { Measured, Profile } from './profiles/profile.ts';
import { type Heard, type Link, type Radio, RadioFault } from './radio.ts';
import { type Comparison, liveWithinMs } from './timing.ts';
import { sigUuid } from './uuid.ts';

/**
 * One visit to a device that has just advertised: connect, pair if need be, ask for its name, battery and clock, subscribe, and listen until it
 * hangs up. Each value is on disk before anything else is done with it. Ends by itself within `sessionLimits.wholeMs`, and rejects never:
 * whatever goes wrong is in the report, and what was heard before that is kept.
 */
export type VisitReport = {
  /** Frames heard. */
  heard: number;
  /** New readings, on their way to the server. */
  readings: number;
  aside: number;
  /** How it ended: by whom, or the code of what went wrong. */
  end: string;
};

export type VisitDeps = { radio: Radio; outbox: Outbox; clock: Clock; random: Random; log: Log };

export const sessionLimits = {
  /** A&D cuffs switch off about a minute into a connection; whoever stays longer keeps others waiting. */
  wholeMs: 60_000,
  /** Nothing said for so long: it has said everything and does not hang up by itself. */
  idleMs: 20_000,
  /** Frames held in memory while the disk refuses them; a cuff's memory holds a hundred or two. */
  unkept: 500,
  keepAgainMs: 1_000,
} as const;

const dis = sigUuid(0x180a);
const modelNumber = sigUuid(0x2a24);
const batteryService = sigUuid(0x180f);
const batteryLevel = sigUuid(0x2a19);

/** @param zone IANA name. @param kept is called after each reading that came into the outbox. @param quit ends the visit early. */
export async function visit(
  { radio, outbox, clock, random, log }: VisitDeps,
  address: string,
  { zone, kept, quit }: { zone: string; kept: () => void; quit: AbortSignal },
): Promise<VisitReport> {
  const name = random.uuid();
  const before = outbox.notes.of(address);
  let { model, battery } = before ?? {};
  let refusesPairing = before?.refusesPairing ?? false;
  let comparison: Comparison | undefined;
  let ready = false;
  let lastWordAt = clock.now();
  const frames: HeardFrame[] = [];
  const unkept: Heard[] = [];
  const told: Told = new Map();
  const report: VisitReport = { heard: 0, readings: 0, aside: 0, end: 'device' };

  const hear = (value: Heard) => {
    lastWordAt = clock.now();
    report.heard++;
    unkept.push(value);
    if (unkept.length > sessionLimits.unkept) {
      unkept.shift();
      log.error('a reading was lost: the disk refuses it and the memory for such is full');
    }
    keep();
    if (ready) settle(false);
  };

  /** False while the disk refuses. */
  const keep = (): boolean => {
    try {
      for (let value = unkept[0]; value; value = unkept[0]) {
        const frame = frameOf(value, name, address, model, comparison);
        if (frame) frames.push(outbox.hear(frame));
        unkept.shift();
      }
      return true;
    } catch (fault) {
      log.error('a frame could not be kept, trying again', faultDetails(fault));
      return false;
    }
  };

  const settle = (over: boolean) => {
    // those heard before name and clock were known have them now
    const known = frames.map((frame) => ({
      ...frame,
      ...(model ? { model } : {}),
      ...(comparison ? { comparison } : {}),
    }));
    try {
      const { readings, aside } = settleFrames(outbox, known, over, zone, told);
      report.readings += readings;
      report.aside += aside;
      if (readings > 0) kept();
    } catch (fault) {
      log.error('frames could not be settled, they stay on disk', faultDetails(fault));
    }
  };

  const note = () => {
    try {
      outbox.notes.note(address, { model, battery, heardAt: clock.now(), refusesPairing });
    } catch (fault) {
      log.warn('the device could not be noted', faultDetails(fault));
    }
  };

  let link: Link | undefined;
  try {
    link = await radio.connect(address, hear);
    if (!(refusesPairing && !link.paired()))
      await link.pair().catch((fault) => {
        refusesPairing = fault instanceof RadioFault && fault.code === 'pairing-refused';
        throw fault;
      });
    model ??= await readText(link, dis, modelNumber);
    battery = (await readBattery(link)) ?? battery;
    const spoken = listenedTo((service, characteristic) => link!.has(sigUuid(service), sigUuid(characteristic)));
    comparison = await readClock(
      link,
      spoken.map(({ profile }) => profile),
      clock,
    );
    // whoever has to read its frames in a later life needs the model
    if (model !== before?.model) note();
    ready = true;
    settle(false);
    for (const { profile, characteristics } of spoken)
      for (const characteristic of characteristics)
        await link.subscribe(sigUuid(profile.service), sigUuid(characteristic));
    report.end = await untilSilent(clock, link, () => lastWordAt, quit);
  } catch (fault) {
    report.end = fault instanceof RadioFault ? fault.code : 'fault';
    log.debug('the visit broke off', faultDetails(fault));
  }
  await link?.disconnect().catch(() => {});
  ready = false;
  while (!keep() && !quit.aborted) await clock.sleep(sessionLimits.keepAgainMs, quit).catch(() => {});
  settle(true);
  if (link) note();
  return report;
}

/** Frames of the visit that are settled already, by their number, and as what. */
export type Told = Map<number, Verdict['is']>;

/** Settles what can be told. @param told grows. */
export function settleFrames(
  outbox: Outbox,
  frames: readonly HeardFrame[],
  over: boolean,
  zone: string,
  told: Told = new Map(),
): { readings: number; aside: number } {
  // what this very visit brought is in the outbox by now, and is new all the same
  const known = (frame: HeardFrame, measured: Measured) =>
    told.has(frame.n) ? told.get(frame.n) === 'again' : isKnown(outbox, frame, measured);
  let readings = 0;
  let aside = 0;
  for (const [index, verdicts] of interpret(frames, over, known, zone).entries()) {
    const frame = frames[index]!;
    if (!verdicts || told.has(frame.n)) continue;
    outbox.settle(frame, ...verdicts);
    const count = (is: Verdict['is']) => verdicts.filter((verdict) => verdict.is === is).length;
    told.set(frame.n, count('reading') > 0 ? 'reading' : verdicts[0]!.is);
    readings += count('reading');
    aside += count('aside');
  }
  return { readings, aside };
}

function isKnown(outbox: Outbox, frame: HeardFrame, measured: Measured): boolean {
  // without a time of its own, two equal measurements look like one told twice: so only within minutes are they taken for that
  if (measured.deviceTime === undefined) return outbox.knowsFrame(frame, frame.heardAt - liveWithinMs);
  return outbox.knows({ device: frame.device, ...measured } as NewReading);
}

function frameOf(
  { service, characteristic, bytes, at }: Heard,
  visitName: string,
  device: string,
  model: string | undefined,
  comparison: Comparison | undefined,
): Omit<HeardFrame, 'n'> | undefined {
  for (const profile of profiles)
    for (const measurement of profile.measurements)
      if (sigUuid(profile.service) === service && sigUuid(measurement.characteristic) === characteristic)
        return {
          visit: visitName,
          device,
          profile: profile.name,
          characteristic: measurement.characteristic,
          ...(model ? { model } : {}),
          ...(comparison ? { comparison } : {}),
          heardAt: at,
          bytes,
        };
  return undefined;
}

/** Resolves when the device hung up, has said nothing for long, or the visit has taken too long. */
async function untilSilent(clock: Clock, link: Link, lastWordAt: () => number, quit: AbortSignal): Promise<string> {
  const startedAt = clock.now();
  const { promise: quitted, resolve } = Promise.withResolvers<string>();
  const leave = () => resolve('gateway');
  quit.addEventListener('abort', leave);
  try {
    for (;;) {
      const now = clock.now();
      const idleMs = now - Math.max(lastWordAt(), startedAt);
      const leftMs = Math.min(sessionLimits.wholeMs - (now - startedAt), sessionLimits.idleMs - idleMs);
      if (leftMs <= 0 || quit.aborted) return 'gateway';
      const end = Promise.race([link.ended, quitted]);
      const how = await within(clock, leftMs, end, () => new Error('late')).catch(() => undefined);
      if (how) return how;
    }
  } finally {
    quit.removeEventListener('abort', leave);
  }
}

/** A fault of one question is no answer; a lost link ends the visit. */
async function ask<T>(link: Link, service: string, characteristic: string, read: (bytes: Buffer) => T | undefined) {
  if (!link.has(service, characteristic)) return undefined;
  try {
    return read(await link.read(service, characteristic));
  } catch (fault) {
    if (fault instanceof RadioFault && ['link-lost', 'radio-away'].includes(fault.code)) throw fault;
    return undefined;
  }
}

const readText = (link: Link, service: string, characteristic: string) =>
  ask(link, service, characteristic, (bytes) => {
    const text = bytes.toString('utf8').replaceAll('\0', '').trim().slice(0, 64);
    return text === '' ? undefined : text;
  });

const readBattery = (link: Link) =>
  ask(link, batteryService, batteryLevel, (bytes) => (bytes.length === 1 && bytes[0]! <= 100 ? bytes[0] : undefined));

async function readClock(link: Link, spoken: readonly Profile[], clock: Clock): Promise<Comparison | undefined> {
  for (const { service, characteristic, decode } of spoken.flatMap((profile) => profile.clocks)) {
    const time = await ask(link, sigUuid(service), sigUuid(characteristic), decode);
    if (time !== undefined) return { time, at: clock.now() };
  }
  return undefined;
}
