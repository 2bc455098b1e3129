import { readdirSync, readFileSync } from 'node:fs';

/** What processes have used, asked of the kernel (/proc). */
export type Usage = { cpuMs: number };

/** A tick of utime and stime: USER_HZ is 100 on every Linux that Node runs on. */
const tickMs = 10;

/** The process and all its descendants, by the name of their program. */
export function familyOf(pid: number): { pid: number; name: string }[] {
  const childrenOf = new Map<number, number[]>();
  const names = new Map<number, string>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = statOf(Number(entry));
    if (!stat) continue;
    names.set(Number(entry), stat.name);
    childrenOf.set(stat.parent, [...(childrenOf.get(stat.parent) ?? []), Number(entry)]);
  }
  const family = (one: number): number[] => [one, ...(childrenOf.get(one) ?? []).flatMap(family)];
  return family(pid).map((one) => ({ pid: one, name: names.get(one) ?? '' }));
}

/** User and system time, ms; of those that have ended meanwhile nothing. */
export const cpuOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + (statOf(pid)?.ticks ?? 0) * tickMs, 0);

/** Proportional set size, so that what processes share counts once; bytes. */
export const residentOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    try {
      return sum + Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
    } catch {
      return sum;
    }
  }, 0);

function statOf(pid: number): { name: string; parent: number; ticks: number } | undefined {
  try {
    const [, name = '', rest = ''] = /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    const fields = rest.split(' ');
    return { name, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined; // it has ended since
  }
}
