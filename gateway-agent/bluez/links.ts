import type { Clock } from '#runtime/clock.ts';
import { type Expects, type Heard, type Link, type LinkEnd, RadioFault, radioLimits } from '../radio/radio.ts';
import { type BluezBus, callWithinMs, type Properties } from './bus.ts';
import type { KnownDevice } from './devices.ts';
import { faultOf, isError } from './faults.ts';
import { createPlaces } from './places.ts';
import type { Peer, Way } from './way.ts';

/** How long the radio waits for what. BlueZ itself gives up a pairing after 30 s. */
export const deadlines = {
  /** BlueZ would try for 42 s, and all others would wait; a device that advertised just now answers in a few. */
  connectMs: 20_000,
  resolveMs: 15_000,
  lookMs: 15_000,
  pairMs: 40_000,
  readMs: 10_000,
  writeMs: 10_000,
  /** The first subscription may make BlueZ pair on the way. */
  subscribeMs: 40_000,
  disconnectMs: 8_000,
} as const;

/**
 * The links to devices over one connection to the bus, whatever the way in which devices are spoken to. Nothing that is asked over a link can
 * outlast it, or its deadline. Nothing is unsubscribed at the end: clearing the subscription made some cuffs forget
 * their pairing, and BlueZ subscribes again by itself when the device comes back.
 */
export type Links = {
  /** @param mayConnect is called when there is a place and it is this one's turn. @throws RadioFault, as `mayConnect` does. */
  connect(device: KnownDevice, hear: (heard: Heard) => void, expects: Expects, mayConnect: () => void): Promise<Link>;
  /** A link to it stands or is being made. */
  holds(path: string): boolean;
  /** BlueZ told something new of the device. */
  changed(path: string, values: Properties): void;
  /** What BlueZ knows of the device, at the moment, new or not. */
  seen(device: KnownDevice): void;
  /** Ends the link without a word to the device. */
  end(path: string, by: LinkEnd): void;
  endAll(): void;
  /** Takes leave of every device: BlueZ keeps a link when whoever asked for it has left the bus, and a device that is held is silent. */
  leaveAll(): Promise<void>;
};

/** Who has waited longer for a place hears `busy`, and may ask again. */
const placeWithinMs = 30_000;

type Open = {
  readonly ended: Promise<LinkEnd>;
  end(by: LinkEnd): void;
  /** By whom it was ended. */
  endedBy?: LinkEnd;
  /** What is asked over the link and not answered yet: called when it ends. */
  readonly waiting: Set<(by: LinkEnd) => void>;
  leave(): Promise<void>;
  /** Connect was called: from here on `Connected: false` is about this link, not about one before. */
  dialled: boolean;
  /** Connect was answered. */
  stands: boolean;
  leaving: boolean;
  readonly resolved: Promise<void>;
  resolve(): void;
};

export function createLinks(clock: Clock, bus: BluezBus, way: Way): Links {
  const open = new Map<string, Open>();
  const places = createPlaces(clock, { places: radioLimits.links, mayWait: radioLimits.waiting });
  /** One attempt to connect at a time, as the controller has it. */
  const turns = createPlaces(clock, { places: 1, mayWait: radioLimits.links });

  const begin = (path: string): Open => {
    if (open.has(path)) throw new RadioFault('busy', 'a link to the device stands already');
    const { promise: ended, resolve: settle } = Promise.withResolvers<LinkEnd>();
    const { promise: resolved, resolve } = Promise.withResolvers<void>();
    const entry: Open = {
      ended,
      resolved,
      resolve,
      dialled: false,
      stands: false,
      leaving: false,
      waiting: new Set(),
      leave: async () => entry.end('gateway'),
      end: (by) => {
        entry.endedBy ??= by;
        if (open.get(path) === entry) open.delete(path);
        settle(by);
        for (const tell of [...entry.waiting]) tell(by);
      },
    };
    // before Connect(): what happens while it runs must not be missed
    open.set(path, entry);
    return entry;
  };

  const connect: Links['connect'] = async (known, hear, expects, mayConnect) => {
    const entry = begin(known.path);
    let peer: Peer | undefined;
    const ask: Ask = async (promise, ms, what) => {
      promise.catch(() => {});
      const { promise: lost, reject } = Promise.withResolvers<never>();
      lost.catch(() => {});
      const gone = (by: LinkEnd) =>
        reject(new RadioFault(by === 'radio' ? 'radio-away' : 'link-lost', `${what}: the link is gone`));
      // an answer and the hang-up after it may come in one breath; the library settles the answer later than it tells the signal behind it
      const tell = (by: LinkEnd) => clock.after(0, () => gone(by));
      if (entry.endedBy) gone(entry.endedBy);
      entry.waiting.add(tell);
      try {
        return await bus.bounded(Promise.race([promise, lost]), ms, what);
      } finally {
        entry.waiting.delete(tell);
      }
    };
    let left: Promise<void> | undefined;
    const disconnect = async (from: Peer) => {
      await bus.bounded(from.disconnect(), deadlines.disconnectMs, 'disconnecting').catch(() => {});
      entry.end('gateway');
    };
    const leave = async () => {
      entry.leaving = true;
      if (peer && entry.dialled) left ??= disconnect(peer);
      else entry.end('gateway');
      await left;
    };
    entry.leave = leave;
    // with one that is not paired BlueZ would begin to pair
    const expectFrom = (from: Peer) => from.expect(known.paired ? expects(from.has) : []);
    const mustStand = () => {
      if (entry.endedBy) throw new RadioFault('radio-away', 'the radio went away meanwhile');
    };
    try {
      const leavePlace = await places.take(placeWithinMs);
      void entry.ended.then(leavePlace);
      const endTurn = await turns.take(radioLimits.links * deadlines.connectMs);
      try {
        mayConnect();
        mustStand();
        peer = await ask(way.peer(known), callWithinMs, 'finding the device');
        mustStand();
        peer.listen(hear);
        expectFrom(peer);
        entry.dialled = true;
        await ask(peer.connect(), deadlines.connectMs, 'connecting');
      } finally {
        endTurn();
      }
      entry.stands = true;
      if (!known.resolved) await ask(entry.resolved, deadlines.resolveMs, 'resolving services');
      await ask(peer.look(), deadlines.lookMs, 'looking at the services');
      expectFrom(peer);
    } catch (thrown) {
      void leave();
      throw faultOf(thrown, 'connecting');
    }
    const { cancelPairing, disconnect: hangUp } = peer;
    const giveUp = async () => {
      await bus.bounded(cancelPairing(), callWithinMs, 'giving up pairing').catch(() => {});
      // asked for when the link had just ended, a pairing begins another, which nobody would hold
      if (entry.endedBy && !open.has(known.path)) await bus.bounded(hangUp(), deadlines.disconnectMs, 'hanging up');
    };
    return linkTo(known, peer, entry, { ask, leave, giveUp });
  };

  return {
    connect,
    holds: (path) => open.has(path),
    changed: (path, { Connected, ServicesResolved }) => {
      const entry = open.get(path);
      if (!entry?.dialled) return;
      if (ServicesResolved === true) entry.resolve();
      if (Connected === false) entry.end(entry.leaving ? 'gateway' : 'device');
    },
    seen: ({ path, connected, resolved }) => {
      const entry = open.get(path);
      if (!entry?.stands) return;
      if (!connected) entry.end(entry.leaving ? 'gateway' : 'device');
      else if (resolved) entry.resolve();
    },
    end: (path, by) => open.get(path)?.end(by),
    endAll: () => {
      for (const entry of [...open.values()]) entry.end('radio');
    },
    leaveAll: async () => {
      await Promise.all([...open.values()].map((entry) => entry.leave()));
    },
  };
}

/** `promise`, unless the link ends or `ms` pass before. */
type Ask = <T>(promise: Promise<T>, ms: number, what: string) => Promise<T>;

function linkTo(
  known: KnownDevice,
  peer: Peer,
  entry: Open,
  { ask, leave, giveUp }: { ask: Ask; leave: () => Promise<void>; giveUp: () => Promise<unknown> },
): Link {
  /** What the way throws at once comes as a rejection, too. */
  const say = <T>(to: () => Promise<T>, ms: number, what: string) => ask(Promise.resolve().then(to), ms, what);
  return {
    address: known.address,
    ended: entry.ended,
    paired: () => known.paired,
    has: peer.has,
    pair: async () => {
      if (!known.paired) {
        try {
          await say(peer.pair, deadlines.pairMs, 'pairing');
        } catch (thrown) {
          const fault = faultOf(thrown, 'pairing');
          if (!isError(fault.cause, 'AlreadyExists')) {
            // BlueZ would go on, and try to reach by itself a device that went away: until it gives up nobody else could
            await giveUp().catch(() => {});
            throw fault;
          }
        }
        known.paired = true;
      }
      if (!known.trusted) await say(peer.trust, callWithinMs, 'trusting the device');
    },
    read: (service, characteristic) => say(() => peer.read(service, characteristic), deadlines.readMs, 'reading'),
    write: async (service, characteristic, bytes) => {
      await say(() => peer.write(service, characteristic, bytes), deadlines.writeMs, 'writing');
    },
    subscribe: async (service, characteristic) => {
      await say(() => peer.notify(service, characteristic), deadlines.subscribeMs, 'subscribing');
    },
    disconnect: async () => {
      if (!entry.endedBy) await leave();
    },
  };
}
