import type { Message } from 'dbus-next';
import { type BluezBus, callWithinMs } from './bus.ts';
import { dbus } from './dbus-next.ts';
import { isError } from './faults.ts';

/**
 * org.bluez.Agent1, on the radio's own connection, for BlueZ asks the agent of whoever called Pair(). Cuffs pair without a word ("just
 * works"); a device that wants its passkey is asked for through `passkey`, and refused where nobody can give one. Only devices that the
 * gateway is connecting to itself are let in.
 * The library's own way to export an interface is broken in the version we stand on, so the messages are answered one by one.
 */
export type PairingPolicy = {
  expects(devicePath: string): boolean;
  /** The six digits shown on the device; undefined when nobody knows them. */
  passkey?: (devicePath: string) => Promise<number | undefined>;
};

const path = '/hearthbeat/agent';
const face = 'org.bluez.Agent1';
const manager = 'org.bluez.AgentManager1';

/** Answers BlueZ's questions on this bus from now on; once for each bus. */
export function answerPairing(bus: BluezBus, policy: PairingPolicy): void {
  bus.raw.addMethodHandler((message: Message) => {
    if (message.path !== path || message.interface !== face) return false;
    if (!bus.isBluez(message.sender)) {
      send(() => dbus.Message.newError(message, 'org.bluez.Error.Rejected', 'not bluetoothd'));
      return true;
    }
    void answer(message, policy).then(
      ([signature, body]) => send(() => dbus.Message.newMethodReturn(message, signature, body)),
      () => send(() => dbus.Message.newError(message, 'org.bluez.Error.Rejected', 'rejected')),
    );
    return true;
  });

  const send = (reply: () => Message) => {
    try {
      bus.raw.send(reply());
    } catch {
      // the bus went away meanwhile, and the question with it
    }
  };
}

/** Makes ours the agent of bluetoothd; again after each of its restarts. */
export async function registerAgent(bus: BluezBus, policy: PairingPolicy): Promise<void> {
  // with a display, too, devices that have one would want two numbers compared (Core Specification, Vol 3, Part H, table 2.8)
  const capability = policy.passkey ? 'KeyboardOnly' : 'NoInputNoOutput';
  const call = (member: string, signature: string, body: unknown[]) =>
    bus.call('/org/bluez', manager, member, { signature, body, ms: callWithinMs });
  try {
    await call('RegisterAgent', 'os', [path, capability]);
  } catch (thrown) {
    if (!isError((thrown as Error).cause, 'AlreadyExists')) throw thrown;
  }
  // a device may demand security while it is read: that pairing has no caller, and BlueZ asks the default agent
  await call('RequestDefaultAgent', 'o', [path]);
}

async function answer(message: Message, policy: PairingPolicy): Promise<[signature: string, body: unknown[]]> {
  const device = message.body[0];
  switch (message.member) {
    case 'Release':
    case 'Cancel':
      return ['', []];
    case 'RequestAuthorization':
    case 'AuthorizeService':
      if (!policy.expects(device as string)) throw new Error('not expected');
      return ['', []];
    case 'RequestPasskey':
    case 'RequestPinCode': {
      const digits = policy.expects(device as string) ? await policy.passkey?.(device as string) : undefined;
      if (digits === undefined) throw new Error('no passkey');
      return message.member === 'RequestPasskey' ? ['u', [digits]] : ['s', [String(digits).padStart(6, '0')]];
    }
    default:
      throw new Error('not ours to answer');
  }
}
