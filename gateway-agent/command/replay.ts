import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { SetupFault } from '#domain/errors.ts';
import { DeviceId } from '#domain/ids.ts';
import { vitals } from '#domain/vitals.ts';
import { type HeardFrame, interpret, type Verdict } from '../interpret.ts';
import { profiles } from '../profiles/catalogue.ts';
import { bytes } from './phrases.ts';
import type { Terminal, Words } from './terminal.ts';
import { exits, Misspoken, type Verb } from './verb.ts';

/**
 * Captured frames through the very decoders that read the devices, and what each says. Nothing goes to the platform, and there is no way to make it go:
 * a replayed frame would stand in a patient's record as a measurement.
 */
export const replay: Verb = {
  takes: '<file> [--characteristic <2A35>]',
  says: {
    en: 'what captured frames say; nothing is sent anywhere',
    zh: '解读抓取的数据帧；不会发送任何数据',
  },
  run: async (words, { terminal, clock, config }) => {
    const { values, positionals } = parseArgs({
      args: words,
      options: { characteristic: { type: 'string' } },
      allowPositionals: true,
    });
    const [file, ...more] = positionals;
    if (!file || more.length > 0) throw new Misspoken();
    const usual = values.characteristic === undefined ? undefined : Characteristic.parse(values.characteristic);
    const captured = read(file, usual);
    const zone = config.TIME_ZONE ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    const frames = captured.map((frame, n) => heardFrame(frame, n, clock.now()));
    const verdicts = new Map<number, Verdict[]>();
    for (const visit of Map.groupBy(
      frames.filter((frame) => frame !== undefined),
      (frame) => frame.visit,
    ).values())
      for (const [nth, its] of interpret(visit, true, () => false, zone).entries())
        verdicts.set(visit[nth]!.n, its ?? []);
    let strange = 0;
    for (const [n, { characteristic, hex }] of captured.entries()) {
      const its = verdicts.get(n);
      if (!its) strange++;
      const said = its?.map((verdict) => sentence(verdict, terminal)) ?? [terminal.in(notOurs)];
      terminal.say(`${String(n + 1).padStart(4)}  ${nameOf(characteristic)}  ${hex}`);
      for (const line of said) terminal.say(`        ${line}`);
    }
    const readings = [...verdicts.values()].flat().filter(({ is }) => is === 'reading').length;
    const aside = [...verdicts.values()].flat().filter(({ is }) => is === 'aside').length + strange;
    terminal.say({
      en: `${captured.length} frames: ${readings} readings, ${aside} that nobody can read.`,
      zh: `共 ${captured.length} 帧：${readings} 条测量，${aside} 帧无法解读。`,
    });
    return aside > 0 ? exits.ill : exits.well;
  },
};

const limits = { bytes: 16 * 1024 * 1024, frames: 100_000 } as const;

/** 2A35, 0x2A35, 10805, or all 128 bits of it. */
const Characteristic = z.union([
  z.int().min(0).max(0xffff),
  z
    .string()
    .regex(/^(0x)?[0-9a-f]{4}$|^0000[0-9a-f]{4}-0000-1000-8000-00805f9b34fb$/i, 'a characteristic looks like 2A35')
    .transform((text) => Number.parseInt(text.replace(/^0x/i, '').replace(/^0000|-.*$/g, '') || '0', 16)),
]);

const Captured = z.object({
  characteristic: Characteristic.optional(),
  hex: z
    .string()
    .max(1_024)
    .regex(/^([0-9a-f]{2})*$/i, 'not hexadecimal'),
  at: z.union([z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)), z.int().min(0)]).optional(),
  device: DeviceId.optional(),
  model: z.string().max(64).optional(),
});
type Captured = Omit<z.infer<typeof Captured>, 'characteristic'> & { characteristic: number; visit: string };

/**
 * JSON lines, of which those of one device are one visit in their order; or one JSON document whose arrays hold frames, each standing for itself, as the
 * vectors of the tests do.
 */
function read(file: string, usual: number | undefined): Captured[] {
  const text = textOf(file);
  const document = parsed(text);
  const [entries, alone] = Array.isArray(document)
    ? [document, true]
    : document && typeof document === 'object' && !('hex' in document)
      ? [Object.values(document).filter(Array.isArray).flat(), true]
      : [
          text
            .split('\n')
            .filter((line) => line.trim() !== '')
            .map(parsed),
          false,
        ];
  if (entries.length === 0 || entries.length > limits.frames)
    throw new SetupFault(`${file} holds ${entries.length} frames: from 1 to ${limits.frames} can be replayed.`);
  return entries.map((entry, n) => {
    const frame = Captured.safeParse(entry);
    const characteristic = frame.data?.characteristic ?? usual;
    if (!frame.success || characteristic === undefined)
      throw new SetupFault(
        `${file}: frame ${n + 1} is not of the form {"characteristic": "2A35", "hex": "…", "at"?, "device"?, "model"?}; where no frame names its characteristic, add --characteristic.`,
      );
    return { ...frame.data, characteristic, visit: alone ? `frame ${n}` : `of ${frame.data.device ?? 'one device'}` };
  });
}

function textOf(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > limits.bytes)
      throw new SetupFault(`${file} has ${bytes(size)}: at most ${bytes(limits.bytes)} can be replayed.`);
    return readFileSync(file, 'utf8');
  } catch (fault) {
    if (fault instanceof SetupFault) throw fault;
    throw new SetupFault(`${file} cannot be read (${(fault as NodeJS.ErrnoException).code}).`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const noDevice = '00:00:00:00:00:00';

function heardFrame(captured: Captured, n: number, now: number): HeardFrame | undefined {
  const { characteristic, hex, at = now, device = noDevice, model, visit } = captured;
  const profile = profiles.find(({ measurements, reads }) =>
    [...measurements, ...reads.filter(({ kept }) => kept)].some((one) => one.characteristic === characteristic),
  );
  if (!profile) return undefined;
  return {
    n,
    visit,
    device,
    profile: profile.name,
    characteristic,
    ...(model ? { model } : {}),
    heardAt: at,
    bytes: Buffer.from(hex, 'hex'),
  };
}

const nameOf = (characteristic: number): string => {
  const all = profiles.flatMap(({ measurements, reads }) => [...measurements, ...reads]);
  const name = all.find((one) => one.characteristic === characteristic)?.name;
  return `${characteristic.toString(16).toUpperCase().padStart(4, '0')}${name ? ` ${name}` : ''}`;
};

const notOurs: Words = { en: 'no profile measures by this characteristic', zh: '没有规范使用该特征进行测量' };

function sentence(verdict: Verdict, terminal: Terminal): string {
  switch (verdict.is) {
    case 'again':
      return terminal.in({ en: 'the same again', zh: '重复' });
    case 'part':
      return terminal.in({ en: 'a part of what another frame says', zh: '属于另一帧的一部分' });
    case 'aside':
      return terminal.in({ en: `not readable: ${verdict.reason}`, zh: `无法解读：${verdict.reason}` });
    case 'reading': {
      const { values, marks, takenAt, clock, deviceTime, userSlot, sequence } = verdict.reading;
      return [
        values.map(({ vital, value, unit }) => `${vitals[vital].name[terminal.language]} ${value} ${unit}`).join(', '),
        ...(marks.length > 0 ? [`[${marks.join(', ')}]`] : []),
        ...(userSlot === undefined ? [] : [terminal.in({ en: `user ${userSlot}`, zh: `用户 ${userSlot}` })]),
        ...(sequence === undefined ? [] : [`#${sequence}`]),
        ...(deviceTime === undefined
          ? []
          : [terminal.in({ en: `device time ${deviceTime}`, zh: `设备时间 ${deviceTime}` })]),
        terminal.in({ en: `taken ${takenAt} (clock: ${clock})`, zh: `测量时间 ${takenAt}（时钟：${clock}）` }),
      ].join('; ');
    }
  }
}
