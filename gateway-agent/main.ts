import { existsSync } from 'node:fs';
import { Outage, SetupFault } from '#domain/errors.ts';
import { systemClock } from '#runtime/clock.ts';
import { systemRandom } from '#runtime/random.ts';
import { createTerminal, languageOf, type Terminal, type Words } from './command/terminal.ts';
import { exits, Misspoken, type Stand, type Verb } from './command/verb.ts';
import { readConfig } from './config.ts';

/**
 * The command `hearthbeat-gateway`: the word after it says what is done; without one the agent runs. Each verb is loaded only when it is said, for
 * the agent shall stay small.
 */
const verbs: Record<string, () => Promise<Verb>> = {
  enroll: async () => (await import('./command/enroll.ts')).enroll,
  run: async () => (await import('./command/run.ts')).run,
  status: async () => (await import('./command/status.ts')).status,
  devices: async () => (await import('./command/devices.ts')).devices,
  pair: async () => (await import('./command/pair.ts')).pair,
  forget: async () => (await import('./command/forget.ts')).forget,
  doctor: async () => (await import('./command/doctor.ts')).doctor,
  replay: async () => (await import('./command/replay.ts')).replay,
};

/** Settings of a box of its own; what the environment says goes before. */
const settingsFile = '/etc/hearthbeat/gateway.env';

// whoever reads us through a pipe may stop reading
process.stdout.on('error', () => process.exit(exits.ill));

async function main([name = 'run', ...words]: string[]): Promise<number> {
  const terminal = createTerminal(languageOf(process.env), process.stdin, process.stdout);
  if (['help', '--help', '-h'].includes(name) || words.includes('--help')) {
    terminal.say(await help());
    return exits.well;
  }
  const load = verbs[name];
  if (!load) {
    console.error(terminal.in(unknown(name)));
    return exits.misspoken;
  }
  const verb = await load();
  try {
    if (existsSync(settingsFile)) process.loadEnvFile(settingsFile);
    const stand: Stand = { terminal, clock: systemClock, random: systemRandom, config: readConfig(process.env) };
    return await verb.run(words, stand);
  } catch (fault) {
    return explain(name, verb, fault, terminal);
  } finally {
    terminal.close();
  }
}

function explain(name: string, verb: Verb, fault: unknown, terminal: Terminal): number {
  const isParsing = (fault as { code?: string } | undefined)?.code?.startsWith('ERR_PARSE_ARGS');
  if (fault instanceof Misspoken || isParsing) {
    console.error(`hearthbeat-gateway ${name} ${verb.takes}`.trimEnd());
    return exits.misspoken;
  }
  if (fault instanceof Outage && fault.code === 'not-running') {
    console.error(terminal.in(notRunning));
    return exits.notRunning;
  }
  if (fault instanceof SetupFault || fault instanceof Outage) {
    console.error(fault.message);
    return exits.ill;
  }
  console.error(fault);
  return exits.ill;
}

async function help(): Promise<Words> {
  const loaded = await Promise.all(Object.entries(verbs).map(async ([name, load]) => ({ name, ...(await load()) })));
  const left = loaded.map(({ name, takes }) => `  ${name} ${takes}`.trimEnd());
  const width = Math.max(...left.map((text) => text.length)) + 3;
  const list = (language: keyof Words) =>
    loaded.map(({ says }, nth) => `${left[nth]!.padEnd(width)}${says[language]}`).join('\n');
  return {
    en: `hearthbeat-gateway: brings what the patient's devices measure at home to the platform.\n\n${list('en')}\n\nSettings are environment variables, or lines of ${settingsFile}; docs/raspberry-pi.md tells how to set up a box.\nExit codes: 0 well, 1 not well, 2 not understood, 3 no gateway is running.`,
    zh: `hearthbeat-gateway：把患者在家中的测量数据送达平台。\n\n${list('zh')}\n\n设置项为环境变量，或写在 ${settingsFile} 中；安装步骤见 docs/raspberry-pi.md。\n退出码：0 正常，1 异常，2 命令有误，3 网关未运行。`,
  };
}

const unknown = (name: string): Words => ({
  en: `"${name}" is no word of hearthbeat-gateway: say one of ${Object.keys(verbs).join(', ')}, or help.`,
  zh: `hearthbeat-gateway 没有 "${name}" 这个命令：可用的有 ${Object.keys(verbs).join('、')} 和 help。`,
});

const notRunning: Words = {
  en: 'No gateway is running here. Start it (systemctl start hearthbeat-gateway), or see what is wrong: hearthbeat-gateway doctor.',
  zh: '网关没有在运行。请启动(systemctl start hearthbeat-gateway)，或运行 hearthbeat-gateway doctor 查找原因。',
};

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (fault) => {
    console.error(fault);
    process.exitCode = exits.ill;
  },
);
