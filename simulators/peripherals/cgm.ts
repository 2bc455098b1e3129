import { type Characteristic, type Link, uuid16 } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { AttFault, att } from '../bluez/faults.ts';
import { createSensorSettings, type SensorSettings, specificOpsPoint } from './cgm-ops-server.ts';
import {
  crc,
  encodeCgmFeature,
  encodeCgmRecord,
  encodeCgmStatus,
  encodeRunTime,
  encodeSessionStart,
  type SensorStatus,
} from './frames/cgm.ts';
import { decodeDateTime, type Special } from './frames/fields.ts';
import { sampleOf } from './frames/glucose.ts';
import { createHousing, type HousingConfig, isEncrypted } from './housing.ts';
import { whole } from './likely.ts';
import type { Simulated, Told } from './peripheral.ts';
import { createRecordAccess, type MemoryRecord, type RecordAccessManners } from './racp-server.ts';

/**
 * A continuous glucose sensor with the standard CGM profile, and the manners of real ones (Accu-Chek SmartGuide for most): measures at its
 * interval whether or not anybody hears it; notifies at once whoever listens, and keeps everything for those who ask later by offset; is heard for a
 * while after each measurement; counts minutes from the start of its session, which is written once.
 */
export interface ContinuousGlucoseMonitor extends Simulated {
  /** A record at this offset; else one interval after the last. */
  measure(measurement: SensorMeasurement): Told;
  /** Measures by itself at every interval from now on; what it measures is asked each time. */
  run(next: () => SensorMeasurement): void;
  /** No signal for so long: the offsets go on and no record is made. Minutes of the session. */
  loseSignal(minutes: number): void;
  memory(): readonly Told[];
  settings(): SensorSettings;
  setBattery(percent: number): void;
}

export type SensorMeasurement = {
  /** mg/dL */
  glucose: number | Special;
  offsetMinutes?: number;
  status?: readonly SensorStatus[];
  /** mg/dL per minute. */
  trend?: number;
  /** Percent. */
  quality?: number;
};

export type ContinuousGlucoseMonitorConfig = HousingConfig & {
  e2eCrc?: boolean;
  /** The session began so long ago; a week, unless said, so that there is room for what it measures without `run`. */
  startedMinutesAgo?: number;
  /** Instead: nobody has written when its session began. */
  notStarted?: boolean;
  /** How its wall clock stands to UTC: the session's start says so. Whole quarters of an hour. */
  zoneMinutes?: number;
  intervalMinutes?: number;
  /** How long a minute of the session lasts; shorter where hours must pass quickly. */
  minuteMs?: number;
  runTimeHours?: number;
  /** For so long after its start a sensor measures nothing. Minutes. */
  warmsUpFor?: number;
  /** Wants to be calibrated: says so in every record until it was. */
  wantsCalibration?: boolean;
  /** Records in one notification at most; as many as fit into it are sent. */
  packs?: number;
  holds?: number;
  advertisesForMs?: number;
  /** Nobody asked anything, nor listens, for so long: it hangs up. */
  patienceMs?: number;
  betweenMs?: number;
  manners?: Omit<RecordAccessManners, 'encrypted' | 'mustHear'>;
};

export const cgmService = uuid16(0x181f);
export const cgmMeasurement = uuid16(0x2aa7);
export const cgmFeature = uuid16(0x2aa8);
export const cgmStatus = uuid16(0x2aa9);
export const cgmSessionStart = uuid16(0x2aaa);
export const cgmSessionRunTime = uuid16(0x2aab);
/** Continuous Glucose Monitor, Bluetooth SIG Assigned Numbers 2.6. */
const appearance = 0x0d00;
/** Calibration, patient high and low, hypo and hyper, result high and low, trend, quality. */
const features = 0b1_1000_0001_0000_1111;
/** ATT errors of the CGM service. */
const missingCrc = 0x80;
const invalidCrc = 0x81;
/** Two weeks of one record every five minutes. */
const usualMemory = 4032;
const weekMinutes = 7 * 24 * 60;

type KeptRecord = MemoryRecord & { frame: Buffer; told: Told };

export function createContinuousGlucoseMonitor(
  bluez: SimulatedBluez,
  config: ContinuousGlucoseMonitorConfig,
): ContinuousGlucoseMonitor {
  const { clock } = bluez;
  const { e2eCrc = false, minuteMs = 60_000, zoneMinutes = 0, packs = 3, holds = usualMemory } = config;
  const { advertisesForMs = 30_000, patienceMs = 10_000, betweenMs = 15, warmsUpFor = 0 } = config;
  const encrypted = isEncrypted(config);
  const settings = createSensorSettings({ clock, e2eCrc, intervalMinutes: config.intervalMinutes ?? 5, encrypted });
  /** ms since 1970, by the clock of the simulation. */
  let startedAt = config.notStarted ? undefined : clock.now() - (config.startedMinutesAgo ?? weekMinutes) * 60_000;
  let startFrame = startedAt === undefined ? undefined : frameOfStart(startedAt);
  let lastOffset = 0;
  let records: KeptRecord[] = [];
  const untold = new Set<KeptRecord>();
  let handedOver: Told[] = [];
  let awakeUntil = 0;
  let stopWaiting = () => {};
  let stopRunning = () => {};

  /** Whoever listens to the measurements is let stay. */
  const losePatience = (link: Link) => {
    stopWaiting();
    stopWaiting = clock.after(patienceMs, () => {
      if (!link.isSubscribed(cgmMeasurement)) link.disconnect();
    });
  };
  const access = createRecordAccess<KeptRecord>(
    { clock, onUse: losePatience },
    { records: () => records, report, remove: (gone) => forget(gone) },
    { ...config.manners, encrypted, mustHear: [cgmMeasurement] },
  );

  const readable = (uuid: string, read: () => Buffer): Characteristic => ({ uuid, flags: ['read'], encrypted, read });
  const housing = createHousing(bluez, config, {
    model: 'SIM-CGM1',
    appearance,
    advertises: [cgmService],
    services: [
      {
        uuid: cgmService,
        characteristics: [
          { uuid: cgmMeasurement, flags: ['notify'], encrypted, onSubscribe: losePatience },
          readable(cgmFeature, () =>
            encodeCgmFeature(features, sampleOf('interstitial-fluid', 'subcutaneous'), e2eCrc),
          ),
          readable(cgmStatus, () => encodeCgmStatus(lastOffset, statusNow(lastOffset), e2eCrc)),
          {
            ...readable(cgmSessionStart, () => startFrame ?? encodeSessionStart(unknownStart, e2eCrc)),
            flags: ['read', 'write'],
            write: writeStart,
          },
          readable(cgmSessionRunTime, () => encodeRunTime(config.runTimeHours ?? 14 * 24, e2eCrc)),
          access.characteristic,
          { ...settings.characteristic, uuid: specificOpsPoint },
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

  function frameOfStart(ms: number): Buffer {
    const time = new Date(ms + zoneMinutes * 60_000).toISOString().slice(0, 19);
    return encodeSessionStart({ time, zoneMinutes, daylightSaving: 0 }, e2eCrc);
  }

  /** Once, and never again in this session. */
  function writeStart(given: Buffer) {
    if (startFrame) throw new AttFault(att.writeNotPermitted);
    if (e2eCrc && given.length === 9) throw new AttFault(missingCrc);
    if (given.length !== (e2eCrc ? 11 : 9)) throw new AttFault(att.invalidLength);
    if (e2eCrc && given.readUInt16LE(9) !== crc(given.subarray(0, 9))) throw new AttFault(invalidCrc);
    startFrame = Buffer.from(given);
    const quarters = given.readInt8(7) + (daylightSavingQuarters[given[8]!] ?? 0);
    startedAt = Date.parse(`${decodeDateTime(given)}Z`) - quarters * 15 * 60_000;
    lastOffset = 0;
  }

  function statusNow(offsetMinutes: number): SensorStatus[] {
    if (startedAt === undefined) return ['session-stopped', 'time-sync-required'];
    if (settings.isStopped()) return ['session-stopped'];
    if (offsetMinutes < warmsUpFor) return ['calibration-not-allowed'];
    return config.wantsCalibration && !settings.isCalibrated() ? ['calibration-required'] : [];
  }

  function measure(measurement: SensorMeasurement): Told {
    const offsetMinutes = measurement.offsetMinutes ?? lastOffset + settings.intervalMinutes();
    lastOffset = Math.max(lastOffset, offsetMinutes);
    const isWarm = offsetMinutes >= warmsUpFor;
    const glucose = isWarm ? measurement.glucose : 'nan';
    const status = [...new Set([...(measurement.status ?? []), ...statusNow(offsetMinutes)])];
    const frame = encodeCgmRecord({ ...measurement, glucose, offsetMinutes, status }, e2eCrc);
    const isTold = typeof glucose === 'number' || glucose === 'infinity' || glucose === 'minusInfinity';
    const told: Told = {
      frames: [frame.toString('hex')],
      becomes: isTold ? 'reading' : 'aside',
      sequence: offsetMinutes,
    };
    const record: KeptRecord = { number: offsetMinutes, frame, told };
    records = [...records, record].slice(-holds);
    untold.add(record);
    for (const one of untold) if (!records.includes(one)) untold.delete(one);
    const link = peripheral.link();
    // in the middle of a report it would come out of turn; whoever asks is told it with the rest
    if (link?.isSubscribed(cgmMeasurement) && !access.isBusy()) tell([record], link);
    else wake();
    return told;
  }

  function tell(some: readonly KeptRecord[], link: Link): boolean {
    if (!link.notify(cgmMeasurement, Buffer.concat(some.map(({ frame }) => frame)))) return false;
    for (const one of some) {
      untold.delete(one);
      handedOver.push(one.told);
    }
    return true;
  }

  async function report(chosen: readonly KeptRecord[], link: Link, quit: () => boolean): Promise<boolean> {
    for (const some of packets(chosen)) {
      if (quit() || !tell(some, link)) return false;
      losePatience(link);
      await clock.sleep(betweenMs);
    }
    return peripheral.link() === link && !quit();
  }

  function packets(chosen: readonly KeptRecord[]): KeptRecord[][] {
    const all: KeptRecord[][] = [];
    let bytes = 0;
    for (const one of chosen) {
      const current = all.at(-1);
      if (!current || current.length >= packs || bytes + one.frame.length > payload) {
        all.push([one]);
        bytes = one.frame.length;
      } else {
        current.push(one);
        bytes += one.frame.length;
      }
    }
    return all;
  }

  function forget(gone: readonly KeptRecord[]) {
    records = records.filter((one) => !gone.includes(one));
    for (const one of gone) untold.delete(one);
  }

  function wake() {
    awakeUntil = clock.now() + advertisesForMs;
    if (!peripheral.link()) peripheral.startAdvertising(advertisesForMs);
  }

  return {
    address: config.address,
    profile: 'continuous-glucose',
    measure,
    use: (random) => measure({ glucose: whole(random, 60, 280), trend: whole(random, -20, 20) / 10 }),
    run: (next) => {
      stopRunning();
      stopRunning = clock.every(settings.intervalMinutes() * minuteMs, () => {
        if (startedAt !== undefined && !settings.isStopped()) measure(next());
      });
    },
    loseSignal: (minutes) => {
      lastOffset += minutes;
    },
    wake,
    memory: () => records.map(({ told }) => told),
    settings: () => settings,
    pending: () => untold.size,
    takeHandedOver: () => {
      const taken = handedOver;
      handedOver = [];
      return taken;
    },
    setBattery: housing.setBattery,
    vanish: () => {
      awakeUntil = 0;
      peripheral.vanish();
    },
    remove: () => {
      awakeUntil = 0;
      stopWaiting();
      stopRunning();
      housing.remove();
    },
  };
}

/** What a notification holds at the usual MTU. */
const payload = 20;
const unknownStart = { time: '0000-00-00T00:00:00', zoneMinutes: -128 * 15, daylightSaving: 0 } as const;
/** DST Offset 0x2A0D to quarters of an hour. */
const daylightSavingQuarters: { [code: number]: number } = { 2: 2, 4: 4, 8: 8 };
