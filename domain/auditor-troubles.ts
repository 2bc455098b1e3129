import type { Trouble } from './platform-troubles.ts';

/** What the auditor finds: somebody is being let down, or nobody could tell. */

const minute = 60_000;

export const auditorTroubles = {
  'alert-uncalled': {
    opensAfterMs: 0,
    title: { en: 'An open alert has called nobody in time', zh: '有未关闭的警报未按时呼叫' },
    means: {
      en: 'By its escalation somebody should have been called by now, and no page has gone or is on its way.',
      zh: '按逐级呼叫方案，此时应已呼叫人员，但没有呼叫发出或正在发出。',
    },
    remedy: {
      en: 'Open the worklist and tell whoever is on call by other means at once. Then look at rules, agenda and PostgreSQL.',
      zh: '请立即打开工作清单，以其他方式通知值班人员；随后检查规则进程、定时任务和 PostgreSQL。',
    },
  },
  'alert-unanswered': {
    opensAfterMs: 0,
    title: { en: 'A critical alert was called through and nobody answered', zh: '危急警报已完成全部呼叫，仍无人应答' },
    means: {
      en: 'All rounds of its escalation are over, and nobody has acknowledged. It calls nobody any more.',
      zh: '逐级呼叫的所有轮次均已结束，仍无人确认，系统不再继续呼叫。',
    },
    remedy: {
      en: 'Open the worklist and find somebody who looks after this patient now. Then see why nobody answered.',
      zh: '请立即打开工作清单，安排人员处理该患者；随后查明无人应答的原因。',
    },
  },
  'alert-late': {
    opensAfterMs: 0,
    title: { en: 'A critical alert opened late', zh: '危急警报开启延迟' },
    means: {
      en: 'More than a minute lay between its reading and the alert. The judge was away, or cannot keep up.',
      zh: '从收到读数到开启警报超过一分钟，规则判定曾中断或处理能力不足。',
    },
    remedy: {
      en: 'Look at the rules process, PostgreSQL and the load of the machine.',
      zh: '请检查规则进程、PostgreSQL 和机器负载。',
    },
  },
  'page-stuck': {
    opensAfterMs: 0,
    title: { en: 'Pages are due and do not go', zh: '呼叫已到时间却未发出' },
    means: {
      en: 'A page of an open alert should have gone, and nothing has tried to send it.',
      zh: '未关闭警报的呼叫应已发出，但没有任何发送尝试。',
    },
    remedy: {
      en: 'Tell whoever is on call by other means. Start the rules process again, and look at the agenda and PostgreSQL.',
      zh: '请以其他方式通知值班人员；重新启动规则进程，并检查定时任务和 PostgreSQL。',
    },
  },
  'canary-lost': {
    opensAfterMs: 90_000,
    title: { en: 'The test reading does not come through', zh: '测试读数未能走完全程' },
    means: {
      en: 'A reading that the auditor sends through the whole platform did not arrive everywhere in time. Real readings may fare no better; the station that is missing stands beside it.',
      zh: '审计进程定期发送的测试读数未按时到达全部环节，真实读数也可能受影响；缺失的环节见旁边的说明。',
    },
    remedy: {
      en: 'Look at the component of that station: broker (acknowledged), store of readings (stored), recording (receipted, shown), rules (opened), agenda (paged).',
      zh: '请检查对应组件：接入服务（acknowledged）、读数存储（stored）、读数入库（receipted、shown）、规则判定（opened）、定时任务（paged）。',
    },
  },
  'heartbeat-fails': {
    opensAfterMs: 3 * minute,
    title: { en: 'The external heartbeat does not get through', zh: '外部心跳无法送达' },
    means: {
      en: 'The platform is well, but whoever watches from outside does not hear it, and will soon raise an alarm of their own.',
      zh: '平台本身正常，但外部监测方收不到心跳，可能很快发出告警。',
    },
    remedy: {
      en: 'Look at HEARTBEAT_URL and at the way out of this network.',
      zh: '请检查 HEARTBEAT_URL 以及本网络的外部连接。',
    },
  },
  'auditor-blind': {
    opensAfterMs: 3 * minute,
    title: { en: 'The auditor cannot look', zh: '审计进程无法检查' },
    means: {
      en: 'Nobody independent checks whether alerts are called in time. The external heartbeat stays away.',
      zh: '目前没有独立检查警报是否按时呼叫，外部心跳已停止。',
    },
    remedy: { en: 'See to PostgreSQL, then to the auditor.', zh: '请先检查 PostgreSQL，再检查审计进程。' },
  },
} as const satisfies Record<string, Trouble>;
