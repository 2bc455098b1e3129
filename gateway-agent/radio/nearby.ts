import type { Clock } from '#runtime/clock.ts';
import { profiles } from '../profiles/catalogue.ts';
import type { Advertisement } from './radio.ts';
import { sigUuid } from './uuid.ts';

/** Who was heard advertising of late, ours or not; in memory only. */
export type Neighbour = {
  device: string;
  name?: string;
  /** dBm. */
  rssi?: number;
  /** Those it speaks, by name. */
  profiles: string[];
  paired: boolean;
  /** ms since 1970. */
  heardAt: number;
};

export const nearbyLimits = { remembered: 128 } as const;

export function createNearby(clock: Clock) {
  const heard = new Map<string, Neighbour>();
  return {
    hear: ({ address, name, rssi, paired, services }: Advertisement): Neighbour => {
      const before = heard.get(address);
      const spoken = profiles.filter(({ service }) => services.includes(sigUuid(service))).map((p) => p.name);
      const shown = name ?? before?.name;
      const neighbour: Neighbour = {
        device: address,
        ...(shown === undefined ? {} : { name: shown.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?').slice(0, 64) }),
        ...(rssi === undefined ? {} : { rssi }),
        profiles: spoken.length > 0 ? spoken : (before?.profiles ?? []),
        paired,
        heardAt: clock.now(),
      };
      heard.delete(address);
      heard.set(address, neighbour);
      const oldest = heard.keys().next();
      if (heard.size > nearbyLimits.remembered && !oldest.done) heard.delete(oldest.value);
      return neighbour;
    },
    of: (address: string) => heard.get(address),
    /** Heard within the last `ms`, the newest first. */
    within: (ms: number): Neighbour[] => [...heard.values()].filter((one) => clock.now() - one.heardAt <= ms).reverse(),
    forget: (address: string) => heard.delete(address),
  };
}

export type Nearby = ReturnType<typeof createNearby>;
