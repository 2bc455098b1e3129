import { type Link, type PairingManner, type Peripheral, uuid16 } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { AttFault, att } from '../bluez/faults.ts';
import { batteryService, deviceInformation } from './common-services.ts';
import { createDeviceClock, type DeviceClockSetting } from './device-clock.ts';
import { type BloodPressureFrame, type CuffStatus, encodeBloodPressure } from './frames/blood-pressure.ts';

/**
 * A blood-pressure cuff with the standard Blood Pressure profile, and the manners of real ones (A&D UA-651BLE for most):
 * silent until it has measured; then advertises for a while; needs a bond; stores what it could not deliver; indicates the
 * oldest first once subscribed, one at a time; hangs up by itself; keeps its clock as Date Time in the Blood Pressure Service.
 */
export interface BloodPressureCuff {
  readonly address: string;
  /** Somebody has measured. mmHg, beats per minute. `empty` tells when it was delivered. */
  measure(measurement: Measurement): void;
  /** Puts frames of 0x2A35 into the memory as they are, byte for byte, and wakes the cuff. */
  replay(frames: readonly Buffer[]): void;
  /** The owner presses the transfer button: advertises without having measured. */
  wake(): void;
  /** Readings that no gateway has confirmed. */
  stored(): number;
  /** Resolves when every reading has been confirmed. */
  empty(): Promise<void>;
  setBattery(percent: number): void;
  /** Out of range in the middle of whatever it does. */
  vanish(): void;
  /** Taken out of the simulation. */
  remove(): void;
}

export type Measurement = {
  systolic: number;
  diastolic: number;
  mean?: number;
  pulse?: number;
  status?: readonly CuffStatus[];
  userSlot?: number;
};

export type BloodPressureCuffConfig = {
  /** The adapter that hears it, e.g. `hci0`. */
  adapter: string;
  /** Upper case with colons. */
  address: string;
  name?: string;
  manufacturer?: string;
  model?: string;
  serial?: string;
  firmware?: string;
  unit?: BloodPressureFrame['unit'];
  /** Percent. */
  battery?: number;
  /** How far its clock is ahead of UTC; a clock on Beijing time is 8 h ahead. */
  clockOffsetMs?: number;
  /** Instead: a clock that stands still and cannot be set, to replay captures with their own time. */
  clockFrozenAt?: string;
  /** Instead: a clock nobody has set, so frames carry no time until a gateway sets it. */
  clockNeverSet?: boolean;
  pairing?: PairingManner;
  passkey?: number;
  /** It is heard for so long after a measurement; 30 s is usual, A&D's about a minute. */
  advertisesForMs?: number;
  /** From the last confirmed reading to its hang-up. */
  hangsUpAfterMs?: number;
  /** A connection without a subscription ends after so long (A&D: about a minute). */
  patienceMs?: number;
  connectMs?: number;
  discoverMs?: number;
  pairMs?: number;
  rssi?: number;
};

export const bloodPressureService = uuid16(0x1810);
export const bloodPressureMeasurement = uuid16(0x2a35);
export const bloodPressureFeature = uuid16(0x2a49);
export const dateTime = uuid16(0x2a08);
/** Generic Blood Pressure, Bluetooth SIG Assigned Numbers 2.6. */
const appearance = 0x0380;
/** Body movement, cuff fit, irregular pulse, pulse range and position are detected; bit 5 says several bonds. */
const features = Buffer.from([0b11_1111, 0]);
/** A cuff's memory; the oldest goes when it is full. */
export const storedAtMost = 100;

export function createBloodPressureCuff(bluez: SimulatedBluez, config: BloodPressureCuffConfig): BloodPressureCuff {
  const { clock } = bluez;
  const advertisesForMs = config.advertisesForMs ?? 30_000;
  const hangsUpAfterMs = config.hangsUpAfterMs ?? 500;
  const patienceMs = config.patienceMs ?? 60_000;
  const pairing = config.pairing ?? 'just-works';
  const deviceClock = createDeviceClock(clock, clockSettingOf(config));
  let memory: Buffer[] = [];
  let battery = config.battery ?? 90;
  let awakeUntil = 0;
  let sending: Link | null = null;
  let stopWaiting = () => {};
  let waiters: (() => void)[] = [];

  const peripheral: Peripheral = bluez.addPeripheral(config.adapter, {
    address: config.address,
    name: config.name ?? 'SIM-BP2',
    appearance,
    advertises: [bloodPressureService],
    rssi: config.rssi,
    pairing,
    passkey: config.passkey,
    connectMs: config.connectMs ?? 60,
    discoverMs: config.discoverMs ?? 200,
    pairMs: config.pairMs ?? 150,
    services: [
      deviceInformation({
        manufacturer: config.manufacturer ?? 'Hearthbeat Simulated',
        model: config.model ?? 'SIM-BP2',
        serial: config.serial ?? config.address.replaceAll(':', ''),
        firmware: config.firmware ?? '1.0.0',
      }),
      batteryService(() => battery),
      {
        uuid: bloodPressureService,
        characteristics: [
          {
            uuid: bloodPressureMeasurement,
            flags: ['indicate'],
            encrypted: pairing !== 'none',
            onSubscribe: (link) => void deliver(link),
          },
          { uuid: bloodPressureFeature, flags: ['read'], read: () => features },
          {
            uuid: dateTime,
            flags: deviceClock.canBeSet ? ['read', 'write'] : ['read'],
            encrypted: pairing !== 'none',
            read: deviceClock.read,
            write: deviceClock.canBeSet ? setClock : undefined,
          },
        ],
      },
    ],
    onConnect: (link) => {
      stopWaiting = clock.after(patienceMs, () => link.disconnect());
    },
    onDisconnect: () => {
      stopWaiting();
      sending = null;
      // what was not confirmed is offered again while the cuff is still awake
      const leftMs = awakeUntil - clock.now();
      if (memory.length > 0 && leftMs > 0) peripheral.startAdvertising(leftMs);
    },
  });

  function setClock(bytes: Buffer) {
    if (bytes.length !== 7) throw new AttFault(att.invalidLength);
    deviceClock.write(bytes);
  }

  function store(frames: readonly Buffer[]) {
    memory = [...memory, ...frames].slice(-storedAtMost);
    wake();
  }

  function wake() {
    awakeUntil = clock.now() + advertisesForMs;
    const link = peripheral.link();
    if (!link) peripheral.startAdvertising(advertisesForMs);
    else if (link.isSubscribed(bloodPressureMeasurement)) void deliver(link);
  }

  /** One indication at a time, and a reading leaves the memory only when it was confirmed. */
  async function deliver(link: Link) {
    if (sending === link) return;
    sending = link;
    stopWaiting();
    while (memory.length > 0) {
      const frame = memory[0]!;
      if (!(await link.indicate(bloodPressureMeasurement, frame))) break;
      // measured meanwhile into a full memory, the oldest may have gone already
      if (memory[0] === frame) memory.shift();
    }
    if (sending === link) sending = null;
    if (memory.length === 0) tellEmpty();
    if (peripheral.link() !== link) return;
    stopWaiting();
    stopWaiting = clock.after(hangsUpAfterMs, () => {
      if (sending === null) link.disconnect();
    });
  }

  function tellEmpty() {
    for (const waiter of waiters) waiter();
    waiters = [];
  }

  return {
    address: config.address,
    measure: ({ systolic, diastolic, mean, pulse, status = [], userSlot }) => {
      const unit = config.unit ?? 'mmHg';
      const inUnit = (mmHg: number | undefined) => (mmHg === undefined || unit === 'mmHg' ? mmHg : mmHg / mmHgPerKPa);
      store([
        encodeBloodPressure({
          unit,
          systolic: inUnit(systolic)!,
          diastolic: inUnit(diastolic)!,
          mean: inUnit(mean),
          deviceTime: deviceClock.now(),
          pulse,
          userSlot,
          status,
        }),
      ]);
    },
    replay: store,
    wake,
    stored: () => memory.length,
    empty: () =>
      memory.length === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiters.push(resolve);
          }),
    setBattery: (percent) => {
      battery = percent;
    },
    vanish: () => {
      awakeUntil = 0;
      peripheral.vanish();
    },
    remove: () => {
      awakeUntil = 0;
      bluez.removePeripheral(config.adapter, peripheral);
    },
  };
}

/** NIST SP 811, table of conversion factors. */
const mmHgPerKPa = 7.50062;

function clockSettingOf(config: BloodPressureCuffConfig): DeviceClockSetting {
  if (config.clockFrozenAt !== undefined) return { frozenAt: config.clockFrozenAt };
  if (config.clockNeverSet) return 'never-set';
  return { offsetMs: config.clockOffsetMs ?? 0 };
}
