import { SetupFault } from '#domain/errors.ts';
import type { SourceId } from '#domain/ids.ts';
import type { Config } from '../config.ts';
import { readCredentials } from './credentials.ts';

/** As whom the gateway signs in, and where. */
export type Identity = {
  source: SourceId;
  /** Undefined for one that signs in by certificate. */
  secret?: string;
  /** PEM. */
  certificate?: { key: string; certificate: string; authority: string; notAfter: string };
  mqttUrl: string;
  /** Where the box was enrolled, if it was. */
  url?: string;
};

const ofOwnMachine = 'mqtt://127.0.0.1:1883';

/** The environment has the first word, then the file of the enrolment. @throws SetupFault when there is neither. */
export function identityOf(config: Config, language: 'en' | 'zh' = 'en'): Identity {
  const { GATEWAY_SOURCE, GATEWAY_SECRET, MQTT_URL, DATA_DIR } = config;
  if (GATEWAY_SOURCE && GATEWAY_SECRET)
    return { source: GATEWAY_SOURCE, secret: GATEWAY_SECRET, mqttUrl: MQTT_URL ?? ofOwnMachine };
  const known = readCredentials(DATA_DIR);
  if (!known)
    throw new SetupFault(
      language === 'zh'
        ? '本机尚未注册：请向平台申请注册码并执行 "hearthbeat-gateway enroll <网址> <注册码>"，或设置 GATEWAY_SOURCE 和 GATEWAY_SECRET。'
        : 'This box was not enrolled: ask the platform for a code and say "hearthbeat-gateway enroll <url> <code>", or set GATEWAY_SOURCE and GATEWAY_SECRET.',
    );
  const { source, credential, key, url } = known;
  const mqttUrl = MQTT_URL ?? known.mqttUrl;
  if (credential.kind === 'token') return { source, secret: credential.token, mqttUrl, url };
  const { certificate, authority, notAfter } = credential;
  return { source, certificate: { key, certificate, authority, notAfter }, mqttUrl, url };
}
