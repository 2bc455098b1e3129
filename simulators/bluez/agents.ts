import { DBusError } from 'dbus-next';
import { BluezFault, refused } from './faults.ts';
import type { Interface } from './objects.ts';

/**
 * AgentManager1: who answers for the person at the gateway when a device asks for its passkey. bluetoothd prefers the
 * agent of the one who called Pair, else it asks the default agent.
 */
export interface Agents {
  managerInterface(): Interface;
  /** The peer's display shows six digits; can anybody type them here? */
  canEnterPasskey(sender: string | null): boolean;
  /** @throws BluezFault AuthenticationFailed or AuthenticationCanceled. */
  requestPasskey(sender: string | null, device: string): Promise<number>;
  /** Pairing with this device ended while an agent was being asked: Agent1.Cancel. */
  cancelRequest(device: string): void;
  /** The client has left the bus. */
  forget(sender: string): void;
  clear(): void;
}

/** Calls a method of an agent on the bus; rejects with its error, or when it does not answer in time. */
export type CallAgent = (
  agent: { sender: string; path: string },
  member: string,
  type: string,
  body: unknown[],
) => Promise<unknown[]>;

const capabilities = ['', 'DisplayOnly', 'DisplayYesNo', 'KeyboardOnly', 'NoInputNoOutput', 'KeyboardDisplay'];

export function createAgents(call: CallAgent): Agents {
  const agents = new Map<string, { path: string; capability: string }>();
  const asked = new Map<string, { sender: string; path: string }>();
  let preferred: string | null = null;

  const agentFor = (sender: string | null) => {
    const owner = sender !== null && agents.has(sender) ? sender : preferred;
    const agent = owner === null ? undefined : agents.get(owner);
    return owner !== null && agent ? { sender: owner, ...agent } : undefined;
  };
  const mustOwn = (sender: string, path: unknown) => {
    if (agents.get(sender)?.path !== path) throw refused.doesNotExist();
  };
  const forget = (sender: string) => {
    agents.delete(sender);
    if (preferred === sender) preferred = null;
  };

  return {
    managerInterface: () => ({
      properties: {},
      methods: {
        RegisterAgent: {
          takes: 'os',
          gives: '',
          run: ([path, capability], sender) => {
            if (agents.has(sender)) throw refused.alreadyExists();
            if (!capabilities.includes(String(capability))) throw refused.invalidArguments();
            agents.set(sender, { path: String(path), capability: String(capability) || 'KeyboardDisplay' });
          },
        },
        UnregisterAgent: {
          takes: 'o',
          gives: '',
          run: ([path], sender) => {
            mustOwn(sender, path);
            forget(sender);
          },
        },
        RequestDefaultAgent: {
          takes: 'o',
          gives: '',
          run: ([path], sender) => {
            mustOwn(sender, path);
            preferred = sender;
          },
        },
      },
    }),

    canEnterPasskey: (sender) => ['KeyboardOnly', 'KeyboardDisplay'].includes(agentFor(sender)?.capability ?? ''),

    async requestPasskey(sender, device) {
      const agent = agentFor(sender);
      if (!agent) throw refused.authenticationFailed();
      asked.set(device, agent);
      try {
        const [digits] = await call(agent, 'RequestPasskey', 'o', [device]);
        return Number(digits);
      } catch (cause) {
        const canceled = cause instanceof DBusError && cause.type === 'org.bluez.Error.Canceled';
        throw new BluezFault(canceled ? 'AuthenticationCanceled' : 'AuthenticationFailed', 'Authentication Failed');
      } finally {
        asked.delete(device);
      }
    },

    cancelRequest(device) {
      const agent = asked.get(device);
      if (!agent) return;
      // nobody waits for the answer, and the agent may have left
      call(agent, 'Cancel', '', []).catch(() => {});
    },

    forget,
    clear: () => {
      agents.clear();
      preferred = null;
    },
  };
}
