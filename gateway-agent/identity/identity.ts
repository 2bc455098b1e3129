import { getCACertificates } from 'node:tls';
import { SetupFault } from '#domain/errors.ts';
import type { SourceId } from '#domain/ids.ts';
import type { Config } from '../config.ts';
import type { Credential } from '../uplink/connection.ts';
import { type Credentials, readCredentials } from './credentials.ts';

/** As whom the gateway signs in, and where. */
export type Identity = {
  source: SourceId;
  credential: Credential;
  mqttUrl: string;
  /** What it was given when it was enrolled, if that is where this comes from. */
  enrolled?: Credentials;
};

const ofOwnMachine = 'mqtt://127.0.0.1:1883';

/** The environment has the first word, then the file of the enrolment. @throws SetupFault when there is neither. */
export function identityOf(config: Config, language: 'en' | 'zh' = 'en'): Identity {
  const { GATEWAY_SOURCE, GATEWAY_SECRET, MQTT_URL, DATA_DIR } = config;
  if (GATEWAY_SOURCE && GATEWAY_SECRET)
    return { source: GATEWAY_SOURCE, credential: { secret: GATEWAY_SECRET }, mqttUrl: MQTT_URL ?? ofOwnMachine };
  const enrolled = readCredentials(DATA_DIR);
  if (!enrolled)
    throw new SetupFault(
      language === 'zh'
        ? '本机尚未注册：请向平台申请注册码并执行 "hearthbeat-gateway enroll <网址> <注册码>"，或设置 GATEWAY_SOURCE 和 GATEWAY_SECRET。'
        : 'This box was not enrolled: ask the platform for a code and say "hearthbeat-gateway enroll <url> <code>", or set GATEWAY_SOURCE and GATEWAY_SECRET.',
    );
  const { source, mqttUrl } = enrolled;
  return { source, credential: credentialOf(enrolled), mqttUrl: MQTT_URL ?? mqttUrl, enrolled };
}

/** As it is used when connecting. */
export function credentialOf({
  credential,
  key,
  trusted,
}: Pick<Credentials, 'credential' | 'key' | 'trusted'>): Credential {
  // a token may also go to a server that stands in front of the broker with a certificate that everybody trusts, as the platform's pages have it
  const known = credential.kind === 'token' && !trusted ? getCACertificates('default') : [];
  const vouching = [credential.authority ?? trusted, ...known].filter((one) => one !== undefined);
  const authority = credential.authority === undefined && !trusted ? undefined : vouching.join('\n');
  const proof =
    credential.kind === 'token'
      ? { secret: credential.token }
      : { certificate: { key, certificate: credential.certificate } };
  return { ...proof, ...(authority === undefined ? {} : { authority }) };
}
