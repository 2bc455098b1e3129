import type { Random } from '#runtime/random.ts';
import { type Link, uuid16 } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { currentTimeService } from './clock-services.ts';
import { createDeviceClock, type DeviceClockConfig } from './device-clock.ts';
import { u32 } from './frames/fields.ts';
import { encodeBodyComposition, encodeWeight, stubComposition } from './frames/scale.ts';
import { isEncrypted } from './housing.ts';
import { likely, tenth } from './likely.ts';
import type { Simulated, Told } from './peripheral.ts';
import { createPushDevice, type PushDevice, type PushDeviceConfig, type StoredMeasurement } from './push-device.ts';
import { createUserData, type ScaleUser } from './user-data.ts';

/**
 * A scale with the standard Weight Scale profile; as a body composition scale it sends two measurements each time, the weight
 * and what it is made of. With users it has the manners of Beurer's BF720 (KristianP26/ble-scale-sync, oliexdev/openScale): bond, then
 * its clock is written, then a user's code is given, then it tells what it has of that user; and a frame of zeros comes first
 * while it still measures. Its clock stands in the Current Time service.
 */
export interface WeightScale extends Omit<PushDevice, 'store' | 'proceed' | 'tellOnce'>, Simulated {
  /** Somebody has stood on it. */
  measure(weighing: Weighing): Told;
  users(): readonly ScaleUser[];
}

export type Weighing = {
  /** NaN when it could not be measured. */
  kg: number;
  /** Percent; with NaN the feet had socks on. For a body composition scale only. */
  fatPercent?: number;
  musclePercent?: number;
  /** Ohm. */
  impedanceOhm?: number;
  /** Needed for what is computed from it. */
  heightCm?: number;
  /** One of its users; whom it did not recognise it calls 255. */
  userSlot?: number;
};

export type WeightScaleConfig = PushDeviceConfig &
  DeviceClockConfig & {
    imperial?: boolean;
    /** Measures what a body is made of too. */
    composition?: boolean;
    /** Tells a user's measurements to who knows that user's code; absent, it has no users and tells everybody. */
    users?: readonly ScaleUser[];
    /** Sends a frame of zeros before each body composition. */
    sendsStubs?: boolean;
  };

export const weightScaleService = uuid16(0x181d);
export const bodyCompositionService = uuid16(0x181b);
export const weightMeasurement = uuid16(0x2a9d);
export const bodyCompositionMeasurement = uuid16(0x2a9c);
export const weightScaleFeature = uuid16(0x2a9e);
export const bodyCompositionFeature = uuid16(0x2a9b);
/** Weight scale. */
const appearance = 0x0c80;
const unknownUser = 255;
/** Time, several users, body mass index; weight in 0.005 kg (code 7), height in 0.001 m (code 3). */
const weightFeatures = 0b111 | (7 << 3) | (3 << 7);
/** Time, several users, basal metabolism to height (bits 2 to 10); mass in 0.005 kg (code 7), height in 0.001 m (code 3). */
const compositionFeatures = 0x7ff | (7 << 11) | (3 << 15);
/** Water is about 73 % of what is not fat (Wang 1999, Am J Clin Nutr 69:833). */
const waterInFatFree = 0.73;

export function createWeightScale(bluez: SimulatedBluez, config: WeightScaleConfig): WeightScale {
  const { composition = false, sendsStubs = composition, imperial = false } = config;
  const encrypted = isEncrypted(config);
  const deviceClock = createDeviceClock(bluez.clock, config);
  let clockWrittenOn: Link | undefined;
  let link: Link | undefined;
  const userData =
    config.users &&
    createUserData(config.users, {
      encrypted,
      isClockSet: () => clockWrittenOn !== undefined && clockWrittenOn === link,
      onConsent: () => push.proceed(),
    });

  const push = createPushDevice(bluez, config, {
    model: composition ? 'SIM-BC1' : 'SIM-WS1',
    appearance,
    advertises: composition ? [weightScaleService, bodyCompositionService] : [weightScaleService],
    services: (indicated) => [
      {
        uuid: weightScaleService,
        characteristics: [
          indicated(0x2a9d),
          { uuid: weightScaleFeature, flags: ['read'], read: () => u32(weightFeatures) },
        ],
      },
      ...(composition
        ? [
            {
              uuid: bodyCompositionService,
              characteristics: [
                indicated(0x2a9c),
                { uuid: bodyCompositionFeature, flags: ['read'] as const, read: () => u32(compositionFeatures) },
              ],
            },
          ]
        : []),
      currentTimeService(deviceClock, {
        encrypted,
        written: (by) => {
          clockWrittenOn = by;
        },
      }),
      ...(userData ? [userData.service] : []),
    ],
    isReady: (on) =>
      (on.isSubscribed(weightMeasurement) || on.isSubscribed(bodyCompositionMeasurement)) &&
      (!userData || userData.consented(on) !== undefined),
    mayTell: ({ user }, on) => !userData || user === undefined || user === userData.consented(on),
    onConnect: (on) => {
      link = on;
      userData?.forget();
    },
  });

  function measure(weighing: Weighing): Told {
    const { kg, userSlot } = weighing;
    const user = userSlot === undefined || userSlot === unknownUser ? undefined : userSlot;
    const who = userData ? (user ?? unknownUser) : userSlot;
    const deviceTime = deviceClock.now();
    const said = { ...weighing, kg: Number.isNaN(kg) ? undefined : kg, userSlot: who, deviceTime, imperial };
    const weight = entry(weightMeasurement, [encodeWeight({ ...said, bmi: bodyMassIndex(said) })], {
      becomes: said.kg === undefined ? 'aside' : 'reading',
      user,
    });
    push.store([weight, ...(composition ? compositionOf(said) : [])]);
    return { frames: weight.frames.map(({ frame }) => frame.toString('hex')), becomes: weight.becomes };
  }

  function compositionOf(said: Omit<Weighing, 'kg'> & { kg?: number; deviceTime?: string }): StoredMeasurement[] {
    const { kg, fatPercent, userSlot, deviceTime, ...rest } = said;
    if (fatPercent === undefined) return [];
    const measured = kg !== undefined && !Number.isNaN(fatPercent);
    const fatFreeKg = measured ? kg * (1 - fatPercent / 100) : undefined;
    const frames = encodeBodyComposition({
      ...rest,
      imperial,
      fatPercent: measured ? fatPercent : undefined,
      deviceTime,
      userSlot,
      fatFreeKg,
      waterKg: fatFreeKg === undefined ? undefined : fatFreeKg * waterInFatFree,
      weightKg: kg,
    });
    const of = { user: userSlot === unknownUser ? undefined : userSlot };
    return [
      ...(sendsStubs ? [entry(bodyCompositionMeasurement, [stubComposition()], { ...of, becomes: 'aside' })] : []),
      entry(bodyCompositionMeasurement, frames, { ...of, becomes: measured ? 'reading' : 'aside' }),
    ];
  }

  return {
    ...push,
    profile: composition ? 'body-composition' : 'weight-scale',
    measure,
    users: () => userData?.users() ?? [],
    use: (random) => measure(likelyWeighing(random, userData?.users() ?? [])),
  };
}

const entry = (
  characteristic: string,
  frames: readonly Buffer[],
  rest: Pick<StoredMeasurement, 'becomes' | 'user'>,
): StoredMeasurement => ({ ...rest, frames: frames.map((frame) => ({ characteristic, frame })) });

const bodyMassIndex = ({ kg, heightCm }: { kg?: number; heightCm?: number }): number | undefined =>
  kg === undefined || heightCm === undefined ? undefined : kg / (heightCm / 100) ** 2;

/** One in twenty steps off too early. */
function likelyWeighing(random: Random, users: readonly ScaleUser[]): Weighing {
  const user = users[Math.floor(random.next() * users.length)];
  if (likely(random, 0.05)) return { kg: Number.NaN, userSlot: user?.index };
  const [kg, fatPercent] = [tenth(random, 48, 110), tenth(random, 12, 40)];
  return {
    kg,
    fatPercent,
    musclePercent: tenth(random, 30, 45),
    heightCm: 170,
    impedanceOhm: tenth(random, 420, 580),
    userSlot: user?.index,
  };
}
