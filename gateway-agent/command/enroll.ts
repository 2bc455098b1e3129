import { parseArgs } from 'node:util';
import {
  EnrolmentAnswer,
  EnrolmentCode,
  type EnrolmentFault,
  type EnrolmentRequest,
  enrolmentFaults,
} from '#domain/enrolment.ts';
import { Outage, SetupFault } from '#domain/errors.ts';
import { type Clock, instant, within } from '#runtime/clock.ts';
import {
  credentialsFile,
  keepCredentials,
  keepEnrolmentKey,
  readCredentials,
  readEnrolmentKey,
} from '../identity/credentials.ts';
import { software } from '../status.ts';
import type { Terminal, Words } from './terminal.ts';
import { exits, Misspoken, type Verb } from './verb.ts';

/**
 * Makes this box a source of a platform: a key that never leaves it, a certificate request signed with it, and the code somebody was given. When
 * the answer is lost, the same is asked again with the same key, and the platform answers once more.
 */
export const enroll: Verb = {
  takes: '<url> <code> [--again]',
  says: {
    en: 'make this box known to a platform, with the code that it gave out',
    zh: '用平台发放的注册码，将本机注册到该平台',
  },
  run: async (words, { terminal, clock, config }) => {
    const { values, positionals } = parseArgs({
      args: words,
      allowPositionals: true,
      options: { again: { type: 'boolean', default: false } },
    });
    const [place, text] = positionals;
    if (!place || !text || positionals.length > 2) throw new Misspoken();
    const url = placeOf(place, terminal);
    const code = EnrolmentCode.safeParse(text);
    if (!code.success)
      throw new SetupFault(
        terminal.in({
          en: `"${text}" is no enrolment code: a code is eight letters and digits, such as K7QM-2XPF.`,
          zh: `"${text}" 不是注册码：注册码由八位字母和数字组成，例如 K7QM-2XPF。`,
        }),
      );
    const { DATA_DIR } = config;
    if (!values.again && isEnrolled(DATA_DIR))
      throw new SetupFault(
        terminal.in({
          en: `This box is enrolled already (${credentialsFile(DATA_DIR)}): to enrol it anew, add --again.`,
          zh: `本机已注册(${credentialsFile(DATA_DIR)})。如需重新注册，请加上 --again。`,
        }),
      );
    const key = readEnrolmentKey(DATA_DIR) ?? (await newKey());
    // before anything is sent: an answer to a key that is lost is of no use
    keepEnrolmentKey(DATA_DIR, key);
    const request = await requestFor(key);
    const asked = await send(clock, terminal, url, {
      v: 1,
      code: code.data,
      certificateRequest: request,
      software,
    });
    if ('fault' in asked) throw new SetupFault(terminal.in(sentences[asked.fault]));
    keepCredentials(DATA_DIR, { ...asked.answer, url: url.href, enrolledAt: instant(clock.now()), key });
    terminal.say({
      en: `Enrolled as ${asked.answer.source}. Readings will go to ${asked.answer.mqttUrl}.\nNext: restart the service (systemctl restart hearthbeat-gateway), then "hearthbeat-gateway devices" and "hearthbeat-gateway pair <device>".`,
      zh: `注册成功，本机编号为 ${asked.answer.source}，测量数据将发送至 ${asked.answer.mqttUrl}。\n下一步：重启服务(systemctl restart hearthbeat-gateway)，然后运行 "hearthbeat-gateway devices" 和 "hearthbeat-gateway pair <设备>"。`,
    });
    for (const warning of doubtsAbout(url, new URL(asked.answer.mqttUrl))) terminal.say(warning);
    return exits.well;
  },
};

/** What whoever set up the platform has forgotten shows only here. */
export function doubtsAbout(url: URL, mqttUrl: URL): Words[] {
  if (isLoopback(url)) return [];
  if (isLoopback(mqttUrl))
    return [
      {
        en: `! ${mqttUrl.host} is this box itself: the platform must be told the address that homes reach (MQTT_PUBLIC_URL), then enrol again with a new code and --again.`,
        zh: `! ${mqttUrl.host} 指向本机：请在平台设置患者家庭可访问的地址(MQTT_PUBLIC_URL)，再用新的注册码加 --again 重新注册。`,
      },
    ];
  if (mqttUrl.protocol === 'mqtts:') return [];
  return [
    {
      en: '! This way is not encrypted (mqtt://): it must lead through a tunnel of yours, else anybody on it reads measurements and the credential.',
      zh: '! 该连接未加密(mqtt://)：必须经由你方的隧道，否则途中任何人都能读取测量数据和凭证。',
    },
  ];
}

const isLoopback = ({ hostname }: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);

export const enrolmentWithinMs = 20_000;
const answerBytesAtMost = 64 * 1024;

/** A damaged file is no enrolment: whoever enrols anew mends it. */
function isEnrolled(dataDir: string): boolean {
  try {
    return readCredentials(dataDir) !== undefined;
  } catch {
    return true;
  }
}

/** https, for the code is a secret; http on this very machine only. */
function placeOf(text: string, terminal: Terminal): URL {
  const refuse = (words: Words) => new SetupFault(terminal.in(words));
  if (!URL.canParse(text))
    throw refuse({
      en: `"${text}" is no address: it looks like https://hearthbeat.example.org.`,
      zh: `"${text}" 不是有效的地址：地址形如 https://hearthbeat.example.org。`,
    });
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url)))
    throw refuse({
      en: `${url.protocol}//${url.host} is not safe for a code: the address must begin with https://.`,
      zh: `通过 ${url.protocol}//${url.host} 发送注册码不安全：地址必须以 https:// 开头。`,
    });
  if (url.username || url.password)
    throw refuse({
      en: 'The address must hold no user name and no password.',
      zh: '地址中不得包含用户名和密码。',
    });
  return url;
}

/** ECDSA on P-256, PKCS #8, PEM. */
async function newKey(): Promise<string> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

async function requestFor(pem: string): Promise<string> {
  await import('reflect-metadata');
  const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
  const { createPrivateKey, createPublicKey } = await import('node:crypto');
  const signing = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const key = createPrivateKey(pem);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const keys = {
    privateKey: await crypto.subtle.importKey('pkcs8', key.export({ type: 'pkcs8', format: 'der' }), signing, false, [
      'sign',
    ]),
    publicKey: await crypto.subtle.importKey('spki', publicKey, signing, true, ['verify']),
  };
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=hearthbeat-gateway',
    keys,
    signingAlgorithm: signing,
  });
  return request.toString('pem');
}

type Sent = { answer: EnrolmentAnswer } | { fault: EnrolmentFault };

/** @throws Outage `platform-away`, which the same words typed again may cure; SetupFault when nobody there knows of enrolments. */
async function send(clock: Clock, terminal: Terminal, url: URL, request: EnrolmentRequest): Promise<Sent> {
  const quit = new AbortController();
  const asking = (async () => {
    const response = await fetch(new URL('/api/v1/enrolments', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(request),
      redirect: 'error',
      signal: quit.signal,
    });
    return { status: response.status, json: await jsonOf(response) };
  })();
  let answered: Awaited<typeof asking>;
  try {
    answered = await within(clock, enrolmentWithinMs, asking, () => new Error('no answer in time'));
  } catch (fault) {
    throw new Outage(
      'platform-away',
      terminal.in({
        en: `${url.origin} cannot be reached (${causeOf(fault)}): check the address and the network, then say the same again; the code is still good.`,
        zh: `无法连接 ${url.origin}(${causeOf(fault)})：请检查地址和网络，然后再次执行同一命令；注册码仍然有效。`,
      }),
      { retry: true, cause: fault },
    );
  } finally {
    asking.catch(() => {});
    quit.abort();
  }
  const { status, json } = answered;
  const answer = EnrolmentAnswer.safeParse(json);
  if (status === 200 && answer.success) return { answer: answer.data };
  const { code } = (json ?? {}) as { code?: unknown };
  const fault = enrolmentFaults.find((one) => one === code);
  if (fault) return { fault };
  if (status >= 500)
    throw new Outage(
      'platform-away',
      terminal.in({
        en: `${url.origin} cannot answer just now (${status}): say the same again in a while.`,
        zh: `${url.origin} 暂时无法应答(${status})：请稍后再次执行同一命令。`,
      }),
    );
  throw new SetupFault(
    terminal.in({
      en: `${url.origin} answers (${status}), but is no Hearthbeat platform of this version: check the address.`,
      zh: `${url.origin} 有应答(${status})，但不是此版本的 Hearthbeat 平台：请检查地址。`,
    }),
  );
}

async function jsonOf(response: Response): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > answerBytesAtMost) return undefined;
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The code of what lies below, such as ECONNREFUSED or CERT_HAS_EXPIRED. */
function causeOf(fault: unknown): string {
  for (let at = fault as { code?: unknown; cause?: unknown } | undefined; at; at = at.cause as typeof at)
    if (typeof at.code === 'string') return at.code;
  return fault instanceof Error ? fault.message : 'no answer';
}

const sentences: Record<EnrolmentFault, Words> = {
  'code-unknown': {
    en: 'The platform does not know this code: compare it with what you were given, or ask for a new one.',
    zh: '平台不认识该注册码：请核对，或申请新的注册码。',
  },
  'code-expired': {
    en: 'This code is too old: ask the platform for a new one.',
    zh: '该注册码已过期：请向平台申请新的注册码。',
  },
  'code-used': {
    en: 'This code was used already: ask the platform for a new one. If nobody of yours has used it, tell the platform so.',
    zh: '该注册码已被使用：请向平台申请新的注册码。若并非你方使用，请告知平台管理员。',
  },
  'request-malformed': {
    en: 'The platform does not understand this request: gateway and platform are of versions too far apart, update the older one.',
    zh: '平台无法理解本次请求：网关与平台版本相差过大，请更新较旧的一方。',
  },
  'request-unsigned': {
    en: 'The platform does not accept the proof of the key: remove enrolment-key.json from the data folder and enrol again.',
    zh: '平台不接受密钥证明：请删除数据目录中的 enrolment-key.json 后重新注册。',
  },
  'too-many-tries': {
    en: 'There were too many wrong codes: wait a minute, compare the code, and try again.',
    zh: '错误次数过多：请等待一分钟，核对注册码后再试。',
  },
};
