import { parseArgs } from 'node:util';
import { SetupFault } from '#domain/errors.ts';
import { converse } from '../control/client.ts';
import type { Answer } from '../control/words.ts';
import type { IntroductionFault } from '../pairing/introduction.ts';
import { hintsFor } from '../profiles/pairing-hints.ts';
import { deviceNamed } from './device-named.ts';
import { listed } from './forget.ts';
import type { Terminal, Words } from './terminal.ts';
import { exits, Misspoken, type Verb } from './verb.ts';

/** A device becomes one of this home, step by step: what to press, when it was heard, which digits it shows, and how it went. */
export const pair: Verb = {
  takes: '<device> [--user <number> --code <code>]',
  says: {
    en: 'make a device one of this home; says what to press, and asks for the digits it shows',
    zh: '将设备加入本户：提示按键操作，并在需要时输入设备显示的数字',
  },
  run: async (words, { terminal, clock, config }) => {
    const { values, positionals } = parseArgs({
      args: words,
      options: { user: { type: 'string' }, code: { type: 'string' } },
      allowPositionals: true,
    });
    const [word, ...more] = positionals;
    if (!word || more.length > 0 || (values.user === undefined) !== (values.code === undefined)) throw new Misspoken();
    const { home, near } = await listed(clock, config.DATA_DIR);
    const device = deviceNamed(terminal, word, near, home);
    const known = near.find((one) => one.device === device) ?? home.find((one) => one.device === device);
    const consent =
      values.user === undefined
        ? await askConsent(terminal, known?.profiles ?? [])
        : consentIn(terminal, values.user, values.code!);
    for (const { says } of hintsFor(known ?? { profiles: [] })) terminal.say(says);
    if (!known)
      terminal.say({
        en: 'This device was not heard yet. Make it want to send: take a measurement, or hold its Bluetooth button until the sign blinks.',
        zh: '尚未收到该设备的信号。请让它准备发送：测量一次，或长按蓝牙键直到标志闪烁。',
      });
    const { answers, givePasskey, close } = await converse(clock, config.DATA_DIR, {
      ask: 'pair',
      device,
      ...(consent ? { consent } : {}),
    });
    try {
      for await (const answer of answers) {
        const code = await hear(answer, device, terminal, givePasskey);
        if (code !== undefined) return code;
      }
    } finally {
      close();
    }
    throw new SetupFault(
      terminal.in({
        en: 'The gateway went away meanwhile: see "hearthbeat-gateway status", then pair again.',
        zh: '网关在此期间已退出：请查看 "hearthbeat-gateway status"，然后重新配对。',
      }),
    );
  },
};

/** @returns the exit code when that was the last word. */
async function hear(
  answer: Answer,
  device: string,
  terminal: Terminal,
  givePasskey: (digits: number | undefined) => void,
): Promise<number | undefined> {
  switch (answer.say) {
    case 'waiting':
      terminal.say({ en: `Waiting for ${device} (three minutes at most) …`, zh: `正在等待 ${device}（最多三分钟）……` });
      return undefined;
    case 'visiting':
      terminal.say({
        en: `Heard ${answer.name ?? device}, connecting …`,
        zh: `已收到 ${answer.name ?? device} 的信号，正在连接……`,
      });
      return undefined;
    case 'passkey-wanted':
      // while somebody types, news of a refusal must still be heard
      void askPasskey(terminal).then(givePasskey);
      return undefined;
    case 'trying-again':
      terminal.say({
        en: `That did not go well (${answer.reason}); trying again when it is heard next. Press its button once more.`,
        zh: `未能成功(${answer.reason})，收到信号后将再试。请再按一次设备的按键。`,
      });
      return undefined;
    case 'introduced':
      terminal.say({
        en: `${device} is one of this home now. Whatever it measures goes to the platform by itself, once it is assigned to a patient there.`,
        zh: `${device} 已加入本户。在平台上将其分配给患者后，测量数据会自动送达。`,
      });
      if (!answer.trouble) return exits.well;
      terminal.say(
        answer.trouble === 'wants-consent'
          ? {
              en: `But it does not tell its measurements yet: it wants number and PIN of a user. Say: hearthbeat-gateway pair ${device} --user <number> --code <PIN>.`,
              zh: `但设备尚不肯提供测量数据：需要用户编号和 PIN 码。请执行：hearthbeat-gateway pair ${device} --user <编号> --code <PIN>。`,
            }
          : { en: `But it cannot be served yet: ${answer.trouble}.`, zh: `但目前仍无法读取：${answer.trouble}。` },
      );
      return exits.ill;
    case 'not-introduced':
      terminal.say(whyNot[answer.reason]);
      return exits.ill;
    case 'fault':
      terminal.say({ en: `The gateway could not do it: ${answer.reason}.`, zh: `网关无法完成：${answer.reason}。` });
      return exits.ill;
    default:
      return undefined;
  }
}

async function askPasskey(terminal: Terminal): Promise<number | undefined> {
  const text = await terminal.ask({
    en: 'The device shows six digits (or they stand on its label). Type them within half a minute:',
    zh: '请在半分钟内输入设备屏幕（或标签）上的六位数字：',
  });
  const digits = text?.replaceAll(/\s/g, '');
  return digits && /^\d{1,6}$/.test(digits) ? Number(digits) : undefined;
}

const consentWanted = ['weight-scale', 'body-composition'];

/** Scales with several users let nobody in without the number and the PIN of one of them. */
async function askConsent(terminal: Terminal, profiles: readonly string[]) {
  if (!profiles.some((profile) => consentWanted.includes(profile))) return undefined;
  const user = await terminal.ask({
    en: 'Number of the patient as user of the scale (Enter: it has no users, or none for the patient yet):',
    zh: '患者在秤上的用户编号（没有用户功能或尚未建立用户，请直接回车）：',
  });
  if (!user) return undefined;
  const code = await terminal.ask({ en: 'PIN of this user:', zh: '该用户的 PIN 码：' });
  return consentIn(terminal, user, code ?? '');
}

function consentIn(terminal: Terminal, user: string, code: string) {
  if (/^\d{1,3}$/.test(user) && Number(user) <= 255 && /^\d{1,4}$/.test(code))
    return { user: Number(user), code: Number(code) };
  throw new SetupFault(
    terminal.in({
      en: 'The user is a number from 0 to 255, and the PIN has up to four digits.',
      zh: '用户编号为 0 到 255 的数字，PIN 码最多四位数字。',
    }),
  );
}

const whyNot: Record<IntroductionFault, Words> = {
  refused: {
    en: 'The device refuses to be paired: delete older pairings on it, put it into pairing mode, and pair again.',
    zh: '设备拒绝配对：请在设备上删除旧的配对，进入配对模式后重试。',
  },
  'passkey-refused': {
    en: 'The digits were not those of the device, or came too late: pair again; it will show new ones.',
    zh: '输入的数字与设备不符或已超时：请重新配对，设备会显示新的数字。',
  },
  'passkey-missing': {
    en: 'The device wanted its six digits and nobody typed them in time: pair again with the device in sight.',
    zh: '设备需要六位数字，但未在时限内输入：请看着设备屏幕重新配对。',
  },
  'not-heard': {
    en: 'The device was not heard: bring it nearer, check its battery, make sure that no telephone is connected to it, and pair again.',
    zh: '没有收到该设备的信号：请靠近网关、检查电池，并确认没有手机与其连接，然后重试。',
  },
  'not-served': {
    en: 'The device was heard, but could not be read: bring it nearer, and see "hearthbeat-gateway doctor" if that does not help.',
    zh: '已收到设备信号，但无法读取：请靠近网关；若仍不行，请运行 "hearthbeat-gateway doctor"。',
  },
  canceled: { en: 'Pairing was broken off.', zh: '配对已中断。' },
  busy: {
    en: 'Another device is being paired at this moment: wait until that is over.',
    zh: '正在配对另一台设备：请等待其完成。',
  },
  'home-full': {
    en: 'This home has as many devices as a gateway takes: forget one that is no longer used.',
    zh: '本户设备数量已达网关上限：请先移除不再使用的设备。',
  },
};
