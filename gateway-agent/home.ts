import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DeviceId } from '#domain/ids.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import type { Log } from '#runtime/log.ts';
import { writeSafely } from '#runtime/secrets.ts';

/**
 * What this gateway was told about its home and must not forget: which devices are this patient's, and how often the platform wants to hear. In a file
 * of its own, `home.json`, beside the outbox: an outbox that is damaged and begun anew must not make strangers of the home's devices.
 */
export interface Home {
  /** In the order of their introduction. */
  devices(): readonly HomeDevice[];
  has(device: string): boolean;
  /** Again: what was known of it is replaced. @throws HomeFull */
  introduce(device: Omit<HomeDevice, 'since'>): void;
  dismiss(device: string): void;
  /** Undefined as long as the platform has not asked for anything. */
  seconds(of: Interval): number | undefined;
  setSeconds(of: Interval, seconds: number): void;
}

export const homeLimits = { devices: 32 } as const;

export const HomeDevice = z.object({
  device: DeviceId,
  /** As it calls itself on the air. */
  name: z.string().max(64).optional(),
  /** Profiles by name. */
  profiles: z.array(z.string().max(32)).max(16),
  since: z.iso.datetime(),
});
export type HomeDevice = z.infer<typeof HomeDevice>;

const Interval = z.enum(['status', 'stream']);
export type Interval = z.infer<typeof Interval>;

const Kept = z.object({
  v: z.literal(1),
  devices: z.array(HomeDevice).max(homeLimits.devices),
  seconds: z.partialRecord(Interval, z.int().min(1).max(86_400)),
});
type Kept = z.infer<typeof Kept>;

/** A family has a handful of devices: somebody introduces the neighbours'. */
export class HomeFull extends Error {}

/** A file that cannot be read is moved aside, loudly: the outbox goes on emptying, and somebody must introduce the devices anew. */
export function openHome({ clock, log }: { clock: Clock; log: Log }, dataDir: string): Home {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'home.json');
  let kept = read(file);
  if (!kept) {
    const aside = `${file}.damaged-${clock.now()}`;
    log.error('the list of devices of this home is damaged: it was moved aside, introduce them anew', { aside });
    renameSync(file, aside);
    kept = nothing;
  }
  let known: Kept = kept;
  const keep = (next: Kept) => {
    writeSafely(file, next);
    known = next;
  };
  return {
    devices: () => known.devices,
    has: (device) => known.devices.some((one) => one.device === device),
    introduce: (device) => {
      const others = known.devices.filter((one) => one.device !== device.device);
      if (others.length >= homeLimits.devices) throw new HomeFull('too many devices');
      keep({ ...known, devices: [...others, { ...device, since: instant(clock.now()) }] });
    },
    dismiss: (device) => {
      if (known.devices.some((one) => one.device === device))
        keep({ ...known, devices: known.devices.filter((one) => one.device !== device) });
    },
    seconds: (of) => known.seconds[of],
    setSeconds: (of, seconds) => keep({ ...known, seconds: { ...known.seconds, [of]: seconds } }),
  };
}

const nothing: Kept = { v: 1, devices: [], seconds: {} };

/** Undefined when it is damaged. */
function read(file: string): Kept | undefined {
  if (!existsSync(file)) return nothing;
  try {
    return Kept.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
