import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { SetupFault } from '#domain/errors.ts';
import type { Clock } from '../clock.ts';
import { faultDetails, type Log } from '../log.ts';

/** So often the files are looked at: whoever renews them needs to tell nobody. */
const lookEveryMs = 60_000;

/**
 * A server's certificate that somebody else signed, from files that are read again as they change.
 * @throws SetupFault where they cannot be read, or do not fit together.
 */
export function openCertificateFiles(
  deps: { clock: Pick<Clock, 'every'>; log: Log },
  files: { certificate: string; key: string },
): { credentials(): { key: string; certificate: string }; onRenewed(renewed: () => void): () => void; stop(): void } {
  let now = read(files);
  const listeners = new Set<() => void>();
  const stop = deps.clock.every(lookEveryMs, () => {
    try {
      const found = read(files);
      if (found.key === now.key && found.certificate === now.certificate) return;
      now = found;
      for (const listener of listeners) listener();
    } catch (fault) {
      // they may just be being written: until they fit, everything goes on as it was
      deps.log.error('the certificate of HTTPS cannot be renewed', faultDetails(fault));
    }
  });
  return {
    credentials: () => now,
    onRenewed: (renewed) => {
      listeners.add(renewed);
      return () => void listeners.delete(renewed);
    },
    stop,
  };
}

function read(files: { certificate: string; key: string }): { key: string; certificate: string } {
  const certificate = textOf('HTTPS_CERT_FILE', files.certificate);
  const key = textOf('HTTPS_KEY_FILE', files.key);
  try {
    createSecureContext({ key, cert: certificate });
  } catch {
    throw new SetupFault(
      `HTTPS_CERT_FILE and HTTPS_KEY_FILE are no certificate and its key (PEM, without a passphrase): ${files.certificate}, ${files.key}.`,
    );
  }
  return { key, certificate };
}

function textOf(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (fault) {
    throw new SetupFault(`${name}: ${file} cannot be read (${(fault as NodeJS.ErrnoException).code}).`);
  }
}
