import { mgPerDlInOneMmolPerL } from '#domain/glucose-unit.ts';
import { type Link, uuid16 } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { dateTimeCharacteristic } from './clock-services.ts';
import type { DeviceClockConfig } from './device-clock.ts';
import { type Special, u16 } from './frames/fields.ts';
import {
  type ContextFrame,
  encodeGlucose,
  encodeGlucoseContext,
  type GlucoseUnit,
  type MeterStatus,
  type SampleLocation,
  type SampleType,
} from './frames/glucose.ts';
import { createHousing, type HousingConfig, isEncrypted } from './housing.ts';
import { likely, whole } from './likely.ts';
import { createMeterClock } from './meter-clock.ts';
import type { Simulated, Told } from './peripheral.ts';
import { createRecordAccess, type MemoryRecord, type RecordAccessManners } from './racp-server.ts';

/**
 * A glucose meter with the standard Glucose profile, and the manners of real ones (Accu-Chek Guide for most): speaks only when asked at its
 * Record Access Control Point; keeps everything it has told; numbers its records, and begins anew when the battery was out; hangs up
 * when nobody asks it anything for a while.
 */
export interface GlucoseMeter extends Simulated {
  measure(measurement: GlucoseMeasurement): Told;
  /** What it holds, oldest first. */
  memory(): readonly Told[];
  /** The battery falls out and is put in again: numbers begin at 1 and the clock at its maker's date; the memory stays. */
  changeBattery(): void;
  /** The user clears it. The next record has the next number, unless the battery goes too. */
  clearMemory(): void;
  /** The user moves the clock on the display. */
  moveClock(minutes: number): void;
  setBattery(percent: number): void;
}

export type GlucoseMeasurement = {
  /** mg/dL, whatever the meter sends. Absent: the record has no concentration. */
  mgPerDl?: number | Special;
  type?: SampleType;
  location?: SampleLocation;
  status?: readonly MeterStatus[];
  /** A context follows the record. */
  context?: Omit<ContextFrame, 'sequence'>;
  /** It says that a context follows, and none does. */
  promisesContext?: boolean;
};

export type GlucoseMeterConfig = HousingConfig &
  DeviceClockConfig & {
    unit?: GlucoseUnit;
    /** Of the first record. */
    firstSequence?: number;
    /** Records; the oldest goes when it is full. */
    holds?: number;
    /** It is heard for so long after a measurement or a press on its button. */
    advertisesForMs?: number;
    /** Nobody asked anything for so long: it hangs up. About 5 s is usual. */
    patienceMs?: number;
    /** Between two records. */
    betweenMs?: number;
    /** TaiDoc meters have no clock that can be read. */
    hidesClock?: boolean;
    manners?: Omit<RecordAccessManners, 'encrypted' | 'mustHear'>;
  };

export const glucoseService = uuid16(0x1808);
export const glucoseMeasurement = uuid16(0x2a18);
export const glucoseContext = uuid16(0x2a34);
export const glucoseFeature = uuid16(0x2a51);
/** Generic Glucose Meter, Bluetooth SIG Assigned Numbers 2.6. */
const appearance = 0x0400;
/** Low battery, malfunction, sample size, strip insertion and type, high and low, temperature, interruption, device and time fault. */
const features = 0b11_1111_1111;
/** From an Accu-Chek Guide's 720. */
const usualMemory = 720;

type KeptRecord = MemoryRecord & { frame: Buffer; context?: Buffer; told: Told };

export function createGlucoseMeter(bluez: SimulatedBluez, config: GlucoseMeterConfig): GlucoseMeter {
  const { clock } = bluez;
  const { unit = 'mg/dL', holds = usualMemory, advertisesForMs = 30_000, patienceMs = 5_000, betweenMs = 15 } = config;
  const encrypted = isEncrypted(config);
  const meterClock = createMeterClock(clock, config);
  let records: KeptRecord[] = [];
  let nextSequence = config.firstSequence ?? 1;
  const untold = new Set<KeptRecord>();
  let handedOver: Told[] = [];
  let awakeUntil = 0;
  let stopWaiting = () => {};

  const losePatience = (link: Link) => {
    stopWaiting();
    stopWaiting = clock.after(patienceMs, () => link.disconnect());
  };

  const access = createRecordAccess<KeptRecord>(
    { clock, onUse: losePatience },
    {
      records: () => records,
      report,
      remove: (gone) => {
        records = records.filter((one) => !gone.includes(one));
        for (const one of gone) untold.delete(one);
      },
    },
    { ...config.manners, encrypted, mustHear: [glucoseMeasurement] },
  );

  const notified = (uuid: string) => ({ uuid, flags: ['notify'] as const, encrypted, onSubscribe: losePatience });
  const housing = createHousing(bluez, config, {
    model: 'SIM-GM1',
    appearance,
    advertises: [glucoseService],
    services: [
      {
        uuid: glucoseService,
        characteristics: [
          notified(glucoseMeasurement),
          notified(glucoseContext),
          { uuid: glucoseFeature, flags: ['read'], encrypted, read: () => u16(features) },
          access.characteristic,
          ...(config.hidesClock ? [] : [dateTimeCharacteristic(meterClock, { encrypted, written: losePatience })]),
        ],
      },
    ],
    onConnect: losePatience,
    onDisconnect: () => {
      stopWaiting();
      access.linkLost();
      const leftMs = awakeUntil - clock.now();
      if (untold.size > 0 && leftMs > 0) peripheral.startAdvertising(leftMs);
    },
  });
  const { peripheral } = housing;

  async function report(chosen: readonly KeptRecord[], link: Link, quit: () => boolean): Promise<boolean> {
    for (const one of chosen) {
      if (quit()) return false;
      losePatience(link);
      if (!link.notify(glucoseMeasurement, one.frame)) return false;
      // a gateway that does not listen for contexts has been told all it wants to know
      if (one.context && link.isSubscribed(glucoseContext) && !link.notify(glucoseContext, one.context)) return false;
      untold.delete(one);
      handedOver.push(one.told);
      await clock.sleep(betweenMs);
    }
    return peripheral.link() === link && !quit();
  }

  function measure(measurement: GlucoseMeasurement): Told {
    const sequence = nextSequence;
    nextSequence = (nextSequence + 1) & 0xffff;
    const { mgPerDl, context, type, location, status } = measurement;
    const frame = encodeGlucose({
      sequence,
      baseTime: meterClock.baseTime(),
      offsetMinutes: meterClock.offsetMinutes(),
      concentration: mgPerDl === undefined ? undefined : { value: inUnit(mgPerDl, unit), unit },
      type,
      location,
      status,
      contextFollows: context !== undefined || measurement.promisesContext,
    });
    const contextFrame = context && encodeGlucoseContext({ sequence, ...context });
    const frames = [frame, contextFrame].flatMap((one) => one?.toString('hex') ?? []);
    const told: Told = {
      frames,
      becomes: isNumber(measurement) ? 'reading' : 'aside',
      sequence,
      additions: frames.length - 1,
    };
    const record: KeptRecord = { number: sequence, userTime: meterClock.now(), frame, context: contextFrame, told };
    records = [...records, record].slice(-holds);
    untold.add(record);
    for (const one of untold) if (!records.includes(one)) untold.delete(one);
    wake();
    return told;
  }

  function wake() {
    awakeUntil = clock.now() + advertisesForMs;
    if (!peripheral.link()) peripheral.startAdvertising(advertisesForMs);
  }

  return {
    address: config.address,
    profile: 'glucose',
    measure,
    use: (random) =>
      measure({
        mgPerDl: whole(random, 60, 280),
        type: 'capillary-whole-blood',
        location: 'finger',
        status: [],
        ...(likely(random, 0.3) ? { context: { meal: likely(random, 0.5) ? 'before-meal' : 'after-meal' } } : {}),
      }),
    wake,
    memory: () => records.map(({ told }) => told),
    pending: () => untold.size,
    takeHandedOver: () => {
      const taken = handedOver;
      handedOver = [];
      return taken;
    },
    changeBattery: () => {
      nextSequence = 1;
      meterClock.lose();
      peripheral.vanish();
    },
    clearMemory: () => {
      records = [];
      untold.clear();
    },
    moveClock: meterClock.moveBy,
    setBattery: housing.setBattery,
    vanish: () => {
      awakeUntil = 0;
      peripheral.vanish();
    },
    remove: () => {
      awakeUntil = 0;
      stopWaiting();
      housing.remove();
    },
  };
}

const inUnit = (mgPerDl: number | Special, unit: GlucoseUnit): number | Special =>
  typeof mgPerDl !== 'number' || unit === 'mg/dL' ? mgPerDl : mgPerDl / mgPerDlInOneMmolPerL;

/** A number, or a limit that stands for one: beyond its range a meter sends an infinity or says so in the status. */
const isNumber = ({ mgPerDl, status = [] }: GlucoseMeasurement): boolean =>
  typeof mgPerDl === 'number' ||
  mgPerDl === 'infinity' ||
  mgPerDl === 'minusInfinity' ||
  status.includes('result-high') !== status.includes('result-low');
