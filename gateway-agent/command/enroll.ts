import { parseArgs } from 'node:util';
import { AuthorityPin, EnrolmentCode, type EnrolmentFault } from '#domain/enrolment.ts';
import { Outage, SetupFault } from '#domain/errors.ts';
import { credentialsFile, readCredentials } from '../identity/credentials.ts';
import { enrolBox } from '../identity/enrolment.ts';
import type { Terminal, Words } from './terminal.ts';
import { exits, Misspoken, type Verb } from './verb.ts';

/** Makes this box a source of a platform. */
export const enroll: Verb = {
  takes: '<url> <code> [--trust <fingerprint>] [--token] [--again]',
  says: {
    en: 'make this box known to a platform, with the code that it gave out',
    zh: '用平台发放的注册码，将本机注册到该平台',
  },
  run: async (words, { terminal, clock, config }) => {
    const { values, positionals } = parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        again: { type: 'boolean', default: false },
        trust: { type: 'string' },
        token: { type: 'boolean', default: false },
      },
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
    const enrolled = await enrolBox(clock, {
      url,
      code: code.data,
      pin: values.trust === undefined ? undefined : pinOf(values.trust, url, terminal),
      wants: values.token ? 'token' : 'certificate',
      dataDir: DATA_DIR,
    }).catch((fault) => {
      throw fault instanceof Outage ? new Outage(fault.code, terminal.in(awayOf(url, fault.message)), fault) : fault;
    });
    if ('fault' in enrolled) {
      if (enrolled.fault === 'authority-unknown') throw new SetupFault(terminal.in(strangerAt(url)));
      if (enrolled.fault !== 'not-understood') throw new SetupFault(terminal.in(sentences[enrolled.fault]));
      throw notUnderstood(terminal, url, enrolled.status);
    }
    const { source, mqttUrl, credential } = enrolled.credentials;
    terminal.say({
      en: `Enrolled as ${source}. Readings will go to ${mqttUrl}.\nNext: restart the service (systemctl restart hearthbeat-gateway), then "hearthbeat-gateway devices" and "hearthbeat-gateway pair <device>".`,
      zh: `注册成功，本机编号为 ${source}，测量数据将发送至 ${mqttUrl}。\n下一步：重启服务(systemctl restart hearthbeat-gateway)，然后运行 "hearthbeat-gateway devices" 和 "hearthbeat-gateway pair <设备>"。`,
    });
    for (const warning of doubtsAbout(url, new URL(mqttUrl), credential.kind)) terminal.say(warning);
    return exits.well;
  },
};

/** What whoever set up the platform has forgotten shows only here. */
export function doubtsAbout(url: URL, mqttUrl: URL, credential: 'token' | 'certificate'): Words[] {
  if (credential === 'certificate' && mqttUrl.protocol !== 'mqtts:')
    return [
      {
        en: `! ${mqttUrl.href} is not encrypted, so this box has nothing to show its certificate to: the platform must be told the address of its MQTT over TLS (MQTT_PUBLIC_URL=mqtts://…), then enrol again with a new code and --again.`,
        zh: `! ${mqttUrl.href} 未加密，本机无法出示证书：请在平台设置 MQTT over TLS 的地址(MQTT_PUBLIC_URL=mqtts://…)，再用新的注册码加 --again 重新注册。`,
      },
    ];
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

function pinOf(text: string, url: URL, terminal: Terminal): AuthorityPin {
  const pin = AuthorityPin.safeParse(text);
  if (!pin.success)
    throw new SetupFault(
      terminal.in({
        en: `"${text}" is no fingerprint of an authority: it is shown with the code, four groups of eight digits and letters from a to f.`,
        zh: `"${text}" 不是证书颁发机构的指纹：指纹与注册码一同显示，共四组，每组八位，由数字和字母 a 到 f 组成。`,
      }),
    );
  if (url.protocol !== 'https:')
    throw new SetupFault(
      terminal.in({
        en: `--trust is for an address that begins with https://: at ${url.origin} nobody shows a certificate.`,
        zh: `--trust 仅用于以 https:// 开头的地址：${url.origin} 不出示证书。`,
      }),
    );
  return pin.data;
}

/** The codes with which TLS says that nobody whom we trust vouches for the server. */
const vouchless = /^(SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/;

/** The codes with which it says that the hour of this box is not within the time of the server's certificate. */
const untimely = /^CERT_(NOT_YET_VALID|HAS_EXPIRED)$/;

function awayOf({ origin }: URL, code: string): Words {
  if (vouchless.test(code))
    return {
      en: `Nobody whom this box trusts vouches for ${origin} (${code}): a platform with an authority of its own shows a fingerprint with the code; add --trust <fingerprint>.`,
      zh: `本机信任的机构均未为 ${origin} 背书(${code})：使用自有证书颁发机构的平台会随注册码显示指纹，请加上 --trust <指纹>。`,
    };
  if (untimely.test(code))
    return {
      en: `By the clock of this box the certificate of ${origin} is not good today (${code}): look at the clock (date) and let it be set from the network, then say the same again; the code is still good.`,
      zh: `按本机时钟，${origin} 的证书当前不在有效期内(${code})：请检查时间(date)并从网络校时，然后再次执行同一命令；注册码仍然有效。`,
    };
  return {
    en: `${origin} cannot be reached (${code}): check the address and the network, then say the same again; the code is still good.`,
    zh: `无法连接 ${origin}(${code})：请检查地址和网络，然后再次执行同一命令；注册码仍然有效。`,
  };
}

const strangerAt = (url: URL): Words => ({
  en: `What answers at ${url.origin} does not show the authority with this fingerprint, and was told nothing: compare the fingerprint. If it is right, somebody stands between this box and the platform: tell the platform.`,
  zh: `${url.origin} 的应答方未出示具有该指纹的证书颁发机构，本机未向其发送任何内容：请核对指纹。若指纹无误，说明有人介于本机与平台之间，请告知平台管理员。`,
});

const notUnderstood = (terminal: Terminal, url: URL, status: number): Error =>
  status >= 500
    ? new Outage(
        'platform-away',
        terminal.in({
          en: `${url.origin} cannot answer just now (${status}): say the same again in a while.`,
          zh: `${url.origin} 暂时无法应答(${status})：请稍后再次执行同一命令。`,
        }),
      )
    : new SetupFault(
        terminal.in({
          en: `${url.origin} answers (${status}), but is no Hearthbeat platform of this version: check the address.`,
          zh: `${url.origin} 有应答(${status})，但不是此版本的 Hearthbeat 平台：请检查地址。`,
        }),
      );

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
