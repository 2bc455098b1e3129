import { ask } from '../control/client.ts';
import { ago, table } from './phrases.ts';
import { exits, type Verb, wantsJson } from './verb.ts';

/** The devices of this home, and who else is heard advertising. */
export const devices: Verb = {
  takes: '[--json]',
  says: {
    en: 'the devices of this home, and those heard nearby just now',
    zh: '列出本户设备，以及刚刚在附近收到信号的设备',
  },
  run: async (words, { terminal, clock, config }) => {
    const json = wantsJson(words);
    const answer = await ask(clock, config.DATA_DIR, { ask: 'devices' });
    if (answer.say !== 'devices') throw new Error('an answer to another question');
    const { home, near } = answer;
    if (json) {
      terminal.say(JSON.stringify({ home, near }));
      return exits.well;
    }
    const heard = (device: string) => near.find((one) => one.device === device);
    const now = clock.now();
    const line = (
      device: string,
      name: string | undefined,
      profiles: readonly string[],
      heardAt?: number,
      rssi?: number,
    ) => [
      `  ${device}`,
      name ?? '',
      profiles.join(', '),
      heardAt === undefined
        ? ''
        : terminal.in({ en: `heard ${ago(now - heardAt).en}`, zh: `${ago(now - heardAt).zh}收到` }),
      rssi === undefined ? '' : `${rssi} dBm`,
    ];
    terminal.say({ en: 'Of this home:', zh: '本户设备：' });
    if (home.length === 0) terminal.say({ en: '  none yet', zh: '  尚无' });
    for (const row of table(
      home.map(({ device, name, profiles }) =>
        line(device, name, profiles, heard(device)?.heardAt, heard(device)?.rssi),
      ),
    ))
      terminal.say(row);
    const strangers = near.filter(({ device }) => !home.some((one) => one.device === device));
    terminal.say({ en: 'Heard nearby, and not of this home:', zh: '附近的其他设备（不属于本户）：' });
    if (strangers.length === 0)
      terminal.say({
        en: '  none; a device is heard only while it wants to send: take a measurement, or press its Bluetooth button',
        zh: '  无。设备只在要发送数据时才能被收到：请测量一次，或按下设备的蓝牙键',
      });
    for (const row of table(
      strangers.map(({ device, name, profiles, heardAt, rssi }) => line(device, name, profiles, heardAt, rssi)),
    ))
      terminal.say(row);
    return exits.well;
  },
};
