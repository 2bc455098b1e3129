import { z } from 'zod';
import { platformTroubles } from './platform-troubles.ts';
import type { Words } from './words.ts';

/** How the platform itself is, for those who run it: no patient, no person, no secret. */

export { platformTroubles };
export type PlatformTrouble = keyof typeof platformTroubles;
export const platformTroubleNames = Object.keys(platformTroubles) as [PlatformTrouble, ...PlatformTrouble[]];

export const States = ['ok', 'degraded', 'down'] as const;

/** One component as it last said of itself. */
export const ComponentView = z.object({
  component: z.string(),
  /** The process in which it runs. */
  process: z.string(),
  state: z.enum(States),
  /** Null where it is well. */
  trouble: z.enum(platformTroubleNames).nullable(),
  /** A few English words of its own, with counts. */
  detail: z.string().nullable(),
  at: z.iso.datetime(),
});
export type ComponentView = z.infer<typeof ComponentView>;

/** Something of the platform that has not worked for longer than it may; closed when it works again. */
export const PlatformAlert = z.object({
  id: z.uuid(),
  component: z.string(),
  process: z.string(),
  trouble: z.enum(platformTroubleNames),
  state: z.enum(['degraded', 'down']),
  detail: z.string().nullable(),
  /** When the trouble began. */
  since: z.iso.datetime(),
  openedAt: z.iso.datetime(),
  closedAt: z.iso.datetime().nullable(),
});
export type PlatformAlert = z.infer<typeof PlatformAlert>;

/** As people call the components. One that is missing here is called by its own name. */
const components: Readonly<Record<string, Words>> = {
  postgresql: { en: 'PostgreSQL', zh: 'PostgreSQL 数据库' },
  'vitals-store': { en: 'Store of readings', zh: '读数存储' },
  rollups: { en: 'Rollups by hour and day', zh: '小时与每日汇总' },
  retention: { en: 'Retention', zh: '数据保存期限' },
  erasures: { en: 'Erasure of patients', zh: '患者数据删除' },
  journal: { en: 'Journal of readings', zh: '读数日志' },
  broker: { en: 'MQTT broker', zh: 'MQTT 接入服务' },
  ingest: { en: 'Recording of readings', zh: '读数入库' },
  rules: { en: 'Rules and pages', zh: '规则判定与呼叫' },
  agenda: { en: 'Due times', zh: '定时任务' },
  'clinician-api': { en: 'Console and API', zh: '工作台与接口' },
  certificates: { en: 'Certificates', zh: '证书' },
  releases: { en: 'Release from quarantine', zh: '隔离区放行' },
  forgetting: { en: 'Tidying up', zh: '过期清理' },
  servers: { en: 'Databases started by Hearthbeat', zh: '自带数据库' },
  pages: { en: 'Calls', zh: '呼叫送达' },
  rota: { en: 'Rotas', zh: '值班表' },
  reachability: { en: 'Contact points of people on call', zh: '值班人员联系方式' },
  quarantine: { en: 'Quarantine', zh: '隔离区' },
  audit: { en: 'Audit trail', zh: '审计记录' },
  auditor: { en: 'Auditor', zh: '审计进程' },
  canary: { en: 'Test reading through the platform', zh: '全程测试读数' },
  heartbeat: { en: 'External heartbeat', zh: '外部心跳' },
  'late-calls': { en: 'Calls of open alerts', zh: '未关闭警报的呼叫' },
  'unanswered-alerts': { en: 'Critical alerts without an answer', zh: '无人应答的危急警报' },
  'stuck-pages': { en: 'Pages that are due', zh: '到期的呼叫' },
  'late-due-times': { en: 'Due times, as the auditor sees them', zh: '定时任务（审计）' },
  'late-alerts': { en: 'Opening of critical alerts', zh: '危急警报的开启' },
  consumers: { en: 'Readers of the journal', zh: '日志读取进度' },
};

export function nameOfComponent(component: string): Words {
  const process = processOf(component);
  if (process !== undefined) return { en: `Process ${process}`, zh: `进程 ${process}` };
  return components[component] ?? { en: component, zh: component };
}

/** A whole process that is silent stands as a component of whoever noticed. */
export const asComponent = (process: string): string => `process ${process}`;
const processOf = (component: string): string | undefined => /^process (.+)$/.exec(component)?.[1];
