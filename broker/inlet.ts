import type { AedesOptions, PublishPacket } from 'aedes';
import { Outage } from '#domain/errors.ts';
import type { UpTopic } from '#domain/topics.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Journal } from '#runtime/journal.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { BrokerLimits } from './limits.ts';
import { createPace } from './pace.ts';
import { downTopicOf, type Session, type Sessions, upTopicOf } from './sessions.ts';

type Hooks = Required<Pick<AedesOptions, 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>>;
type Done = (fault?: Error | null) => void;
type Limits = Pick<BrokerLimits, 'statusBytes' | 'answerBytes' | 'publishes' | 'turnBytes' | 'refusedFilters'>;

/**
 * What may come in, and its way to the disk. aedes sends PUBACK before it stores or delivers anything; only `authorizePublish`
 * comes before. So the journal is written there: if it cannot be, the source is disconnected without an acknowledgement,
 * keeps its readings and sends them again. A source that sends too fast waits there, too: aedes reads nothing more of a
 * connection while it has packets of it in hand, so the waiting reaches the source, and nobody else.
 */
export function createInlet(
  deps: {
    journal: Journal;
    sessions: Sessions;
    clock: Clock;
    log: Log;
    onRefused: (what: string) => void;
    onHeld: () => void;
  },
  limits: Limits,
) {
  const { journal, sessions, clock, log, onRefused, onHeld } = deps;
  const publishes = createPace<string>(clock, limits.publishes);
  const underWay = new Set<Promise<void>>();
  let fault: string | undefined;

  const hooks: Hooks = {
    authorizePublish(client, packet, done) {
      const session = sessions.of(client);
      const kind = session && upTopicOf(session, packet.topic);
      const refusal = kind ? refusalOf(kind, packet) : 'publish';
      if (!session || !kind || refusal) {
        onRefused(refusal ?? 'publish');
        return done(new Error(`refused: ${refusal ?? 'publish'}`));
      }
      if (isWill(packet)) {
        if (isPresent(session)) return done(new Error('refused: the source is connected'));
        return keep(session, kind, packet, done);
      }
      if (packet.qos < 2 || !packet.dup) return inTurn(session, kind, packet, done);
      void isUnreleased(session.client, packet).then((known) =>
        known ? done(null) : inTurn(session, kind, packet, done),
      );
    },
    authorizeSubscribe(client, subscription, done) {
      const session = sessions.of(client);
      if (session && downTopicOf(session, subscription.topic)) return done(null, subscription);
      onRefused('subscribe');
      if (!session || ++session.refusedFilters > limits.refusedFilters) return done(new Error('refused: subscribe'));
      // without a subscription aedes answers 0x80 in SUBACK
      done(null, null);
    },
    authorizeForward(client, packet) {
      const session = sessions.of(client);
      return session && downTopicOf(session, packet.topic) ? packet : null;
    },
  };
  return {
    hooks,
    /** Why the last entry could not be kept, or undefined. */
    fault: () => fault,
    /** Resolves when the journal has answered for everything that came in so far. */
    settled: async (): Promise<void> => void (await Promise.allSettled(underWay)),
    sweep: publishes.sweep,
  };

  function inTurn(session: Session, kind: UpTopic, packet: PublishPacket, done: Done): void {
    const waitMs = publishes.take(session.source, Math.max(1, Math.ceil(packet.payload.length / limits.turnBytes)));
    const pass = () => {
      // it sends again what it got no acknowledgement for
      if (session.client.closed) done(new Error('the connection ended'));
      else keep(session, kind, packet, done);
    };
    if (waitMs === 0 && !session.line) pass();
    else {
      onHeld();
      hold(session, clock.elapsed() + waitMs, pass);
    }
  }

  /** Lets the messages of a source pass one behind the other, none before it is due. */
  function hold(session: Session, dueAt: number, pass: () => void): void {
    const before = session.line ?? Promise.resolve();
    const turn = before.then(async () => {
      const waitMs = dueAt - clock.elapsed();
      if (waitMs > 0 && !session.client.closed) await clock.sleep(waitMs);
      pass();
      if (session.line === turn) session.line = undefined;
    });
    session.line = turn;
  }

  /**
   * A will says that its source is away. That is untrue when the source came back on another connection, and when aedes takes
   * us for a broker that died, as it does after the machine was suspended.
   */
  function isPresent(session: Session): boolean {
    return !session.client.closed || sessions.takenOver(session);
  }

  function refusalOf(kind: UpTopic, packet: PublishPacket): string | undefined {
    if (packet.retain && kind !== 'status') return 'retain';
    if (kind === 'status' && packet.payload.length > limits.statusBytes) return 'too-long';
    if (kind === 'answers' && packet.payload.length > limits.answerBytes) return 'too-long';
    return undefined;
  }

  function keep({ source, shard }: Session, kind: UpTopic, packet: PublishPacket, done: Done): void {
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const kept = journal.append({ source, shard, kind, receivedAt: clock.now(), payload }).then(
      () => {
        if (fault) log.info('what sources send is kept again');
        fault = undefined;
        // aedes keeps a message of QoS 2 until it is released, and needs nothing of it but its number
        packet.payload = nothing;
        done(null);
      },
      (cause) => {
        onRefused('journal');
        if (!fault) log.error('what sources send cannot be kept and is not acknowledged', faultDetails(cause));
        fault = cause instanceof Outage ? cause.code : 'unknown';
        done(cause);
      },
    );
    underWay.add(kept);
    void kept.then(() => underWay.delete(kept));
  }
}

const nothing = Buffer.alloc(0);

/** A last will comes from the CONNECT packet, not from a PUBLISH. */
const isWill = (packet: PublishPacket): boolean => (packet as { cmd?: string }).cmd !== 'publish';

/**
 * Whether a message of QoS 2 that is sent again came before and is not released: aedes asks us again, and then only answers
 * (MQTT 3.1.1, 4.3.3-2). Its types do not tell of the store in which it looks.
 */
const isUnreleased = (client: Session['client'], packet: PublishPacket): Promise<boolean> =>
  (client as unknown as Knowing).broker.persistence.incomingGetPacket(client, packet).then(
    () => true,
    () => false,
  );
type Knowing = { broker: { persistence: { incomingGetPacket(client: object, packet: object): Promise<unknown> } } };
