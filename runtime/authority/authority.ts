import type { SourceId } from '#domain/ids.ts';
import { type Clock, instant } from '../clock.ts';
import { faultDetails, type Log } from '../log.ts';
import type { Health } from '../service.ts';
import {
  ensureAuthority,
  type Kept,
  opened,
  readAuthorities,
  resealAuthorities,
  signerOf,
  trustedOf,
} from './authority-file.ts';
import { type RequestFault, readCertificateRequest } from './certificate-request.ts';
import {
  endOf,
  fingerprintOf,
  type IssuedCertificate,
  makeClientCertificate,
  makeServerCertificate,
  serverDays,
} from './certificates.ts';

/**
 * The platform's own certificate authority: it signs the certificates by which boxes are known, and those of our servers by which boxes know us.
 * Its key lies encrypted in DATA_DIR. A second one may take over from the first while the platform runs (docs/authority.md).
 */
export type Authority = {
  /** PEM of every authority in force, the eldest first: what boxes trust, and what a server asks of its clients. */
  readonly certificate: string;
  /** What somebody pins: SHA-256, hexadecimal, of the authority that signs our servers' certificates. */
  readonly fingerprint: string;
  /** For whoever holds the key of the request; nothing is recorded (runtime/records/certificates.ts). @param requestPem PKCS #10 */
  issueFor(source: SourceId, requestPem: string): Promise<IssuedCertificate | RequestFault>;
  /** A server certificate for these names and addresses, renewed before it ends. */
  serverCredentials(names: readonly string[]): Promise<ServerCredentials>;
  health(): Health;
  /** Nothing is renewed any more. */
  stop(): void;
};

export type ServerCredentials = {
  /** PEM, each. `certificate`: with the authority's behind it. `authority`: whom to trust of those who call. */
  credentials(): { key: string; certificate: string; authority: string };
  /** Called whenever they have changed. The answer ends it. */
  onRenewed(renewed: () => void): () => void;
};

/** So often the file is looked at again, and what is about to end is renewed. */
const lookEveryMs = 60_000;
const dayMs = 86_400_000;
/** Certificates of servers are renewed at half of their life. */
const renewServersMs = (serverDays / 2) * dayMs;
/** Long after it should have been renewed. */
const warnServersMs = 5 * dayMs;
/** Below that, certificates of boxes begin to end with the authority. */
const warnBeforeMs = 365 * dayMs;

/**
 * @param config.folder DATA_DIR. `formerPassphrase`: with which the file may still be sealed; it is sealed anew.
 * `clientDays`: how long a box's certificate is good.
 * @throws SetupFault where the file is damaged, cannot be written, or does not open.
 */
export async function openAuthority(
  deps: { clock: Pick<Clock, 'now' | 'every'>; log: Log },
  config: { folder: string; passphrase: string; formerPassphrase?: string; clientDays?: number },
): Promise<Authority> {
  const { clock, log } = deps;
  const { folder, passphrase, clientDays = 90 } = config;
  let kept = unsealed(await ensureAuthority(folder, passphrase, clock.now()));
  let trusted = trustedOf(kept, clock.now());
  const servers: { renew(): Promise<void>; ends(): number }[] = [];
  let looking = false;

  const stop = clock.every(lookEveryMs, () => void look());
  return {
    get certificate() {
      return bundle();
    },
    get fingerprint() {
      return fingerprintOf(eldest().certificate);
    },
    async issueFor(source, requestPem) {
      const request = await readCertificateRequest(requestPem);
      if (typeof request === 'string') return request;
      const signer = signerOf(folder, kept, passphrase);
      return makeClientCertificate(signer, {
        source,
        publicKey: request.publicKey,
        now: clock.now(),
        days: clientDays,
      });
    },
    async serverCredentials(names) {
      const listeners = new Set<() => void>();
      let made = await make();
      servers.push({
        ends: () => made.notAfter,
        async renew() {
          // none lasts longer than the authority that signs it
          const due = made.notAfter - clock.now() < renewServersMs && made.notAfter < endOf(eldest().certificate);
          if (!due && made.authority === bundle()) return;
          made = await make();
          for (const listener of listeners) listener();
        },
      });
      return {
        credentials: () => ({ key: made.key, certificate: made.certificate, authority: made.authority }),
        onRenewed: (renewed) => {
          listeners.add(renewed);
          return () => void listeners.delete(renewed);
        },
      };

      async function make() {
        const signer = opened(folder, eldest(), passphrase);
        return { ...(await makeServerCertificate(signer, { names, now: clock.now() })), authority: bundle() };
      }
    },
    health: () => {
      const shownUntil = Math.min(...servers.map((server) => server.ends()));
      if (shownUntil - clock.now() < warnServersMs)
        return { state: 'degraded', trouble: 'certificate-ending', detail: `ends ${instant(shownUntil)}` };
      const ends = endOf(kept.at(-1)?.certificate ?? '');
      if (ends - clock.now() > warnBeforeMs) return { state: 'ok' };
      const day = instant(ends).slice(0, 10);
      return {
        state: 'degraded',
        trouble: 'authority-ending',
        detail: `the authority ends on ${day}: let another take over ("npm run home -- authority new")`,
      };
    },
    stop,
  };

  /** Boxes that were enrolled before the latest one took over know only this one. */
  function eldest(): Kept {
    const [first] = trusted;
    if (!first) throw new Error('no authority is trusted');
    return first;
  }

  function bundle(): string {
    return trusted.map(({ certificate }) => `${certificate.trim()}\n`).join('');
  }

  function unsealed(found: Kept[]): Kept[] {
    const { formerPassphrase } = config;
    if (formerPassphrase === undefined || formerPassphrase === passphrase) {
      signerOf(folder, found, passphrase);
      return found;
    }
    try {
      signerOf(folder, found, passphrase);
      return found;
    } catch {
      return resealAuthorities(folder, found, formerPassphrase, passphrase);
    }
  }

  /** What went wrong is tried again in a minute: until then everything goes on as it was. */
  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    try {
      const found = readAuthorities(folder) ?? kept;
      signerOf(folder, found, passphrase);
      kept = found;
      trusted = trustedOf(kept, clock.now());
      for (const server of servers) await server.renew();
    } catch (fault) {
      log.error('certificates could not be renewed', faultDetails(fault));
    } finally {
      looking = false;
    }
  }
}
