import { z } from 'zod';
import { Command, StatusMessage } from '#domain/downward.ts';
import { DeviceId } from '#domain/ids.ts';
import { HomeDevice } from '../home.ts';
import { introductionFaults } from '../pairing/introduction.ts';

/**
 * What is said at the control socket, `control.sock` in the data folder: JSON lines, one question for each connection, then answers until the
 * last. Whoever may open the socket may ask: it is its owner's alone.
 */
export const socketName = 'control.sock';

export const controlLimits = {
  connections: 8,
  /** Of a line, either way. */
  lineBytes: 64 * 1024,
  /** A connection that has not asked for so long is ended. */
  askWithinMs: 10_000,
  /** Answers that a client which does not read may leave unread. */
  unreadBytes: 256 * 1024,
} as const;

const Consent = z.object({ user: z.int().min(0).max(255), code: z.int().min(0).max(9_999) });

export const Question = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('state') }),
  z.object({ ask: z.literal('devices') }),
  z.object({ ask: z.literal('pair'), device: DeviceId, consent: Consent.optional() }),
  z.object({ ask: z.literal('forget'), device: DeviceId }),
  /** What the platform asks for, from now on. */
  z.object({ ask: z.literal('listen') }),
]);
export type Question = z.infer<typeof Question>;

/** While a device is being paired; null: nobody knows it. */
export const Passkey = z.object({ passkey: z.int().min(0).max(999_999).nullable() });

const Neighbour = z.object({
  device: z.string(),
  name: z.string().optional(),
  rssi: z.number().optional(),
  profiles: z.array(z.string()),
  paired: z.boolean(),
  heardAt: z.number(),
});

const State = z.object({
  source: z.string(),
  mqttUrl: z.string(),
  connected: z.boolean(),
  trouble: z.enum(['refused', 'untrusted']).optional(),
  health: z.object({ state: z.enum(['ok', 'degraded', 'down']), detail: z.string().optional() }),
  visits: z.enum(['any', 'introduced']),
  home: z.array(HomeDevice),
  aside: z.array(z.object({ reason: z.string(), count: z.int() })),
  status: StatusMessage.omit({ v: true, state: true }),
});

export const Answer = z.discriminatedUnion('say', [
  z.object({ say: z.literal('state'), state: State }),
  z.object({ say: z.literal('devices'), home: z.array(HomeDevice), near: z.array(Neighbour) }),
  z.object({ say: z.literal('waiting') }),
  z.object({ say: z.literal('visiting'), name: z.string().optional(), profiles: z.array(z.string()) }),
  z.object({ say: z.literal('passkey-wanted') }),
  z.object({ say: z.literal('trying-again'), reason: z.string() }),
  z.object({ say: z.literal('introduced'), trouble: z.string().optional() }),
  z.object({ say: z.literal('not-introduced'), reason: z.enum(introductionFaults) }),
  z.object({ say: z.literal('forgotten') }),
  z.object({ say: z.literal('listening') }),
  z.object({ say: z.literal('command'), command: Command }),
  /** `reason`: a code. The question was not understood, or could not be answered. */
  z.object({ say: z.literal('fault'), reason: z.string() }),
]);
export type Answer = z.infer<typeof Answer>;
