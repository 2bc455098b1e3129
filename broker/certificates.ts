import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { SourceId } from '#domain/ids.ts';

/** The certificate of a client: whom it names and its fingerprint, or that it is none of ours. */
export type Presented = { source: SourceId; fingerprint: string } | 'untrusted';

const names = 'URI:urn:hearthbeat:source:';

/**
 * The certificate with which the other side of a connection has proved to hold its key; undefined where it showed none.
 * TLS has verified it against the authority; whether it is still in force stands in the records.
 */
export function presentedOn(connection: Duplex): Presented | undefined {
  if (!(connection instanceof TLSSocket)) return undefined;
  const certificate = connection.getPeerX509Certificate();
  if (!certificate) return undefined;
  if (!connection.authorized) return 'untrusted';
  // the subject's common name is for people: only this name counts, and only if it is the only one
  const named = (certificate.subjectAltName ?? '').split(', ').filter((name) => name.startsWith(names));
  const source = SourceId.safeParse(named[0]?.slice(names.length));
  if (named.length !== 1 || !source.success) return 'untrusted';
  return { source: source.data, fingerprint: createHash('sha256').update(certificate.raw).digest('hex') };
}
