import { auditorTroubles } from './auditor-troubles.ts';
import type { Words } from './words.ts';

/**
 * What can be wrong with the platform, in the words of whoever has to see to it: what it is, what it means for readings and
 * patients, what to do. `opensAfterMs`: how long it may last before it becomes an alert; null: it is only shown. The times
 * are engineering defaults: as long as a restart or a short outage takes, and no longer.
 */

export type Trouble = { opensAfterMs: number | null; title: Words; means: Words; remedy: Words };

const second = 1_000;
const minute = 60 * second;

export const platformTroubles = {
  'journal-full': {
    opensAfterMs: 0,
    title: { en: 'The journal of readings is full', zh: '读数日志已满' },
    means: {
      en: 'New readings are not acknowledged, so homes and devices keep them and send them again. Nothing that was acknowledged is lost. Alerts on new readings come late.',
      zh: '新读数暂不确认，由家中网关和设备保存并稍后重发。已确认的读数不会丢失，但新读数的警报会延迟。',
    },
    remedy: {
      en: 'See which component is behind and put that right first; the journal then empties by itself. If the disk is too small, enlarge it.',
      zh: '请先查明并修复进度落后的组件，日志随后会自动腾空；若磁盘过小，请扩容。',
    },
  },
  'journal-nearly-full': {
    opensAfterMs: minute,
    title: { en: 'The journal of readings is nearly full', zh: '读数日志即将写满' },
    means: {
      en: 'Readings are still taken and nothing is lost. When it is full, homes and devices keep their readings until there is room.',
      zh: '目前读数仍正常接收，没有丢失。写满后，读数由家中网关和设备保存，直到有空间为止。',
    },
    remedy: {
      en: 'See which component is behind: usually the store of readings or PostgreSQL is away.',
      zh: '请查明哪个组件进度落后，通常是读数存储或 PostgreSQL 中断。',
    },
  },
  'journal-unwritable': {
    opensAfterMs: 0,
    title: { en: 'The journal of readings cannot be written', zh: '读数日志无法写入' },
    means: {
      en: 'New readings are not acknowledged; homes and devices keep them and send them again. Nothing that was acknowledged is lost.',
      zh: '新读数暂不确认，由家中网关和设备保存并稍后重发。已确认的读数不会丢失。',
    },
    remedy: {
      en: 'Look at the disk that holds DATA_DIR: is it full, read-only or broken?',
      zh: '请检查 DATA_DIR 所在磁盘：是否已满、只读或损坏。',
    },
  },
  'journal-damaged': {
    opensAfterMs: 0,
    title: { en: 'A damaged part of the journal was stepped over', zh: '读数日志有损坏，已跳过损坏部分' },
    means: {
      en: 'Readings in the damaged part were not recorded. Those that were not receipted come again from the gateways; others may be missing.',
      zh: '损坏部分的读数未入库。未收到回执的读数会由网关重发，其余可能缺失。',
    },
    remedy: {
      en: 'Look at the disk that holds DATA_DIR and keep the damaged file; the log names it. This note goes with the next start.',
      zh: '请检查 DATA_DIR 所在磁盘，并保留损坏的文件（文件名见运行日志）。下次启动后此提示消失。',
    },
  },
  'consumer-behind': {
    opensAfterMs: 15 * minute,
    title: { en: 'A reader of the journal is far behind', zh: '日志读取进度严重落后' },
    means: {
      en: 'Readings are safe on disk, but are stored or judged late.',
      zh: '读数已安全落盘，但入库或判定会延迟。',
    },
    remedy: {
      en: 'Look at the component that is named: it is away, too slow, or was switched off.',
      zh: '请检查所列组件：可能已中断、过慢或被停用。',
    },
  },
  'readings-not-kept': {
    opensAfterMs: 30 * second,
    title: { en: 'New readings are not taken', zh: '暂不接收新读数' },
    means: {
      en: 'Homes and devices keep their readings and send them again. Nothing that was acknowledged is lost.',
      zh: '读数由家中网关和设备保存并稍后重发。已确认的读数不会丢失。',
    },
    remedy: { en: 'Look at the journal and its disk.', zh: '请检查读数日志及其所在磁盘。' },
  },
  'records-away': {
    opensAfterMs: 30 * second,
    title: { en: 'PostgreSQL does not answer', zh: 'PostgreSQL 没有响应' },
    means: {
      en: 'Readings are still taken and kept on disk. Nobody can sign in, no source can connect anew, and nothing is judged or paged until it is back.',
      zh: '读数仍正常接收并落盘，但人员无法登录，设备无法重新连接，且在恢复之前不作判定，也不发出呼叫。',
    },
    remedy: {
      en: 'Start PostgreSQL again, or restore the network to it. Until then watch patients at risk by other means.',
      zh: '请重启 PostgreSQL 或恢复网络。在此之前，请以其他方式关注高风险患者。',
    },
  },
  'vitals-store-away': {
    opensAfterMs: minute,
    title: { en: 'The store of readings does not answer', zh: '读数存储没有响应' },
    means: {
      en: 'Readings wait on disk and nothing is lost; alerts and pages still work. Charts show nothing new until it is back.',
      zh: '读数在磁盘上等待入库，没有丢失，警报与呼叫仍正常。恢复之前图表没有新数据。',
    },
    remedy: { en: 'Start InfluxDB again, or restore the network to it.', zh: '请重启 InfluxDB 或恢复网络。' },
  },
  'vitals-store-fallback': {
    opensAfterMs: null,
    title: { en: 'Readings are kept in PostgreSQL', zh: '读数存于 PostgreSQL' },
    means: {
      en: 'Everything works; many patients need InfluxDB.',
      zh: '各项功能正常，但患者较多时需要 InfluxDB。',
    },
    remedy: { en: 'Install InfluxDB or set INFLUX_URL.', zh: '请安装 InfluxDB 或设置 INFLUX_URL。' },
  },
  'recording-waits': {
    opensAfterMs: minute,
    title: { en: 'Readings are not recorded at present', zh: '读数暂未入库' },
    means: {
      en: 'They wait in the journal on disk, and nothing is lost. Charts and latest values stand still.',
      zh: '读数在日志中等待，没有丢失。图表与最新数值暂停更新。',
    },
    remedy: {
      en: 'See to the store of readings and to PostgreSQL; recording goes on by itself.',
      zh: '请检查读数存储和 PostgreSQL，恢复后会自动继续。',
    },
  },
  'upkeep-waits': {
    // a store that is away has an alert of its own, and nobody waits for these
    opensAfterMs: 6 * 60 * minute,
    title: { en: 'Rollups, retention or an erasure make no progress', zh: '汇总、到期清理或患者数据删除没有进展' },
    means: {
      en: 'Readings are recorded and judged as usual. Charts of a long time read more and are slower; what is to be deleted is still there, and seen by nobody.',
      zh: '读数的入库与判断不受影响。长时段图表读取变慢；待删除的数据仍在存储中，但任何人都看不到。',
    },
    remedy: {
      en: 'See the log of this component, and whether the store of readings and PostgreSQL answer; it goes on by itself.',
      zh: '请查看该组件的日志，并确认读数存储和 PostgreSQL 能够响应，恢复后会自动继续。',
    },
  },
  'judging-waits': {
    opensAfterMs: 30 * second,
    title: { en: 'Readings are not judged at present', zh: '读数暂未判定' },
    means: {
      en: 'No alert opens until PostgreSQL is back. The readings wait in the journal and are judged then; nothing is lost.',
      zh: '在 PostgreSQL 恢复之前不会触发警报。读数在日志中等待，恢复后补判，没有丢失。',
    },
    remedy: {
      en: 'See to PostgreSQL at once. Until then watch patients at risk by other means.',
      zh: '请立即修复 PostgreSQL。在此之前，请以其他方式关注高风险患者。',
    },
  },
  'judging-failed': {
    opensAfterMs: 0,
    title: { en: 'Some readings could not be judged', zh: '部分读数判定失败' },
    means: {
      en: 'A fault in a rule: an alert may be missing for these readings.',
      zh: '规则程序出现故障，这些读数可能漏报警报。',
    },
    remedy: {
      en: 'Look into the log and report the fault. Look at the patients concerned.',
      zh: '请查看运行日志并上报故障，同时核查相关患者。',
    },
  },
  'trends-wait': {
    // a million patients take an hour after a start; until then each is judged in full as soon as their own past is there
    opensAfterMs: 30 * minute,
    title: { en: 'Trends of some patients are not judged yet', zh: '部分患者的趋势尚未判定' },
    means: {
      en: 'After a start the past of patients is read from the store of readings. Limits are judged and pages sent as usual; averages, trends and silence are judged once the past of a patient is there.',
      zh: '启动后需从读数存储中读取患者的历史数据。限值判定与呼叫照常；均值、趋势与失联在该患者的历史数据读取完成后判定。',
    },
    remedy: {
      en: 'See to the store of readings and to recording; the rest comes by itself. A past that could not be read stands in the log.',
      zh: '请检查读数存储及读数入库，其余会自动完成。无法读取的历史数据见运行日志。',
    },
  },
  'homes-unheard': {
    opensAfterMs: 5 * minute,
    title: { en: 'Most homes are not heard', zh: '大多数住所失联' },
    means: {
      en: 'So many at once are our own fault or our network’s: no patient is called silent meanwhile. Gateways keep their readings and send them again.',
      zh: '大量住所同时失联应为平台自身或网络故障，此期间不会将患者判为失联。网关保存读数并稍后重发。',
    },
    remedy: {
      en: 'See to the MQTT door, its certificate, the firewall and the network before it.',
      zh: '请检查 MQTT 接入端口、证书、防火墙及前端网络。',
    },
  },
  'no-channel': {
    opensAfterMs: 0,
    title: { en: 'Nobody can be paged', zh: '无法呼叫任何人' },
    means: {
      en: 'No way to send pages is set up. Alerts stand in the worklist only.',
      zh: '尚未配置呼叫方式，警报只显示在工作清单中。',
    },
    remedy: { en: 'Set SMTP_URL or WEBHOOK_URL.', zh: '请设置 SMTP_URL 或 WEBHOOK_URL。' },
  },
  'pages-fail': {
    opensAfterMs: minute,
    title: { en: 'Pages do not get through', zh: '呼叫无法送达' },
    means: {
      en: 'At least one way of paging does not work. Pages are tried again and go on to the next person.',
      zh: '至少一种呼叫方式不可用。系统会重试，并转呼下一位人员。',
    },
    remedy: {
      en: 'Look at the mail server or webhook. Watch the worklist until it works.',
      zh: '请检查邮件服务器或 Webhook。恢复之前请留意工作清单。',
    },
  },
  'page-undeliverable': {
    opensAfterMs: 0,
    title: { en: 'A call reached nobody', zh: '有呼叫未送达任何人' },
    means: {
      en: 'An alert is open, and nobody whom its last step calls could be told by any channel. The next step began at once, and the rounds go on.',
      zh: '有警报尚未关闭，且最近一级呼叫的人员均无法通过任何渠道送达。系统已立即转入下一级，并继续循环呼叫。',
    },
    remedy: {
      en: 'Open the worklist and tell somebody by other means at once. Then look at the channels and at the contact points of these people.',
      zh: '请立即打开工作清单，并以其他方式通知人员；随后检查呼叫渠道和相关人员的联系方式。',
    },
  },
  'rota-gap': {
    opensAfterMs: 0,
    title: { en: 'A rota has a gap', zh: '值班表有空缺' },
    means: {
      en: 'Within the next 14 days a place that alerts call is held by nobody for a while. Calls then go on to the next step; where no step has anybody, everybody of the team is called.',
      zh: '未来 14 天内，警报要呼叫的某个值班位置有一段时间无人值守。届时呼叫会转入下一级；若各级均无人，则呼叫团队全体成员。',
    },
    remedy: {
      en: 'Open the rotas of your care teams, which show the gaps, and put somebody there.',
      zh: '请打开各团队的值班表，查看空缺时段并安排人员。',
    },
  },
  'rota-unreachable': {
    opensAfterMs: 0,
    title: { en: 'Somebody on call cannot be reached', zh: '有值班人员无法联系' },
    means: {
      en: 'No channel reaches a person who is on a rota, covers for somebody, or is called by name. Their calls fail and go on to the next.',
      zh: '值班、替班或被点名呼叫的人员中，有人没有任何可用的联系方式。对其呼叫会失败，并转呼下一位。',
    },
    remedy: {
      en: 'Let them add and confirm a contact point, or put somebody else on the rota, which names them.',
      zh: '请其添加并验证联系方式，或在值班表中改由他人值班；值班表会标出这些人员。',
    },
  },
  'agenda-unreadable': {
    opensAfterMs: 30 * second,
    title: { en: 'Due times cannot be read', zh: '定时任务无法读取' },
    means: {
      en: 'Escalations and reminders wait until PostgreSQL is back.',
      zh: '逐级呼叫与提醒将等到 PostgreSQL 恢复。',
    },
    remedy: { en: 'See to PostgreSQL.', zh: '请检查 PostgreSQL。' },
  },
  'agenda-overdue': {
    opensAfterMs: minute,
    title: { en: 'Due times are overdue', zh: '定时任务已逾期' },
    means: { en: 'Escalations and reminders come late.', zh: '逐级呼叫与提醒会延迟。' },
    remedy: {
      en: 'The machine may be overloaded: look at processor, memory and PostgreSQL.',
      zh: '机器可能过载，请检查处理器、内存和 PostgreSQL。',
    },
  },
  'agenda-given-up': {
    opensAfterMs: 0,
    title: { en: 'Some due times were given up', zh: '部分定时任务已放弃' },
    means: {
      en: 'They failed again and again. An escalation or a reminder may be missing.',
      zh: '多次执行失败，可能缺少一次逐级呼叫或提醒。',
    },
    remedy: { en: 'Look into the log and at the open alerts.', zh: '请查看运行日志和未关闭的警报。' },
  },
  ...auditorTroubles,
  'queue-away': {
    opensAfterMs: 5 * minute,
    title: { en: 'The job queue does not answer', zh: '任务队列没有响应' },
    means: { en: 'Due times run from timers instead and are kept.', zh: '定时任务改由计时器执行，不会丢失。' },
    remedy: { en: 'Look at Redis or PostgreSQL.', zh: '请检查 Redis 或 PostgreSQL。' },
  },
  'live-interrupted': {
    opensAfterMs: 5 * minute,
    title: { en: 'Live changes are interrupted', zh: '实时推送中断' },
    means: {
      en: 'The console asks every 30 seconds instead. Alerts and pages are not affected.',
      zh: '工作台改为每 30 秒查询一次，警报与呼叫不受影响。',
    },
    remedy: { en: 'Look at the connection to PostgreSQL.', zh: '请检查与 PostgreSQL 的连接。' },
  },
  'certificate-ending': {
    opensAfterMs: minute,
    title: { en: "The server's certificate ends soon", zh: '服务器证书即将到期' },
    means: {
      en: 'When it has ended, no home can connect. Readings stay in the homes.',
      zh: '到期后家中网关将无法连接，读数会留在家中。',
    },
    remedy: {
      en: 'It should renew by itself: look into the log, and restart the platform.',
      zh: '证书应自动续期：请查看运行日志，并重启平台。',
    },
  },
  'authority-ending': {
    opensAfterMs: minute,
    title: { en: "The platform's own authority ends soon", zh: '平台证书机构即将到期' },
    means: {
      en: 'When it has ended, the certificates of all homes are void.',
      zh: '到期后所有家庭的证书都将失效。',
    },
    remedy: {
      en: 'Rotate the authority in good time, as docs/authority.md describes.',
      zh: '请按 docs/authority.md 的说明及时轮换证书机构。',
    },
  },
  'audit-broken': {
    opensAfterMs: 0,
    title: { en: 'The audit trail was changed', zh: '审计记录被改动' },
    means: {
      en: 'A row of it is not as it was written, or is missing: somebody with access to the database has changed it, or it was damaged.',
      zh: '有一行审计记录与写入时不符或已缺失：可能有人通过数据库权限改动，或数据已损坏。',
    },
    remedy: {
      en: 'Keep the database as it is, say "npm run home -- verify", and find out who had access.',
      zh: '请保留数据库现状，运行 "npm run home -- verify"，并查明谁有访问权限。',
    },
  },
  'quarantine-growing': {
    opensAfterMs: 5 * minute,
    title: { en: 'Many readings go into quarantine', zh: '大量读数进入隔离区' },
    means: {
      en: 'They are kept whole, but belong to nobody yet: no chart shows them and no rule judges them.',
      zh: '这些读数完整保存，但尚未归属任何患者，不会显示在图表中，也不参与判定。',
    },
    remedy: {
      en: 'Open the quarantine: usually a device is not assigned, or a clock is wrong.',
      zh: '请打开隔离区查看：通常是设备未分配，或时钟有误。',
    },
  },
  'process-silent': {
    opensAfterMs: 0,
    title: { en: 'A process of the platform is silent', zh: '平台的一个进程没有动静' },
    means: {
      en: 'It has not said how it is for a minute: it has ended, hangs, or cannot reach PostgreSQL.',
      zh: '该进程已一分钟没有报告状态：可能已结束、卡住或无法连接 PostgreSQL。',
    },
    remedy: { en: 'Start it again.', zh: '请重新启动该进程。' },
  },
  'not-running': {
    opensAfterMs: minute,
    title: { en: 'Does not run', zh: '未在运行' },
    means: { en: 'It has ended, and is being started again.', zh: '已结束，正在重新启动。' },
    remedy: { en: 'If it stays so, look into the log.', zh: '若持续如此，请查看运行日志。' },
  },
  limited: {
    opensAfterMs: 5 * minute,
    title: { en: 'Works with something missing', zh: '部分功能不可用' },
    means: { en: 'Its own words stand beside it.', zh: '详情见旁边的说明。' },
    remedy: { en: 'Look into the log.', zh: '请查看运行日志。' },
  },
  broken: {
    opensAfterMs: minute,
    title: { en: 'Does not work', zh: '无法工作' },
    means: { en: 'Its own words stand beside it.', zh: '详情见旁边的说明。' },
    remedy: { en: 'Look into the log.', zh: '请查看运行日志。' },
  },
} as const satisfies Record<string, Trouble>;
