import { statfsSync } from 'node:fs';
import { Outage } from '#domain/errors.ts';
import { ask } from '../control/client.ts';
import type { Answer } from '../control/words.ts';
import { glanceAtOutbox } from '../outbox/glance.ts';
import { ago, bytes, localTime, type Mark, marks, offset, table } from './phrases.ts';
import type { Words } from './terminal.ts';
import { exits, type Verb, wantsJson } from './verb.ts';

type State = Extract<Answer, { say: 'state' }>['state'];

/** How everything stands, at a glance. Without a running gateway: that, and what waits in its outbox. */
export const status: Verb = {
  takes: '[--json]',
  says: {
    en: 'how everything stands: server, radio, outbox, devices, clock, disk',
    zh: '查看整体状态：服务器、蓝牙、待发数据、设备、时钟、磁盘',
  },
  run: async (words, { terminal, clock, config }) => {
    const json = wantsJson(words);
    const { DATA_DIR } = config;
    const state = await stateOf(clock, DATA_DIR);
    const freeBytes = freeOn(DATA_DIR);
    if (!state) {
      const glance = glanceAtOutbox(DATA_DIR);
      if (json) terminal.say(JSON.stringify({ running: false, outbox: glance ?? null, freeBytes: freeBytes ?? null }));
      else {
        terminal.say({
          en: `${marks.bad} No gateway is running on ${DATA_DIR}. Start it (systemctl start hearthbeat-gateway), or see what is wrong: hearthbeat-gateway doctor.`,
          zh: `${marks.bad} 数据目录 ${DATA_DIR} 上没有网关在运行。请启动(systemctl start hearthbeat-gateway)，或运行 hearthbeat-gateway doctor 查找原因。`,
        });
        if (glance) terminal.say(waitingLine(glance.waiting, glance.oldestAt, clock.now()));
      }
      return exits.notRunning;
    }
    if (json) {
      terminal.say(JSON.stringify({ running: true, ...state }));
      return state.health.state === 'down' ? exits.ill : exits.well;
    }
    terminal.say(`${state.source} · ${state.status.software ?? ''} · ${localTime(clock.now())}`);
    const say = terminal.in;
    for (const line of table(
      overview(state, freeBytes, clock.now()).map(({ mark, of, says }) => [marks[mark], say(of), say(says)]),
    ))
      terminal.say(line);
    terminal.say('');
    const devices = deviceRows(state, clock.now(), say);
    if (devices.length === 0)
      terminal.say({
        en: 'No device yet: see who is near with "hearthbeat-gateway devices", then "hearthbeat-gateway pair <device>".',
        zh: '尚无设备：用 "hearthbeat-gateway devices" 查看附近设备，再运行 "hearthbeat-gateway pair <设备>"。',
      });
    for (const line of table(devices)) terminal.say(line);
    return state.health.state === 'down' ? exits.ill : exits.well;
  },
};

async function stateOf(clock: Parameters<typeof ask>[0], dataDir: string): Promise<State | undefined> {
  try {
    const answer = await ask(clock, dataDir, { ask: 'state' });
    return answer.say === 'state' ? answer.state : undefined;
  } catch (fault) {
    if (fault instanceof Outage && fault.code === 'not-running') return undefined;
    throw fault;
  }
}

const freeOn = (dataDir: string): number | undefined => {
  try {
    const { bavail, bsize } = statfsSync(dataDir);
    return bavail * bsize;
  } catch {
    return undefined;
  }
};

type Line = { mark: Mark; of: Words; says: Words };

/** Less than this, and the outbox may find no room within weeks. */
export const littleDiskBytes = 200e6;
/** From here on times of readings are visibly wrong. */
export const clockOffsetMostMs = 60_000;
/** Readings are sent within seconds: what waits longer has met an obstacle. */
const waitsLongMs = 10 * 60_000;

function overview(
  { connected, trouble, mqttUrl, health, aside, status }: State,
  freeBytes: number | undefined,
  now: number,
): Line[] {
  const { radio, waiting = 0, outbox, clockOffsetMs } = status;
  const oldestAt = outbox?.oldestAt === undefined ? undefined : Date.parse(outbox.oldestAt);
  const free = status.freeBytes ?? freeBytes;
  return [
    {
      mark: health.state === 'ok' ? 'good' : health.state === 'degraded' ? 'doubtful' : 'bad',
      of: { en: 'All in all', zh: '总体' },
      says: same(health.detail ?? { en: 'well', zh: '正常' }),
    },
    {
      mark: connected ? 'good' : 'bad',
      of: { en: 'Server', zh: '服务器' },
      says: connected
        ? { en: `connected to ${mqttUrl}`, zh: `已连接 ${mqttUrl}` }
        : joined({ en: `not connected to ${mqttUrl}`, zh: `未连接 ${mqttUrl}` }, trouble && troubles[trouble]),
    },
    ...(status.certificate ? [certificateLine(status.certificate, now)] : []),
    {
      mark: radio?.state === 'ok' ? 'good' : radio?.state === 'degraded' ? 'doubtful' : 'bad',
      of: { en: 'Radio', zh: '蓝牙' },
      says: radio?.detail ? same(radio.detail) : { en: 'listens', zh: '正在监听' },
    },
    {
      mark: oldestAt !== undefined && now - oldestAt > waitsLongMs ? 'doubtful' : 'good',
      of: { en: 'Outbox', zh: '待发数据' },
      says: joined(waitingLine(waiting, oldestAt, now), outbox && roomLine(outbox)),
    },
    ...(aside.length > 0 ? [asideLine(aside)] : []),
    {
      mark: free === undefined ? 'unknown' : free < littleDiskBytes ? 'bad' : 'good',
      of: { en: 'Disk', zh: '磁盘' },
      says:
        free === undefined ? { en: 'not known', zh: '未知' } : { en: `${bytes(free)} free`, zh: `剩余 ${bytes(free)}` },
    },
    {
      mark: clockOffsetMs === undefined ? 'unknown' : Math.abs(clockOffsetMs) > clockOffsetMostMs ? 'bad' : 'good',
      of: { en: 'Clock', zh: '时钟' },
      says:
        clockOffsetMs === undefined
          ? { en: 'not compared with the server yet', zh: '尚未与服务器核对' }
          : { en: `${offset(clockOffsetMs).en} of the server`, zh: `比服务器${offset(clockOffsetMs).zh}` },
    },
  ];
}

const troubles: Record<NonNullable<State['trouble']>, Words> = {
  refused: {
    en: 'it refuses this box (revoked, replaced or ended: ask for a new code)',
    zh: '平台拒绝本机（已吊销、替换或到期：请申请新的注册码）',
  },
  untrusted: {
    en: 'it cannot prove that it is the platform, nothing is sent (see doctor)',
    zh: '对方无法证明自己是平台，未发送任何数据（请运行 doctor）',
  },
};

function certificateLine({ notAfter, trouble }: NonNullable<State['status']['certificate']>, now: number): Line {
  const day = notAfter.slice(0, 10);
  const hasEnded = Date.parse(notAfter) <= now;
  const ends = hasEnded
    ? { en: `ended on ${day}`, zh: `已于 ${day} 到期` }
    : { en: `good until ${day}`, zh: `有效期至 ${day}` };
  const failed = trouble && {
    en: `could not be renewed (${trouble}), is tried again`,
    zh: `续期失败(${trouble})，将自动重试`,
  };
  return {
    mark: hasEnded ? 'bad' : trouble ? 'doubtful' : 'good',
    of: { en: 'Certificate', zh: '证书' },
    says: joined(ends, failed || undefined),
  };
}

const same = (text: string | Words): Words => (typeof text === 'string' ? { en: text, zh: text } : text);
const joined = (first: Words, second: Words | undefined): Words =>
  second ? { en: `${first.en}; ${second.en}`, zh: `${first.zh};${second.zh}` } : first;

function waitingLine(waiting: number, oldestAt: number | undefined, now: number): Words {
  if (waiting === 0) return { en: 'nothing waits', zh: '没有待发送的数据' };
  const oldest = oldestAt === undefined ? undefined : ago(now - oldestAt);
  return {
    en: `${waiting} ${waiting === 1 ? 'reading waits' : 'readings wait'}${oldest ? `, the oldest heard ${oldest.en}` : ''}`,
    zh: `${waiting} 条测量待发送${oldest ? `，最早一条于${oldest.zh}收到` : ''}`,
  };
}

const roomLine = ({ bytes: used, mostBytes, aside, lost }: NonNullable<State['status']['outbox']>): Words => ({
  en: `${bytes(used)} of ${bytes(mostBytes)}, ${aside} kept aside, ${lost} lost`,
  zh: `已用 ${bytes(used)} / ${bytes(mostBytes)}，搁置 ${aside}，丢失 ${lost}`,
});

/** The reasons are codes of ours, or of the server's: they are for whoever looks into it. */
const asideLine = (aside: State['aside']): Line => ({
  mark: 'doubtful',
  of: { en: 'Kept aside', zh: '搁置' },
  says: same(aside.map(({ reason, count }) => `${count} × ${reason}`).join(', ')),
});

function deviceRows({ home, status, visits }: State, now: number, say: (words: Words) => string): string[][] {
  const devices = (status.devices ?? []).filter(
    ({ device, heardAt }) => visits === 'any' || heardAt !== undefined || home.some((one) => one.device === device),
  );
  return devices.map(({ device, model, heardAt, battery, rssi, clockOffsetMs, trouble }) => {
    const known = home.find((one) => one.device === device);
    return [
      marks[trouble ? 'bad' : heardAt === undefined ? 'unknown' : 'good'],
      device,
      model ?? known?.name ?? '',
      heardAt === undefined
        ? say({ en: 'never heard', zh: '尚未收到' })
        : say({ en: `heard ${ago(now - Date.parse(heardAt)).en}`, zh: `${ago(now - Date.parse(heardAt)).zh}收到` }),
      battery === undefined ? '' : say({ en: `battery ${battery} %`, zh: `电量 ${battery}%` }),
      rssi === undefined ? '' : `${rssi} dBm`,
      clockOffsetMs === undefined
        ? ''
        : say({ en: `clock ${offset(clockOffsetMs).en}`, zh: `时钟${offset(clockOffsetMs).zh}` }),
      trouble ?? '',
    ];
  });
}
