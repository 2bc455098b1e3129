import { TLSSocket } from 'node:tls';
import type { AedesOptions } from 'aedes';
import { Outage } from '#domain/errors.ts';
import { SourceId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import { hashToken } from '#runtime/records/sources.ts';
import { addressOf } from './addresses.ts';
import { presentedOn } from './certificates.ts';
import type { Credentials } from './credentials.ts';
import type { Pace } from './pace.ts';
import type { Proof, Sessions } from './sessions.ts';

/** Why a connection was refused; the words of the metric `hearthbeat_mqtt_refused_total`. */
export type Refusal = 'identifier' | 'credentials' | 'certificate' | 'revoked' | 'will' | 'attempts' | 'unavailable';

/** MQTT 3.1.1, table 3.1. */
const returnCodes: Record<Refusal, number> = {
  identifier: 2,
  unavailable: 3,
  attempts: 3,
  credentials: 4,
  certificate: 5,
  revoked: 5,
  will: 5,
};

type Client = Parameters<NonNullable<AedesOptions['authenticate']>>[0];
type ConnectPacket = Parameters<NonNullable<AedesOptions['preConnect']>>[1];
type Claim = { source: SourceId; proof: Proof };

/**
 * Who may connect: a source that shows its certificate, or whose username is its id and whose password is its token. Its client
 * id is its id again (so that a second connection takes over the first one), and its last will, if any, is its own status. Where
 * there is a certificate nothing else counts: names that differ from it are refused, a password is not looked at.
 */
export function createAdmission(deps: {
  credentials: Credentials;
  sessions: Sessions;
  /** Of failed sign-ins, by address. */
  failures: Pace<string>;
  onRefused: (refusal: Refusal) => void;
}): Required<Pick<AedesOptions, 'preConnect' | 'authenticate'>> {
  const { credentials, sessions, failures, onRefused } = deps;
  const asked = new WeakMap<Client, ConnectPacket>();
  return {
    preConnect(client, packet, done) {
      asked.set(client, packet);
      // No session outlives its connection here: aedes would queue without bound for one that never returns, and would
      // queue foreign topics too if one granted filter stands beside a refused one. What matters downwards is sent again.
      packet.clean = true;
      done(null, true);
    },
    authenticate(client, username, password, done) {
      void refusalOf(client, username, password).then((outcome) => {
        forgetSecrets(client);
        if (typeof outcome === 'object') {
          if (!client.closed) sessions.begin(client, outcome.source, outcome.proof);
          return done(null, true);
        }
        onRefused(outcome);
        done(Object.assign(new Error(`refused: ${outcome}`), { returnCode: returnCodes[outcome] }), false);
      });
    },
  };

  /** The parser keeps the CONNECT as long as the connection lives, and with it the bytes of which the password is a part. */
  function forgetSecrets(client: Client): void {
    const packet = asked.get(client);
    if (!packet) return;
    packet.password = undefined;
    if (packet.will) packet.will.payload = Buffer.from(packet.will.payload);
    asked.delete(client);
  }

  async function refusalOf(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<Refusal | Claim> {
    const wish = asked.get(client);
    const claim = claimOf(client, username, password);
    if (typeof claim === 'string') return claim === 'credentials' && wish?.clientId === '' ? 'identifier' : claim;
    const { source, proof } = claim;
    const refusal = await refusalOfClaim(client, claim);
    if (refusal) return refusal;
    if (wish?.clientId !== source) return 'identifier';
    if (wish.will && wish.will.topic !== topicOf(source, 'status')) return 'will';
    return { source, proof };
  }

  async function refusalOfClaim({ conn }: Client, { source, proof }: Claim): Promise<Refusal | undefined> {
    const known = credentials.known(source, proof);
    if (known === 'yes') return undefined;
    // over TLS only: without it everybody comes from this machine, from one address
    const address = conn instanceof TLSSocket ? addressOf(conn) : undefined;
    if (address && failures.spent(address)) return 'attempts';
    try {
      const verdict = known ?? (await credentials.lookUp(source, proof));
      if (verdict === 'yes') return undefined;
      if (address) failures.take(address);
      return verdict === 'revoked' ? 'revoked' : proof.kind === 'certificate' ? 'certificate' : 'credentials';
    } catch (fault) {
      if (fault instanceof Outage) return 'unavailable';
      throw fault;
    }
  }
}

/** Who it says it is, and with what; nothing of it is looked up yet. */
function claimOf(client: Client, username: string | undefined, password: Buffer | undefined): Refusal | Claim {
  const presented = presentedOn(client.conn);
  if (presented === 'untrusted') return 'certificate';
  if (presented) {
    const { source, fingerprint } = presented;
    if (username !== undefined && username !== source) return 'identifier';
    return { source, proof: { kind: 'certificate', hash: fingerprint } };
  }
  const source = SourceId.safeParse(username);
  if (!source.success || !password || password.length === 0) return 'credentials';
  return { source: source.data, proof: { kind: 'token', hash: hashToken(password) } };
}
