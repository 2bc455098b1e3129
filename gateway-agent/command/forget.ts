import { Outage } from '#domain/errors.ts';
import { ask } from '../control/client.ts';
import { deviceNamed } from './device-named.ts';
import { exits, Misspoken, type Verb } from './verb.ts';

/** A device leaves this home: it is visited no more, and its pairing is undone. */
export const forget: Verb = {
  takes: '<device>',
  says: { en: 'a device leaves this home: it is no longer visited', zh: '移除本户的一台设备，不再读取' },
  run: async (words, { terminal, clock, config }) => {
    const [word, ...more] = words;
    if (!word || more.length > 0) throw new Misspoken();
    const { home } = await listed(clock, config.DATA_DIR);
    const device = deviceNamed(terminal, word, home, []);
    try {
      await ask(clock, config.DATA_DIR, { ask: 'forget', device });
    } catch (fault) {
      if (!(fault instanceof Outage) || fault.code !== 'radio-away') throw fault;
      terminal.say({
        en: `${device} is no longer of this home. Its pairing could not be undone, for there is no radio just now: say the same again later.`,
        zh: `${device} 已从本户移除。但蓝牙暂不可用，未能解除配对：请稍后再次执行本命令。`,
      });
      return exits.ill;
    }
    terminal.say({
      en: `${device} is no longer of this home. If it will be used elsewhere, delete the pairing on the device as well.`,
      zh: `${device} 已从本户移除。若设备将用于他处，请在设备上也删除配对。`,
    });
    return exits.well;
  },
};

export async function listed(clock: Parameters<typeof ask>[0], dataDir: string) {
  const answer = await ask(clock, dataDir, { ask: 'devices' });
  if (answer.say !== 'devices') throw new Error('an answer to another question');
  return answer;
}
