import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import type { Peripheral } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { att } from '../bluez/faults.ts';
import { createFaultyPeripheral } from './faulty-peripheral.ts';

/**
 * What goes wrong between a gateway and any device, in one place: no peripheral knows of it. Build the peripheral on `around(bluez)` instead of
 * `bluez`, and its link, its answers and its indications fail as the plan says: by chance, or exactly once at the n-th occasion.
 */
export interface Faults {
  around(bluez: SimulatedBluez): SimulatedBluez;
  /** From now on; counting for scripts begins again. */
  follow(plan: FaultPlan): void;
  /** Nothing goes wrong any more. What is held back at this moment stays so. */
  heal(): void;
  /** How often each came true, e.g. `indicate/drop`. */
  injected(): Readonly<Record<string, number>>;
  /** How often each occasion came, with a fault or without. */
  occasions(): Readonly<Record<Occasion, number>>;
  /** Values the device believes to have delivered and that nobody heard, since this was last asked. */
  takeUnheard(): Unheard[];
}

/**
 * What can go wrong where. `drop`: the link ends, and what was asked or told did not get through. `drop-after`: it did get through, and the link
 * ends before the other side knows: a write that was done and not answered, an indication that was heard and not confirmed, and so comes again.
 * `slow`: `slowMs` late. `refuse`: an ATT error. `silent`: no answer, until the ATT transaction times out. `ignore`: answered as if all were well, and
 * nothing is done: a control point that never indicates, a subscription that brings nothing. `unheard`: the device believes it delivered, and
 * nobody heard. `twice`: told twice.
 */
export const faultsAt = {
  connect: ['drop'],
  discovery: ['drop'],
  read: ['drop', 'drop-after', 'slow', 'refuse', 'silent'],
  write: ['drop', 'drop-after', 'slow', 'refuse', 'silent', 'ignore'],
  subscribe: ['drop', 'drop-after', 'slow', 'refuse', 'silent', 'ignore'],
  notify: ['drop', 'drop-after', 'unheard', 'twice'],
  indicate: ['drop', 'drop-after', 'slow', 'unheard', 'twice'],
} as const;

export type Occasion = keyof typeof faultsAt;
export type Fault = (typeof faultsAt)[Occasion][number];

export type FaultPlan = {
  /** Probability of each fault at each occasion. */
  rates?: FaultRates;
  script?: readonly ScriptedFault[];
};
export type FaultRates = { [At in Occasion]?: { [One in (typeof faultsAt)[At][number]]?: number } };
/** The fault comes true once, at the `nth` such occasion (1 is the next), counted per characteristic where one is named. */
export type ScriptedFault = {
  [At in Occasion]: { at: At; fault: (typeof faultsAt)[At][number]; nth: number; characteristic?: string };
}[Occasion];

export type Unheard = { address: string; characteristic: string; value: Buffer };

/** At each occasion something goes wrong with this probability, each fault of it equally likely. */
export function randomFaults(probability: number, { except = [] }: { except?: readonly Fault[] } = {}): FaultPlan {
  const rates: Record<string, Record<string, number>> = {};
  for (const [occasion, all] of Object.entries(faultsAt)) {
    const possible = all.filter((fault) => !except.includes(fault));
    rates[occasion] = Object.fromEntries(possible.map((fault) => [fault, probability / possible.length]));
  }
  return { rates };
}

/** Errors real devices give: unlikely, insufficient resources (Core Specification, Vol 3, Part F, 3.4.1.1), the profile's own 0x80, procedure in progress. */
const attErrors = [att.unlikely, 0x11, 0x80, 0xfe];

export function createFaults(
  { clock, random }: { clock: Clock; random: Random },
  config: { slowMs?: number } = {},
): Faults {
  const slowMs = config.slowMs ?? 800;
  const injected: Record<string, number> = {};
  const occasions = { connect: 0, discovery: 0, read: 0, write: 0, subscribe: 0, notify: 0, indicate: 0 };
  let plan: FaultPlan = {};
  let seen = new Map<string, number>();
  let spent = new Set<ScriptedFault>();
  const unheard: Unheard[] = [];

  /** The fault of this occasion, if there is one. */
  function draw(occasion: Occasion, characteristic?: string): Fault | undefined {
    occasions[occasion]++;
    const fault = scripted(occasion, characteristic) ?? byChance(occasion);
    if (!fault) return undefined;
    const name = `${occasion}/${fault}`;
    injected[name] = (injected[name] ?? 0) + 1;
    return fault;
  }

  function scripted(occasion: Occasion, characteristic: string | undefined): Fault | undefined {
    const count = (key: string) => {
      const nth = (seen.get(key) ?? 0) + 1;
      seen.set(key, nth);
      return nth;
    };
    const nth = count(occasion);
    const nthOfIt = characteristic === undefined ? nth : count(`${occasion} ${characteristic}`);
    const found = plan.script?.find(
      (one) =>
        !spent.has(one) &&
        one.at === occasion &&
        (one.characteristic === undefined
          ? one.nth === nth
          : one.characteristic === characteristic && one.nth === nthOfIt),
    );
    if (found) spent.add(found);
    return found?.fault;
  }

  function byChance(occasion: Occasion): Fault | undefined {
    const rates = plan.rates?.[occasion];
    if (!rates) return undefined;
    let left = random.next();
    for (const [fault, probability] of Object.entries(rates)) {
      left -= probability;
      if (left < 0) return fault as Fault;
    }
    return undefined;
  }

  function around(bluez: SimulatedBluez): SimulatedBluez {
    const real = new Map<Peripheral, Peripheral>();
    return {
      ...bluez,
      addPeripheral: (adapter, profile) => {
        const parts = { clock, slowMs, draw, missed, refusal };
        const { inner, outer } = createFaultyPeripheral(parts, profile, (wrapped) =>
          bluez.addPeripheral(adapter, wrapped),
        );
        real.set(outer, inner);
        return outer;
      },
      removePeripheral: (adapter, peripheral) => {
        bluez.removePeripheral(adapter, real.get(peripheral) ?? peripheral);
        real.delete(peripheral);
      },
    };
  }

  const missed = (value: Unheard) => unheard.push(value);
  const refusal = () => attErrors[Math.floor(random.next() * attErrors.length)]!;

  return {
    around,
    follow(next) {
      plan = next;
      seen = new Map();
      spent = new Set();
    },
    heal: () => {
      plan = {};
    },
    injected: () => injected,
    occasions: () => occasions,
    takeUnheard: () => unheard.splice(0),
  };
}
