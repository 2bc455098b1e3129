import type { Clock } from '#runtime/clock.ts';
import {
  type Asked,
  type Characteristic,
  type Link,
  type Peripheral,
  type PeripheralProfile,
  usualIntervalMs,
} from '../bluez/air.ts';
import { AttFault, att } from '../bluez/faults.ts';
import type { Fault, Occasion, Unheard } from './faults.ts';

export type FaultyParts = {
  clock: Clock;
  slowMs: number;
  draw: (occasion: Occasion, characteristic?: string) => Fault | undefined;
  missed: (value: Unheard) => void;
  /** The ATT error of this refusal. */
  refusal: () => number;
};

/**
 * Stands around one peripheral and makes faults come true: what the faults mean is in faults.ts, which also says when they come.
 * `inner` is what the simulated BlueZ knows, `outer` what the peripheral holds of itself.
 */
export function createFaultyPeripheral(
  parts: FaultyParts,
  profile: PeripheralProfile,
  add: (wrapped: PeripheralProfile) => Peripheral,
) {
  const { clock, slowMs, draw } = parts;
  const links = new WeakMap<Link, Link>();
  const drop = () => inner.vanish();
  /** The answer is given, then the link ends. */
  const dropSoon = () => {
    const link = inner.link();
    clock.after(0, () => {
      if (inner.link() === link) drop();
    });
  };

  const wrapLink = (link: Link): Link => {
    const known = links.get(link);
    if (known) return known;
    const wrapped = createFaultyLink(parts, profile, link, drop);
    links.set(link, wrapped);
    return wrapped;
  };

  function wrapCharacteristic(characteristic: Characteristic): Characteristic {
    const { uuid, read, write, onSubscribe, onUnsubscribe } = characteristic;
    /** What the question that was just let through meets when it arrives. */
    let next: Fault | undefined;
    const arrive = () => {
      const fault = next;
      next = undefined;
      return fault;
    };
    const hold = (asked: Asked): Promise<void> | undefined => {
      next = draw(asked, uuid);
      switch (next) {
        case 'drop':
          drop();
          throw new AttFault(att.unlikely);
        case 'silent':
          return new Promise(() => {});
        case 'refuse':
          throw new AttFault(parts.refusal());
        case 'slow':
          return clock.sleep(slowMs);
        default:
          return undefined;
      }
    };
    return {
      ...characteristic,
      hold,
      read:
        read &&
        (() => {
          const value = read();
          if (arrive() === 'drop-after') dropSoon();
          return value;
        }),
      write:
        write &&
        ((value, link) => {
          const fault = arrive();
          if (fault === 'ignore') return;
          write(value, wrapLink(link));
          if (fault === 'drop-after') drop();
        }),
      onSubscribe: (link) => {
        const fault = arrive();
        if (fault === 'ignore') return;
        onSubscribe?.(wrapLink(link));
        if (fault === 'drop-after') dropSoon();
      },
      onUnsubscribe: onUnsubscribe && ((link) => onUnsubscribe(wrapLink(link))),
    };
  }

  const inner: Peripheral = add({
    ...profile,
    services: profile.services.map((service) => ({
      ...service,
      characteristics: service.characteristics.map(wrapCharacteristic),
    })),
    onConnect: (link) => {
      profile.onConnect?.(wrapLink(link));
      if (draw('connect') === 'drop') drop();
      else if (draw('discovery') === 'drop')
        clock.after((profile.discoverMs ?? 0) / 2, () => {
          if (inner.link() === link) drop();
        });
    },
  });
  const outer: Peripheral = {
    ...inner,
    profile,
    link: () => {
      const link = inner.link();
      return link && wrapLink(link);
    },
  };
  return { inner, outer };
}

function createFaultyLink(
  { clock, slowMs, draw, missed }: FaultyParts,
  profile: PeripheralProfile,
  link: Link,
  drop: () => void,
): Link {
  return {
    ...link,
    notify(characteristic, value) {
      if (!link.isSubscribed(characteristic)) return false;
      switch (draw('notify', characteristic)) {
        case 'drop':
          drop();
          return false;
        case 'drop-after':
          link.notify(characteristic, value);
          drop();
          return true;
        case 'unheard':
          missed({ address: profile.address, characteristic, value });
          return true;
        case 'twice':
          return link.notify(characteristic, value) && link.notify(characteristic, value);
        default:
          return link.notify(characteristic, value);
      }
    },
    async indicate(characteristic, value) {
      if (!link.isSubscribed(characteristic)) return false;
      switch (draw('indicate', characteristic)) {
        case 'drop':
          drop();
          return false;
        case 'drop-after': {
          const confirmed = link.indicate(characteristic, value);
          drop();
          return confirmed;
        }
        case 'slow':
          await clock.sleep(slowMs);
          return link.indicate(characteristic, value);
        case 'unheard':
          missed({ address: profile.address, characteristic, value });
          await clock.sleep(profile.intervalMs ?? usualIntervalMs);
          return true;
        case 'twice':
          await link.indicate(characteristic, value);
          return link.indicate(characteristic, value);
        default:
          return link.indicate(characteristic, value);
      }
    },
  };
}
