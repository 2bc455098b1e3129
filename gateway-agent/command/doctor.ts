import { Outage, SetupFault } from '#domain/errors.ts';
import { checkBluetooth } from '../checks/bluetooth.ts';
import { checkCredentials, checkDisk } from '../checks/box.ts';
import { type Finding, finding } from '../checks/finding.ts';
import { checkClock, checkServer } from '../checks/server.ts';
import { ask } from '../control/client.ts';
import { type Identity, identityOf } from '../identity/identity.ts';
import { marks, table } from './phrases.ts';
import { exits, type Stand, type Verb, wantsJson } from './verb.ts';

/** Looks at everything the gateway stands on, whether it runs or not, and says for each fault what to do. */
export const doctor: Verb = {
  takes: '[--json]',
  says: {
    en: 'look for what is wrong: radio, bus, disk, credentials, clock, network; with a remedy for each',
    zh: '诊断故障：蓝牙、总线、磁盘、凭证、时钟、网络，并逐项给出处理办法',
  },
  run: async (words, stand) => {
    const json = wantsJson(words);
    const { terminal } = stand;
    const findings = await examine(stand);
    const ill = findings.filter(({ mark }) => mark === 'bad').length;
    if (json) {
      const told = findings.map(({ check, mark, says, remedy }) => ({
        check,
        mark,
        says: terminal.in(says),
        ...(remedy ? { remedy: terminal.in(remedy) } : {}),
      }));
      terminal.say(JSON.stringify(told));
      return ill > 0 ? exits.ill : exits.well;
    }
    const lines = table(findings.map(({ mark, of, says }) => [marks[mark], terminal.in(of), terminal.in(says)]));
    for (const [nth, line] of lines.entries()) {
      terminal.say(line);
      const { remedy } = findings[nth]!;
      if (remedy) terminal.say(`   → ${terminal.in(remedy)}`);
    }
    terminal.say('');
    terminal.say(
      ill === 0
        ? { en: 'Nothing is wrong that a box can see by itself.', zh: '未发现本机能够检测到的故障。' }
        : { en: `${ill} ${ill === 1 ? 'thing is' : 'things are'} wrong.`, zh: `发现 ${ill} 处故障。` },
    );
    return ill > 0 ? exits.ill : exits.well;
  },
};

async function examine({ clock, config }: Stand): Promise<Finding[]> {
  const { BLUETOOTH_ADAPTER, BUS_ADDRESS, DATA_DIR } = config;
  const gateway = await checkGateway({ clock, config });
  const bluetooth = checkBluetooth(clock, {
    adapter: BLUETOOTH_ADAPTER,
    ...(BUS_ADDRESS ? { busAddress: BUS_ADDRESS } : {}),
  });
  const identity = identityIn(config);
  const server = identity ? checkServer(clock, identity, gateway.connected) : Promise.resolve([]);
  const time = checkClock(clock, identity?.enrolled?.url, identity?.enrolled?.trusted);
  return [
    gateway.finding,
    ...(await bluetooth),
    checkDisk(clock, DATA_DIR),
    checkCredentials(clock, config),
    await time,
    ...(await server),
  ];
}

/** Whatever is wrong with it stands in the finding about credentials. */
function identityIn(config: Stand['config']): Identity | undefined {
  try {
    return identityOf(config);
  } catch (fault) {
    if (fault instanceof SetupFault) return undefined;
    throw fault;
  }
}

async function checkGateway({ clock, config }: Pick<Stand, 'clock' | 'config'>) {
  try {
    const answer = await ask(clock, config.DATA_DIR, { ask: 'state' });
    if (answer.say !== 'state') throw new Error('an answer to another question');
    const { health, connected } = answer.state;
    const detail = health.detail ?? '';
    const mark = health.state === 'ok' ? 'good' : health.state === 'degraded' ? 'doubtful' : 'bad';
    const says = { en: `runs${detail ? `: ${detail}` : ''}`, zh: `运行中${detail ? `:${detail}` : ''}` };
    return { connected, finding: finding('gateway', mark, says) };
  } catch (fault) {
    const isAbsent = fault instanceof Outage && fault.code === 'not-running';
    if (!isAbsent && !(fault instanceof Outage) && !(fault instanceof SetupFault)) throw fault;
    const says = isAbsent
      ? { en: 'does not run', zh: '未运行' }
      : { en: 'runs, and does not answer', zh: '正在运行，但没有应答' };
    const remedy = isAbsent
      ? {
          en: 'Start it when the rest is well: systemctl start hearthbeat-gateway.',
          zh: '其余检查正常后启动：systemctl start hearthbeat-gateway。',
        }
      : { en: (fault as Error).message, zh: '请使用 sudo 重试，或重启服务：systemctl restart hearthbeat-gateway。' };
    return { connected: false, finding: finding('gateway', 'doubtful', says, remedy) };
  }
}
