import { randomInt } from 'node:crypto';
import { ContactPointId } from '#domain/contact.ts';
import type { Words } from '#domain/words.ts';
import type { Agenda, AgendaEntry } from '#runtime/agenda.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import type { Records } from '#runtime/records/connect.ts';
import {
  codeHoldsMs,
  contactChannel,
  findContactPoint,
  keepCode,
  recordContactOutcome,
} from '#runtime/records/contact-points.ts';
import { type Listening, listenTo } from '#runtime/records/listening.ts';
import type { Service } from '#runtime/service.ts';
import type { Channel, OutgoingPage } from '../channels/channel.ts';

/**
 * What goes to a contact point that is no page: a code, so that its owner can show that it reaches them, and a message with which they
 * try it. Asked for in the API, which knows no channels; sent here, once, and what became of it stands at the contact point.
 */
export function createContactMessages(
  deps: { records: Records; agenda: Agenda; channels: readonly Channel[]; clock: Clock; random: Random },
  config: { databaseUrl: string; publicUrl: string },
): Service {
  const { records, agenda, channels, clock, random } = deps;
  let listening: Listening | undefined;

  const send = async (entry: AgendaEntry, write: (language: 'en' | 'zh', code: string) => Text): Promise<void> => {
    const found = await findContactPoint(records, ContactPointId.parse(entry.subject));
    if (!found) return;
    const { point, owner } = found;
    const code = String(randomInt(1_000_000)).padStart(6, '0');
    if (entry.kind === 'contact-code') await keepCode(records, point.id, code, clock.now());
    const page: OutgoingPage = {
      id: random.uuid(),
      alerts: [],
      severity: 'routine',
      recipient: owner,
      ...write(owner.language, code),
      url: config.publicUrl,
      acknowledgeUrl: null,
      mention: null,
    };
    const channel = channels.find(({ reaches }) => reaches === point.kind);
    const delivery =
      channel && channel.reaches !== 'group' && channel.reaches !== 'system'
        ? await channel.send(page, point.address)
        : { ok: false as const, fault: 'no channel of this kind is configured' };
    await recordContactOutcome(records, point.id, delivery, clock.now());
  };

  agenda.handle('contact-code', (entry) => send(entry, codeText));
  agenda.handle('contact-test', (entry) => send(entry, (language) => both(trial, language)));

  return {
    name: 'contact-messages',
    async start() {
      // whoever waits for a code shall not wait for the agenda's next look
      listening = listenTo(config.databaseUrl, clock, contactChannel, agenda.nudge, () => {});
    },
    stop: async () => listening?.stop(),
    health: () => ({ state: 'ok' }),
  };
}

type Text = Pick<OutgoingPage, 'subject' | 'text'>;

const both = ({ subject, text }: { subject: Words; text: Words }, language: 'en' | 'zh'): Text => ({
  subject: subject[language],
  text: `${text[language]}\n`,
});

const trial = {
  subject: { en: 'Hearthbeat: a trial, nobody needs you', zh: 'Hearthbeat 测试消息，无需处理' },
  text: {
    en: 'Pages for you would arrive here, like this message. There is nothing to do.',
    zh: '发给您的呼叫将像这条消息一样送达此处。无需任何操作。',
  },
};

function codeText(language: 'en' | 'zh', code: string): Text {
  const minutes = codeHoldsMs / 60_000;
  return language === 'en'
    ? {
        subject: `Hearthbeat: your code is ${code}`,
        text: `Enter ${code} in Hearthbeat, under "How you are reached", to have pages sent here. It is good for ${minutes} minutes. Nobody will ask you for it.\n`,
      }
    : {
        subject: `Hearthbeat 验证码：${code}`,
        text: `请在 Hearthbeat 的“联系方式”中输入 ${code}，以便在此接收呼叫。${minutes} 分钟内有效，请勿告知他人。\n`,
      };
}
