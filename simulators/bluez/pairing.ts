import { type Peripheral, usualIntervalMs } from './air.ts';
import type { Connection } from './connection.ts';
import type { DeviceState } from './device.ts';
import { AttFault, att, BluezFault, refused } from './faults.ts';
import type { Stack } from './stack.ts';

/** How a device and this gateway come to trust each other: Device1.Pair, or bluetoothd by itself when a value needs encryption. */
export interface Pairing {
  /** @throws BluezFault */
  pair(sender: string): Promise<void>;
  /** A peer has answered Insufficient Authentication. @throws AttFault when pairing does not succeed. */
  raiseSecurity(): Promise<void>;
  isUnderWay(): boolean;
  cancel(): void;
  clientGone(sender: string): void;
}

export type PairingParts = {
  path: string;
  peripheral: Peripheral;
  connection: Connection;
  changed: (property: string) => void;
  setTemporary: (temporary: boolean) => void;
};

export function createPairing(stack: Stack, state: DeviceState, parts: PairingParts): Pairing {
  const { clock, agents, timings } = stack;
  const { peripheral, connection, changed, setTemporary } = parts;
  const { profile } = peripheral;
  let underWay: { by: string | null; cancel: () => void } | null = null;

  /**
   * @param by who called Pair, null when bluetoothd itself wants it.
   * @throws BluezFault, or AttFault `unlikely` when the peer never answered.
   */
  async function attempt(by: string | null): Promise<void> {
    if (underWay || connection.isConnecting()) throw refused.inProgress();
    if (state.bonded) throw refused.alreadyExists();
    setTemporary(false);
    const canceled = Promise.withResolvers<never>();
    canceled.promise.catch(() => {});
    underWay = {
      by,
      cancel: () => {
        agents.cancelRequest(parts.path);
        canceled.reject(refused.authenticationCanceled());
      },
    };
    try {
      if (!state.connected) await Promise.race([canceled.promise, reach()]);
      const generation = connection.generation();
      await Promise.race([canceled.promise, authenticate(by)]);
      if (generation !== connection.generation()) throw refused.authenticationCanceled();
      await bond(by);
    } catch (fault) {
      if (isRefusal(fault)) dropSoon();
      if (!state.paired && !state.trusted && (!state.connected || isRefusal(fault))) setTemporary(true);
      throw fault;
    } finally {
      underWay = null;
    }
  }

  /** The kernel reports the refusal first and the end of the link after it, so Pair is answered while Connected still holds. */
  function dropSoon() {
    const generation = connection.generation();
    clock.after(profile.intervalMs ?? usualIntervalMs, () => {
      if (generation === connection.generation()) connection.drop('Authentication');
    });
  }

  async function reach() {
    if (!peripheral.isAdvertising()) await clock.sleep(timings.connectTimeoutMs);
    if (!peripheral.isAdvertising()) throw refused.connectAborted();
    await connection.establish();
  }

  async function authenticate(by: string | null) {
    if (profile.pairMs) await clock.sleep(profile.pairMs);
    switch (profile.pairing) {
      case 'just-works':
        return;
      case 'none':
        throw refused.authenticationFailed();
      case 'never-answers':
        await clock.sleep(timings.pairingTimeoutMs);
        throw new AttFault(att.unlikely);
      case 'passkey': {
        // the peer demands protection against a man in the middle, so somebody must be able to type its digits
        if (!agents.canEnterPasskey(by)) throw refused.authenticationFailed();
        const entered = await agents.requestPasskey(by, parts.path);
        if (entered !== profile.passkey) throw refused.authenticationFailed();
      }
    }
  }

  async function bond(by: string | null) {
    state.paired = true;
    state.bonded = true;
    state.encrypted = true;
    changed('Bonded');
    if (state.resolved) return changed('Paired');
    // Paired is told, and Pair answered, only when services are resolved
    state.pairedUntold = true;
    if (by !== null) await connection.settled();
  }

  return {
    async pair(sender) {
      try {
        await attempt(sender);
      } catch (fault) {
        throw fault instanceof AttFault ? refused.authenticationFailed() : fault;
      }
    },
    async raiseSecurity() {
      try {
        await attempt(null);
      } catch (fault) {
        throw fault instanceof AttFault ? fault : new AttFault(att.insufficientAuthentication);
      }
    },
    isUnderWay: () => underWay !== null,
    cancel: () => underWay?.cancel(),
    clientGone: (sender) => {
      if (underWay?.by === sender) underWay.cancel();
    },
  };
}

const isRefusal = (fault: unknown) =>
  fault instanceof AttFault || (fault instanceof BluezFault && fault.type.endsWith('.AuthenticationFailed'));
