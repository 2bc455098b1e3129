import type { IClientOptions, MqttClient } from 'mqtt';
import { afterAll, beforeAll } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import type { ServerCredentials } from '#runtime/authority/authority.ts';
import type { Records } from '#runtime/records/connect.ts';
import { registerSource } from '#runtime/records/sources.ts';
import { type Box, boxOf, testAuthority } from './authorities.ts';
import { connectAs, type Enrolled } from './mqtt.ts';

export type CertifiedHome = { source: SourceId; box: Box };

/** An authority for the tests of a file, a server certificate of it, and homes with certificates that stand in the records. */
export function certifiedHomes(records: () => Records) {
  let room: Awaited<ReturnType<typeof testAuthority>>;
  let served: ServerCredentials;
  let made = 0;
  beforeAll(async () => {
    room = await testAuthority();
    served = await room.authority.serverCredentials(['localhost', '127.0.0.1']);
  });
  afterAll(() => room.stop());

  return {
    authority: () => room.authority,
    served: () => served,
    /** @param notAfter otherwise that of the certificate */
    async certify(notAfter?: string): Promise<CertifiedHome> {
      made += 1;
      const source = SourceId.parse(`certified-${made}`);
      await registerSource(records(), { id: source, kind: 'gateway' });
      const box = await boxOf(room.authority, source);
      await record(records(), source, box, notAfter);
      return { source, box };
    },
    /** Another certificate for a source that has one. */
    async certifyAgain(source: SourceId): Promise<CertifiedHome> {
      const box = await boxOf(room.authority, source);
      await record(records(), source, box);
      return { source, box };
    },
    connectCertified: (port: number, { source, box }: CertifiedHome, options: IClientOptions = {}) =>
      connectOverTls(
        port,
        { source, secret: '' },
        { username: undefined, password: undefined, ...shownBy(box), ...options },
      ),
    connectOverTls,
  };

  function connectOverTls(port: number, one: Enrolled, options: IClientOptions = {}): Promise<MqttClient> {
    return connectAs(port, one, { protocol: 'mqtts', host: '127.0.0.1', ca: room.authority.certificate, ...options });
  }
}

export const shownBy = ({ key, issued }: Box) => ({ key, cert: issued.certificate });

async function record(records: Records, source: SourceId, { issued }: Box, notAfter = issued.notAfter): Promise<void> {
  await records
    .insertInto('source_certificate')
    .values({
      fingerprint: issued.fingerprint,
      source_id: source,
      serial: issued.serial,
      key_fingerprint: issued.keyFingerprint,
      issued_at: issued.issuedAt,
      not_after: notAfter,
      revoked_at: null,
    })
    .execute();
}
