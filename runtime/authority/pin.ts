import { shownPin } from '#domain/enrolment.ts';
import type { Config } from '../config.ts';
import { readAuthorities, trustedOf } from './authority-file.ts';
import { fingerprintOf } from './certificates.ts';

/**
 * By what a box knows us, as it is typed behind `--trust`: where it comes over HTTPS that our own authority vouches for. Undefined where it comes over a
 * proxy or with a certificate of somebody whom systems trust anyway. @param now ms since 1970
 */
export function pinForBoxes(
  config: Pick<Config, 'DATA_DIR' | 'PUBLIC_URL' | 'HTTPS_PORT' | 'HTTPS_CERT_FILE'>,
  now: number,
): string | undefined {
  if (config.HTTPS_PORT === undefined || config.HTTPS_CERT_FILE !== undefined) return undefined;
  const { protocol, port } = new URL(config.PUBLIC_URL);
  // under another port a proxy of somebody's stands before us, with a certificate of its own
  if (protocol !== 'https:' || Number(port || 443) !== config.HTTPS_PORT) return undefined;
  const [eldest] = trustedOf(readAuthorities(config.DATA_DIR) ?? [], now);
  return eldest && shownPin(fingerprintOf(eldest.certificate));
}
