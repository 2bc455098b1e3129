import type { AedesOptions, PublishPacket } from 'aedes';
import { Outage } from '#domain/errors.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Journal } from '#runtime/journal.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Session, Sessions } from './sessions.ts';

type Hooks = Required<Pick<AedesOptions, 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>>;

/**
 * What may come in, and its way to the disk. aedes sends PUBACK before it stores or delivers anything; only `authorizePublish`
 * comes before. So the journal is written there: if it cannot be, the source is disconnected without an acknowledgement,
 * keeps its readings and sends them again.
 */
export function createInlet(
  deps: { journal: Journal; sessions: Sessions; clock: Clock; log: Log; onRefused: (what: string) => void },
  limits: { statusBytes: number; answerBytes: number },
) {
  const { journal, sessions, clock, log, onRefused } = deps;
  const underWay = new Set<Promise<void>>();
  let fault: string | undefined;

  const hooks: Hooks = {
    authorizePublish(client, packet, done) {
      const session = sessions.of(client);
      const refusal = refusalOf(session, packet);
      if (!session || refusal) {
        onRefused(refusal ?? 'publish');
        return done(new Error(`refused: ${refusal ?? 'publish'}`));
      }
      if (isWill(packet) && isPresent(session)) return done(new Error('refused: the source is connected'));
      const kept = keep(session, packet).then(
        () => done(null),
        (fault) => done(fault),
      );
      underWay.add(kept);
      void kept.finally(() => underWay.delete(kept));
    },
    authorizeSubscribe(client, subscription, done) {
      if (sessions.of(client)?.down.has(subscription.topic)) return done(null, subscription);
      onRefused('subscribe');
      // without a subscription aedes answers 0x80 in SUBACK
      done(null, null);
    },
    authorizeForward: (client, packet) => (sessions.of(client)?.down.has(packet.topic) ? packet : null),
  };
  return {
    hooks,
    /** Why the last entry could not be kept, or undefined. */
    fault: () => fault,
    /** Resolves when the journal has answered for everything that came in so far. */
    settled: async (): Promise<void> => void (await Promise.allSettled(underWay)),
  };

  /**
   * A will says that its source is away. That is untrue when the source came back on another connection, and when aedes takes
   * us for a broker that died, as it does after the machine was suspended.
   */
  function isPresent(session: Session): boolean {
    return !session.client.closed || sessions.takenOver(session);
  }

  function refusalOf(session: Session | undefined, packet: PublishPacket): string | undefined {
    const kind = session?.up.get(packet.topic);
    if (!kind) return 'publish';
    if (packet.retain && kind !== 'status') return 'retain';
    if (kind === 'status' && packet.payload.length > limits.statusBytes) return 'too-long';
    if (kind === 'answers' && packet.payload.length > limits.answerBytes) return 'too-long';
    return undefined;
  }

  async function keep({ source, shard, up }: Session, packet: PublishPacket): Promise<void> {
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    try {
      await journal.append({ source, shard, kind: up.get(packet.topic)!, receivedAt: clock.now(), payload });
      if (fault) log.info('what sources send is kept again');
      fault = undefined;
    } catch (cause) {
      onRefused('journal');
      if (!fault) log.error('what sources send cannot be kept and is not acknowledged', faultDetails(cause));
      fault = cause instanceof Outage ? cause.code : 'unknown';
      throw cause;
    }
  }
}

/** A last will comes from the CONNECT packet, not from a PUBLISH. */
const isWill = (packet: PublishPacket): boolean => (packet as { cmd?: string }).cmd !== 'publish';
