import type { Mark } from '../command/phrases.ts';
import type { Words } from '../command/terminal.ts';

/** What one check found. `remedy`: what somebody should do, where something should be done. */
export type Finding = { check: string; of: Words; mark: Mark; says: Words; remedy?: Words };

const titles = {
  bus: { en: 'System bus', zh: '系统总线' },
  bluetoothd: { en: 'bluetoothd', zh: '蓝牙服务' },
  adapter: { en: 'Adapter', zh: '蓝牙适配器' },
  rfkill: { en: 'Radio switch', zh: '无线开关' },
  disk: { en: 'Disk', zh: '磁盘' },
  credentials: { en: 'Credentials', zh: '凭证' },
  clock: { en: 'Clock', zh: '时钟' },
  name: { en: 'Name of the server', zh: '服务器域名' },
  reach: { en: 'Way to the server', zh: '服务器连接' },
  accepted: { en: 'Sign-in', zh: '登录' },
  gateway: { en: 'Gateway', zh: '网关' },
} as const satisfies Record<string, Words>;
export type Check = keyof typeof titles;

export function finding(check: Check, mark: Mark, says: Words, remedy?: Words): Finding {
  return { check, of: titles[check], mark, says, ...(remedy ? { remedy } : {}) };
}

export const codeOf = (fault: unknown): string => {
  const { code } = (fault ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : fault instanceof Error ? fault.message.split('\n')[0]! : 'unknown';
};
