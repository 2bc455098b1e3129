import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { type Clock, within } from '#runtime/clock.ts';
import { offset } from '../command/phrases.ts';
import { clockOffsetMostMs } from '../command/status.ts';
import type { Identity } from '../identity/identity.ts';
import { askPlatform } from '../identity/platform.ts';
import { tlsOptions, troubleOf } from '../uplink/connection.ts';
import { codeOf, type Finding, finding } from './finding.ts';

const askMs = 8_000;
const late = () => Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });

/** From the name of the server to its letting us in. @param isConnected that the running gateway is connected, which proves all of it. */
export async function checkServer(clock: Clock, identity: Identity, isConnected: boolean): Promise<Finding[]> {
  const url = new URL(identity.mqttUrl);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (url.protocol === 'mqtts:' ? 8883 : 1883);
  try {
    const { address } = await within(clock, askMs, lookup(host), late);
    const name = finding('name', 'good', { en: `${host} is ${address}`, zh: `${host} 解析为 ${address}` });
    const reach = await checkReach(clock, host, port);
    if (reach.mark !== 'good') return [name, reach];
    return [name, reach, isConnected ? accepted : await checkSignIn(clock, identity)];
  } catch (fault) {
    return [
      finding(
        'name',
        'bad',
        { en: `${host} is not found (${codeOf(fault)})`, zh: `无法解析 ${host}(${codeOf(fault)})` },
        {
          en: 'Check the cable or Wi-Fi (ping 1.1.1.1), then the name server of the network.',
          zh: '请检查网线或 Wi-Fi(ping 1.1.1.1)，再检查网络的 DNS 设置。',
        },
      ),
    ];
  }
}

async function checkReach(clock: Clock, host: string, port: number): Promise<Finding> {
  const socket = connect(port, host);
  try {
    await within(clock, askMs, once(socket, 'connect'), late);
    return finding('reach', 'good', { en: `port ${port} answers`, zh: `端口 ${port} 可连接` });
  } catch (fault) {
    return finding(
      'reach',
      'bad',
      { en: `port ${port} does not answer (${codeOf(fault)})`, zh: `端口 ${port} 无响应(${codeOf(fault)})` },
      {
        en: `Let the firewall of this network pass TCP ${port} outwards, and ask whether the platform is up.`,
        zh: `请在本地网络防火墙中放行出站 TCP ${port}，并确认平台正在运行。`,
      },
    );
  } finally {
    socket.destroy();
  }
}

const accepted: Finding = finding('accepted', 'good', { en: 'the platform lets this box in', zh: '平台接受本机登录' });

/** As the gateway does it, and with its name: so only when it is not connected itself, which would be cut off by this. */
async function checkSignIn(clock: Clock, { source, credential, mqttUrl }: Identity): Promise<Finding> {
  const mqtt = await import('mqtt');
  const client = mqtt.connect(mqttUrl, {
    protocolVersion: 4,
    clientId: source,
    username: source,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: askMs,
    ...tlsOptions(credential),
  });
  const answered = new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.on('error', reject);
    client.stream?.on('error', reject);
    client.once('close', () => reject(Object.assign(new Error('closed'), { code: 'closed' })));
  });
  try {
    await within(clock, askMs, answered, late);
    return accepted;
  } catch (fault) {
    const trouble = troubleOf(fault);
    const isRefused = trouble?.kind === 'refused';
    if (trouble?.kind === 'untrusted')
      return finding(
        'accepted',
        'bad',
        {
          en: `the server cannot prove that it is the platform (${trouble.code})`,
          zh: `服务器无法证明自己是平台(${trouble.code})`,
        },
        {
          en: 'If the clock of this box is right and the platform was not set up anew, somebody stands in between: tell the platform. Else enrol with a new code and --again; a hospital with an authority of its own names it in NODE_EXTRA_CA_CERTS.',
          zh: '若本机时钟正确且平台未重新部署，说明有人介于两者之间，请告知平台管理员。否则请用新的注册码加 --again 重新注册；医院自有的证书颁发机构由 NODE_EXTRA_CA_CERTS 指定。',
        },
      );
    return finding(
      'accepted',
      'bad',
      isRefused
        ? { en: 'the platform refuses this box', zh: '平台拒绝本机登录' }
        : { en: `no answer to the sign-in (${codeOf(fault)})`, zh: `登录无应答(${codeOf(fault)})` },
      isRefused
        ? {
            en: 'Its access was withdrawn, replaced or has ended: ask for a new code and say hearthbeat-gateway enroll <url> <code> --again.',
            zh: '访问权限已被撤销、替换或已到期：请申请新注册码并执行 hearthbeat-gateway enroll <网址> <注册码> --again。',
          }
        : {
            en: 'Check that MQTT_URL has the right scheme (mqtts:// with encryption), and that the certificate of the server is known here (NODE_EXTRA_CA_CERTS).',
            zh: '请检查 MQTT_URL 的协议（加密为 mqtts://），以及本机是否信任服务器证书(NODE_EXTRA_CA_CERTS)。',
          },
    );
  } finally {
    client.on('error', () => {});
    client.end(true);
  }
}

/** This software was not written before: a clock that says so was never set. */
const writtenAt = Date.UTC(2026, 0, 1);

const setIt = {
  en: 'Set the time from the network: timedatectl set-ntp true, and let UDP 123 pass outwards; a box without network needs a clock with a battery.',
  zh: '请从网络校时：timedatectl set-ntp true，并放行出站 UDP 123；无网络的设备需要带电池的时钟模块。',
};

/** Against the Date of the platform's answers (RFC 9110, 6.6.1), which is good to a second or two. */
export async function checkClock(clock: Clock, url: string | undefined, trusted?: string): Promise<Finding> {
  const now = clock.now();
  if (now < writtenAt) return finding('clock', 'bad', { en: 'was never set', zh: '从未设置' }, setIt);
  const synchronised = existsSync('/run/systemd/timesync/synchronized')
    ? { en: ', set from the network', zh: '，已从网络校时' }
    : { en: '', zh: '' };
  const serverSays = url === undefined ? undefined : await serverTime(clock, url, trusted);
  if (serverSays === undefined)
    return finding('clock', 'unknown', {
      en: `could not be compared with the platform${synchronised.en}`,
      zh: `无法与平台核对${synchronised.zh}`,
    });
  const aheadMs = (now + clock.now()) / 2 - serverSays;
  const says = {
    en: `${offset(aheadMs).en} of the platform${synchronised.en}`,
    zh: `比平台${offset(aheadMs).zh}${synchronised.zh}`,
  };
  return Math.abs(aheadMs) > clockOffsetMostMs ? finding('clock', 'bad', says, setIt) : finding('clock', 'good', says);
}

/** ms since 1970; undefined when it does not say. */
async function serverTime(clock: Clock, url: string, trusted: string | undefined): Promise<number | undefined> {
  try {
    const { date } = await askPlatform(clock, new URL(url), { method: 'HEAD', path: '/health/live', trusted });
    // it counts whole seconds, and is half of one past on average
    return date === undefined ? undefined : date + 500;
  } catch {
    return undefined;
  }
}
