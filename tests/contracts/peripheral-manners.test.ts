import { Variant } from 'dbus-next';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock as clock } from '#runtime/clock.ts';
import { seededRandom } from '#runtime/random.ts';
import { createSimulatedBluez, type SimulatedBluez } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import {
  bloodPressureMeasurement,
  createBloodPressureCuff,
  intermediateCuffPressure,
} from '../../simulators/peripherals/blood-pressure-cuff.ts';
import { currentTime } from '../../simulators/peripherals/clock-services.ts';
import { continuousMeasurement, createContinuousOximeter } from '../../simulators/peripherals/continuous-oximeter.ts';
import {
  createHeartRateStrap,
  heartRateControlPoint,
  heartRateMeasurement,
} from '../../simulators/peripherals/heart-rate-strap.ts';
import { createPulseOximeter, spotCheckMeasurement } from '../../simulators/peripherals/pulse-oximeter.ts';
import {
  createThermometer,
  intermediateTemperature,
  temperatureMeasurement,
} from '../../simulators/peripherals/thermometer.ts';
import { userControlPoint } from '../../simulators/peripherals/user-data.ts';
import {
  bodyCompositionMeasurement,
  createWeightScale,
  weightMeasurement,
} from '../../simulators/peripherals/weight-scale.ts';
import { type BluezClient, changedTo, changes, connectToBluez } from '../support/bluez-client.ts';

/** What single devices do beyond what all do: each of it was seen on a real one, or stands in its specification. */
const characteristic1 = 'org.bluez.GattCharacteristic1';
const quick = { adapter: 'hci0', connectMs: 5, discoverMs: 10, pairMs: 5, hangsUpAfterMs: 400 };

let bus: Bus;
let bluez: SimulatedBluez;
let client: BluezClient;
let count = 0;

beforeAll(async () => {
  bus = await startBus();
  bluez = createSimulatedBluez(
    { clock, random: seededRandom(5) },
    {
      busAddress: bus.address,
      adapters: ['hci0'],
      advertisingIntervalMs: 40,
      temporaryTimeoutMs: 60_000,
      disconnectLingerMs: 5,
    },
  );
  await bluez.start();
  client = await connectToBluez(bus.address);
  await client.discover('hci0', []);
});
afterAll(async () => {
  client.close();
  await bluez.stop();
  await bus.stop();
});

const nextAddress = () => `C0:DE:00:01:00:${String(++count).padStart(2, '0')}`;

/** Connected, bonded, and talked to by UUID. */
async function meet({ address }: { address: string }) {
  const path = `/org/bluez/hci0/dev_${address.replaceAll(':', '_')}`;
  await client.until((one) => one.member === 'InterfacesAdded' && one.body[0] === path);
  await client.call(path, 'org.bluez.Device1', 'Connect');
  await client.call(path, 'org.bluez.Device1', 'Pair');
  await client.until(changedTo(path, 'ServicesResolved', true));
  const at = (uuid: string) => client.characteristic(path, uuid);
  const heardOn = (place: string) =>
    client.heard
      .filter((one) => one.body[0] === characteristic1 && changes(place, 'Value')(one))
      .map((one) => ((one.body[1] as Record<string, Variant>).Value!.value as Buffer).toString('hex'));
  return {
    path,
    write: async (uuid: string, bytes: number[]) =>
      client.call(await at(uuid), characteristic1, 'WriteValue', 'aya{sv}', [
        Buffer.from(bytes),
        { type: new Variant('s', 'request') },
      ]),
    listen: async (uuid: string) => client.call(await at(uuid), characteristic1, 'StartNotify'),
    heard: async (uuid: string) => heardOn(await at(uuid)),
    /** Resolves with what was heard when there are so many. */
    hears: async (uuid: string, many: number) => {
      const place = await at(uuid);
      await client.until(() => heardOn(place).length >= many);
      return heardOn(place);
    },
  };
}

const now = [0xea, 0x07, 11, 22, 14, 43, 44];

it('a scale lets nobody in before its clock was written, nor with a wrong code, and then tells its user and nobody else', async () => {
  const scale = createWeightScale(bluez, {
    ...quick,
    address: nextAddress(),
    users: [
      { index: 1, code: 2_520 },
      { index: 2, code: 7 },
    ],
  });
  scale.measure({ kg: 81.3, userSlot: 1 });
  scale.measure({ kg: 60.05, userSlot: 2 });
  const met = await meet(scale);
  const consent = [2, 1, 2_520 & 0xff, 2_520 >> 8];
  await expect(met.write(userControlPoint, consent)).rejects.toThrow(/ATT error: 0xfd/);
  await met.listen(userControlPoint);
  await met.listen(weightMeasurement);
  await met.write(userControlPoint, consent);
  await met.hears(userControlPoint, 1);
  await met.write(currentTime, [...now, 7, 0, 2]);
  await met.write(userControlPoint, [2, 1, 1, 0]);
  await met.hears(userControlPoint, 2);
  expect(await met.heard(weightMeasurement)).toEqual([]);
  await met.write(userControlPoint, consent);
  expect(await met.hears(userControlPoint, 3)).toEqual(['200204', '200205', '200201']);
  const told = await met.hears(weightMeasurement, 1);
  await client.until(changedTo(met.path, 'Connected', false));
  expect(told.map((frame) => Buffer.from(frame, 'hex').readUInt16LE(1) * 0.005)).toEqual([81.3]);
  expect(scale.pending()).toBe(1);
  scale.remove();
});

it('a scale takes a new user in, says which it is, and refuses what it does not know', async () => {
  const scale = createWeightScale(bluez, { ...quick, address: nextAddress(), users: [{ index: 1, code: 1 }] });
  scale.wake();
  const met = await meet(scale);
  await met.listen(userControlPoint);
  await met.write(userControlPoint, [1, 0x39, 0x05]);
  await met.hears(userControlPoint, 1);
  await met.write(userControlPoint, [1, 0x10, 0x27]);
  await met.hears(userControlPoint, 2);
  await met.write(userControlPoint, [9]);
  expect(await met.hears(userControlPoint, 3)).toEqual(['20010102', '200103', '200902']);
  expect(scale.users()).toEqual([
    { index: 1, code: 1 },
    { index: 2, code: 1_337 },
  ]);
  scale.remove();
});

it('a body composition scale sends zeros first, and two frames where one would not fit the link', async () => {
  const scale = createWeightScale(bluez, { ...quick, address: nextAddress(), composition: true });
  scale.measure({ kg: 79.96, fatPercent: 19.4, musclePercent: 40.7, impedanceOhm: 452, heightCm: 183, userSlot: 1 });
  const met = await meet(scale);
  await met.listen(weightMeasurement);
  await met.listen(bodyCompositionMeasurement);
  const [stub, first, second] = (await met.hears(bodyCompositionMeasurement, 3)).map((hex) => Buffer.from(hex, 'hex'));
  expect(stub!.readUInt16LE(2)).toBe(0);
  expect([first!.readUInt16LE(2), second!.readUInt16LE(2)]).toEqual([194, 0xffff]);
  for (const frame of [first!, second!]) expect(frame.readUInt16LE(0) & (1 << 12)).toBeGreaterThan(0);
  scale.remove();
});

it('a cuff that deflates and a thermometer that warms up tell it to who listens, and keep nothing of it', async () => {
  const cuff = createBloodPressureCuff(bluez, { ...quick, hangsUpAfterMs: 10_000, address: nextAddress() });
  const thermometer = createThermometer(bluez, { ...quick, hangsUpAfterMs: 10_000, address: nextAddress() });
  cuff.wake();
  thermometer.wake();
  const [pressed, warmed] = [await meet(cuff), await meet(thermometer)];
  cuff.deflate(180);
  for (const [met, uuids] of [
    [pressed, [intermediateCuffPressure, bloodPressureMeasurement]],
    [warmed, [intermediateTemperature, temperatureMeasurement]],
  ] as const)
    for (const uuid of uuids) await met.listen(uuid);
  cuff.deflate(150);
  thermometer.warmUp(35.2);
  expect(await pressed.hears(intermediateCuffPressure, 1)).toEqual(['009600ff07ff07']);
  expect((await warmed.hears(intermediateTemperature, 1))[0]).toMatch(/^02600100ff/);
  expect([cuff.pending(), thermometer.pending()]).toEqual([0, 0]);
  expect(await pressed.heard(bloodPressureMeasurement)).toEqual([]);
  cuff.remove();
  thermometer.remove();
});

it('what could not be measured is told as no number', async () => {
  const cuff = createBloodPressureCuff(bluez, { ...quick, address: nextAddress(), clockNeverSet: true });
  cuff.measure({ systolic: Number.NaN, diastolic: Number.NaN, status: ['cuff-too-loose'] });
  const met = await meet(cuff);
  await met.listen(bloodPressureMeasurement);
  expect(await met.hears(bloodPressureMeasurement, 1)).toEqual(['10ff07ff07ff070200']);
  cuff.remove();
});

it('an oximeter whose clock was never set counts from the factory and says so', async () => {
  const oximeter = createPulseOximeter(bluez, { ...quick, address: nextAddress(), clockNeverSet: true });
  oximeter.measure({ saturation: 97, pulse: 96 });
  const met = await meet(oximeter);
  await met.listen(spotCheckMeasurement);
  expect((await met.hears(spotCheckMeasurement, 1))[0]).toMatch(/^1761006000e1070101000/);
  oximeter.remove();
});

it('a worn oximeter searches, estimates and settles; off the finger it says that too, and hangs up', async () => {
  const oximeter = createContinuousOximeter(bluez, {
    ...quick,
    address: nextAddress(),
    body: { saturation: 96, pulse: 72 },
    everyMs: 20,
    searchesMs: 400,
    settlesMs: 200,
    lingersMs: 300,
  });
  oximeter.putOn();
  const met = await meet(oximeter);
  await met.listen(continuousMeasurement);
  const status = (hex: string) => Buffer.from(hex, 'hex').readUInt16LE(5);
  const reaches = async (fits: (hex: string) => boolean) => {
    const place = await client.characteristic(met.path, continuousMeasurement);
    const frame = (one: { body: unknown[] }) =>
      ((one.body[1] as Record<string, Variant>).Value!.value as Buffer).toString('hex');
    return frame(await client.until((one) => changes(place, 'Value')(one) && fits(frame(one))));
  };
  const unavailable = 1 << 13;
  await reaches((hex) => status(hex) === unavailable && hex.startsWith('0cff07ff07'));
  await reaches((hex) => (status(hex) & (1 << 6)) > 0);
  expect(await reaches((hex) => (status(hex) & (1 << 7)) > 0)).toMatch(/^1c6000/);
  oximeter.takeOff();
  await reaches((hex) => Buffer.from(hex, 'hex').readUIntLE(7, 3) === 1 << 11);
  await client.until(changedTo(met.path, 'Connected', false));
  oximeter.remove();
});

it('a strap tells beats and contact, forgets its energy when told so, and drops the link after it was taken off', async () => {
  const strap = createHeartRateStrap(bluez, {
    ...quick,
    address: nextAddress(),
    perMinute: 300,
    everyMs: 100,
    lingersMs: 250,
  });
  strap.putOn();
  const met = await meet(strap);
  await met.listen(heartRateMeasurement);
  const frames = (await met.hears(heartRateMeasurement, 11)).map((hex) => Buffer.from(hex, 'hex'));
  const [wide, contact, canTell, energy, beats] = [1, 2, 4, 8, 16];
  for (const frame of frames) expect(frame[0]! & (wide! | contact! | canTell!)).toBe(7);
  expect(frames.some((frame) => (frame[0]! & beats!) > 0)).toBe(true);
  expect(frames.map((frame) => (frame[0]! & energy!) > 0).indexOf(true)).toBe(9);
  await met.write(heartRateControlPoint, [1]);
  await expect(met.write(heartRateControlPoint, [2])).rejects.toThrow(/ATT error: 0x80/);
  strap.takeOff();
  await client.until(changedTo(met.path, 'Connected', false));
  const last = (await met.heard(heartRateMeasurement)).at(-1)!;
  expect(Buffer.from(last, 'hex')[0]! & (contact! | canTell!)).toBe(canTell);
  strap.remove();
});

it('a full memory loses the oldest and no other', async () => {
  const cuff = createBloodPressureCuff(bluez, { ...quick, address: nextAddress(), clockNeverSet: true });
  for (let systolic = 100; systolic < 203; systolic++) cuff.measure({ systolic, diastolic: 80 });
  expect(cuff.pending()).toBe(100);
  cuff.vanish();
  cuff.remove();
});
