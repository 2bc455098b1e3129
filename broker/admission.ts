import type { AedesOptions } from 'aedes';
import { Outage } from '#domain/errors.ts';
import { SourceId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import { hashToken } from '#runtime/records/sources.ts';
import type { Credentials } from './credentials.ts';
import type { Sessions } from './sessions.ts';

/** Why a connection was refused; the words of the metric `hearthbeat_mqtt_refused_total`. */
export type Refusal = 'identifier' | 'credentials' | 'revoked' | 'will' | 'unavailable';

/** MQTT 3.1.1, table 3.1. */
const returnCodes: Record<Refusal, number> = { identifier: 2, unavailable: 3, credentials: 4, revoked: 5, will: 5 };

type Client = Parameters<NonNullable<AedesOptions['authenticate']>>[0];
type Asked = { clientId: string; willTopic: string | undefined };

/**
 * Who may connect: a source whose username is its id, whose password is its token, whose client id is its id again (so that a
 * second connection takes over the first one), and whose last will, if any, is its own status.
 */
export function createAdmission(deps: {
  credentials: Credentials;
  sessions: Sessions;
  onRefused: (refusal: Refusal) => void;
}): Required<Pick<AedesOptions, 'preConnect' | 'authenticate'>> {
  const { credentials, sessions, onRefused } = deps;
  const asked = new WeakMap<Client, Asked>();
  return {
    preConnect(client, packet, done) {
      asked.set(client, { clientId: packet.clientId, willTopic: packet.will?.topic });
      // No session outlives its connection here: aedes would queue without bound for one that never returns, and would
      // queue foreign topics too if one granted filter stands beside a refused one. What matters downwards is sent again.
      packet.clean = true;
      done(null, true);
    },
    authenticate(client, username, password, done) {
      void refusalOf(asked.get(client), username, password).then((outcome) => {
        if (typeof outcome === 'object') {
          if (!client.closed) sessions.begin(client, outcome.source, outcome.secretHash);
          return done(null, true);
        }
        onRefused(outcome);
        done(Object.assign(new Error(`refused: ${outcome}`), { returnCode: returnCodes[outcome] }), false);
      });
    },
  };

  async function refusalOf(
    wish: Asked | undefined,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<Refusal | { source: SourceId; secretHash: string }> {
    const source = SourceId.safeParse(username);
    if (!source.success || !password || password.length === 0)
      return wish?.clientId === '' ? 'identifier' : 'credentials';
    try {
      const verdict = await credentials.check(source.data, password);
      if (verdict !== 'yes') return verdict === 'revoked' ? 'revoked' : 'credentials';
    } catch (fault) {
      if (fault instanceof Outage) return 'unavailable';
      throw fault;
    }
    if (wish?.clientId !== source.data) return 'identifier';
    if (wish.willTopic !== undefined && wish.willTopic !== topicOf(source.data, 'status')) return 'will';
    return { source: source.data, secretHash: hashToken(password) };
  }
}
