import type { Words } from './terminal.ts';

/** Measures as a person reads them. */

export const marks = { good: '✔', doubtful: '!', bad: '✘', unknown: '–' } as const;
export type Mark = keyof typeof marks;

export function ago(ms: number): Words {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return { en: `${seconds} s ago`, zh: `${seconds} 秒前` };
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return { en: `${minutes} min ago`, zh: `${minutes} 分钟前` };
  const hours = Math.round(minutes / 60);
  if (hours < 48) return { en: `${hours} h ago`, zh: `${hours} 小时前` };
  const days = Math.round(hours / 24);
  return { en: `${days} days ago`, zh: `${days} 天前` };
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)));
  const amount = count / 1000 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power]}`;
}

/** How far a clock is ahead. */
export function offset(ms: number): Words {
  const seconds = Math.abs(ms) / 1_000;
  const amount =
    seconds < 10
      ? { en: `${seconds.toFixed(1)} s`, zh: `${seconds.toFixed(1)} 秒` }
      : seconds < 600
        ? { en: `${Math.round(seconds)} s`, zh: `${Math.round(seconds)} 秒` }
        : seconds < 172_800
          ? { en: `${(seconds / 3_600).toFixed(1)} h`, zh: `${(seconds / 3_600).toFixed(1)} 小时` }
          : { en: `${Math.round(seconds / 86_400)} days`, zh: `${Math.round(seconds / 86_400)} 天` };
  return ms < 0
    ? { en: `${amount.en} behind`, zh: `慢 ${amount.zh}` }
    : { en: `${amount.en} ahead`, zh: `快 ${amount.zh}` };
}

/** Columns as wide as their widest cell; a Chinese sign takes two places on the screen. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const places = (text: string) =>
    [...text].reduce(
      (sum, sign) =>
        sum + (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/.test(sign) ? 2 : 1),
      0,
    );
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, places(cell));
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(widths[column]! - places(cell)))
      .join('  ')
      .trimEnd(),
  );
}

/** Local time of this machine, with its distance from UTC. */
export function localTime(ms: number): string {
  const date = new Date(ms);
  const two = (number: number) => String(number).padStart(2, '0');
  const zone = -date.getTimezoneOffset();
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time} UTC${zone < 0 ? '-' : '+'}${two(Math.floor(Math.abs(zone) / 60))}:${two(Math.abs(zone) % 60)}`;
}
