import { SetupFault } from '#domain/errors.ts';
import { type Authority, openAuthority } from '../authority/authority.ts';
import { openCertificateFiles } from '../authority/certificate-files.ts';
import { passphraseFrom } from '../authority/passphrase.ts';
import type { Config } from '../config.ts';
import type { Start } from './start.ts';

/** The platform's authority, and what its servers show. @throws SetupFault */
export async function startAuthority({ config, folder, secrets, clock, log, started }: Start): Promise<Authority> {
  const authority = await openAuthority(
    { clock, log },
    {
      folder: folder.path,
      ...passphraseFrom(config, secrets.authorityPassphrase),
      clientDays: config.CERTIFICATE_DAYS,
    },
  );
  started.push({ name: 'authority', end: authority.stop });
  return authority;
}

/** Under these names and addresses our servers are reached. */
export const serverNames = (config: Pick<Config, 'PUBLIC_URL' | 'MQTT_PUBLIC_URL'>): string[] => [
  ...new Set([
    'localhost',
    '127.0.0.1',
    ...[config.PUBLIC_URL, config.MQTT_PUBLIC_URL].map((url) => new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')),
  ]),
];

/** Where and as whom console and API listen over TLS; undefined where a proxy ends it. @throws SetupFault */
export async function httpsFrom({ config, clock, log, started }: Start, authority: Authority) {
  const { HTTPS_PORT: port, HTTPS_HOST: host, HTTPS_CERT_FILE: certificate, HTTPS_KEY_FILE: key } = config;
  if ((certificate === undefined) !== (key === undefined))
    throw new SetupFault('HTTPS_CERT_FILE and HTTPS_KEY_FILE belong together: set both, or neither.');
  if (port === undefined) return undefined;
  if (certificate === undefined || key === undefined)
    return { port, host, ...(await authority.serverCredentials(serverNames(config))) };
  const files = openCertificateFiles({ clock, log }, { certificate, key });
  started.push({ name: 'certificate files', end: files.stop });
  return { port, host, credentials: files.credentials, onRenewed: files.onRenewed };
}
