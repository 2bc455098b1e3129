import type { Characteristic, Link } from './air.ts';
import { refused } from './faults.ts';

/**
 * Who listens to one characteristic, and whether the peer has been told to send. The clients' sessions outlive the link, the peer's
 * configuration only where it is bonded; bluetoothd writes it again in any case.
 */
export interface Session {
  /** Has the characteristic `notify` or `indicate`? */
  readonly possible: boolean;
  /** StartNotify. @throws BluezFault or AttFault */
  join(sender: string): Promise<void>;
  /** StopNotify, or the client has left the bus; false when it had no session. */
  leave(sender: string): boolean;
  /** A new link is up: writes the configuration again for those who are still there. */
  resume(): void;
  linkLost(): void;
  /** A bonded peer begins by itself, for it was told in an earlier link. */
  speakUnasked(): void;
  /** Property Notifying. */
  isOn(): boolean;
  /** Does the peer believe that it is to send? */
  isSubscribed(): boolean;
  /** Is there anybody to give a value to? bluetoothd confirms an indication all the same. */
  isHeard(): boolean;
}

export function createSession(parts: {
  characteristic: Characteristic;
  link: () => Link | null;
  /** undefined: nothing to do. */
  secure: () => Promise<void> | undefined;
  changed: () => void;
}): Session {
  const { characteristic } = parts;
  const possible = characteristic.flags.includes('notify') || characteristic.flags.includes('indicate');
  /** Client to whether its session has begun; until then a second StartNotify is refused. */
  const clients = new Map<string, boolean>();
  let on = false;
  let subscribed = false;
  /** What the peer was told last, in this link or one before. */
  let configured = false;
  let unasked = false;

  const setOn = (next: boolean) => {
    if (on === next) return;
    on = next;
    parts.changed();
  };

  async function subscribe(begins: readonly string[]) {
    // no turn of the loop unless needed: on a bonded link a cuff's Value can come before ServicesResolved
    const securing = parts.secure();
    if (securing) await securing;
    const link = parts.link();
    if (!link) throw refused.notConnected();
    for (const client of begins) if (clients.has(client)) clients.set(client, true);
    if (clients.size === 0) return;
    setOn(true);
    if (subscribed) return;
    subscribed = true;
    configured = true;
    characteristic.onSubscribe?.(link);
  }

  return {
    possible,
    async join(sender) {
      if (!possible) throw refused.notSupported();
      const begun = clients.get(sender);
      if (begun === false) throw refused.writeInProgress();
      if (begun) return;
      clients.set(sender, false);
      // without a link this is a success: the configuration is written when the next one is up
      if (!parts.link()) return;
      try {
        await subscribe([sender]);
      } catch (fault) {
        clients.delete(sender);
        throw fault;
      }
    },
    leave(sender) {
      if (!clients.delete(sender)) return false;
      if (clients.size > 0) return true;
      const link = parts.link();
      const told = subscribed;
      subscribed = false;
      setOn(false);
      if (link && told) {
        configured = false;
        characteristic.onUnsubscribe?.(link);
      }
      return true;
    },
    resume() {
      if (clients.size === 0) return;
      subscribe([...clients.keys()]).catch(() => {
        // as in bluetoothd nobody waits for this: the session stays and is tried again at the next link
      });
    },
    linkLost: () => {
      subscribed = false;
      unasked = false;
    },
    speakUnasked() {
      const link = parts.link();
      if (!link || !configured || subscribed) return;
      unasked = true;
      characteristic.onSubscribe?.(link);
    },
    isOn: () => on,
    isSubscribed: () => subscribed || unasked,
    isHeard: () => subscribed,
  };
}
