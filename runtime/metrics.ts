import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * The platform's metrics in the words of Prometheus: `hearthbeat_<noun>_<unit>`. Labels are words from closed lists;
 * never an id, a name or a value.
 */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const seconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
  return {
    registry,
    mqttConnections: new Gauge({ name: 'hearthbeat_mqtt_connections', help: 'Connected sources', registers }),
    mqttRefused: new Counter({
      name: 'hearthbeat_mqtt_refused_total',
      help: 'Connections, publishes and subscriptions refused',
      labelNames: ['what'] as const,
      registers,
    }),
    mqttHeld: new Counter({
      name: 'hearthbeat_mqtt_held_total',
      help: 'Messages whose acknowledgement was withheld for a while because their source sent too fast',
      registers,
    }),
    journalAppended: new Counter({ name: 'hearthbeat_journal_appended_total', help: 'Entries on disk', registers }),
    journalAppendSeconds: new Histogram({
      name: 'hearthbeat_journal_append_seconds',
      help: 'From the wish to the disk',
      buckets: seconds,
      registers,
    }),
    journalBehind: new Gauge({
      name: 'hearthbeat_journal_behind_entries',
      help: 'Entries a consumer has not finished',
      labelNames: ['consumer'] as const,
      registers,
    }),
    journalBytes: new Gauge({ name: 'hearthbeat_journal_bytes', help: 'What the journal takes on disk', registers }),
    journalLimitBytes: new Gauge({
      name: 'hearthbeat_journal_limit_bytes',
      help: 'What the journal may take, by its limit and by the room on its disk; at it, nothing is acknowledged',
      registers,
    }),
    journalDamaged: new Counter({
      name: 'hearthbeat_journal_damaged_total',
      help: 'Stretches of the journal that could not be read and were stepped over',
      registers,
    }),
    readings: new Counter({
      name: 'hearthbeat_readings_total',
      help: 'Readings by what became of them: stored, duplicate (a copy of a stored one), or why they are in quarantine',
      labelNames: ['outcome'] as const,
      registers,
    }),
    quarantineGaveWay: new Counter({
      name: 'hearthbeat_quarantine_gave_way_total',
      help: 'Items of quarantine that had to make room for newer ones',
      registers,
    }),
    storeSeconds: new Histogram({
      name: 'hearthbeat_store_write_seconds',
      help: 'One batch into the vitals store',
      buckets: seconds,
      registers,
    }),
    storeRetries: new Counter({
      name: 'hearthbeat_store_retries_total',
      help: 'Writes into the vitals store that failed and were tried again',
      registers,
    }),
    commands: new Counter({
      name: 'hearthbeat_commands_total',
      help: 'Commands to homes: sent (each time), and what became of them; not-asked: answers that no command of the source fits',
      labelNames: ['what'] as const,
      registers,
    }),
    httpSeconds: new Histogram({
      name: 'hearthbeat_http_seconds',
      help: 'From a request to its answer, by route and status',
      labelNames: ['route', 'status'] as const,
      buckets: seconds,
      registers,
    }),
    judged: new Counter({ name: 'hearthbeat_readings_judged_total', help: 'Readings the rules have seen', registers }),
    alerts: new Counter({
      name: 'hearthbeat_alerts_total',
      help: 'Alerts opened',
      labelNames: ['rule', 'severity'] as const,
      registers,
    }),
    pages: new Counter({
      name: 'hearthbeat_pages_total',
      help: 'Attempts to page, by channel and outcome',
      labelNames: ['channel', 'outcome'] as const,
      registers,
    }),
    acknowledgedSeconds: new Histogram({
      name: 'hearthbeat_alert_acknowledged_seconds',
      help: 'From the measurement that made an alert critical to the person who answered; the budget is 300',
      buckets: [30, 60, 120, 180, 240, 300, 420, 600, 900, 1800, 3600],
      registers,
    }),
    pageSeconds: new Histogram({
      name: 'hearthbeat_page_seconds',
      help: 'From the opening of an alert to its first page sent',
      buckets: [...seconds, 60, 120, 300],
      registers,
    }),
    canaryLegSeconds: new Gauge({
      name: 'hearthbeat_canary_leg_seconds',
      help: "How long after it was sent the auditor's canary reading had come so far, the last time it did",
      labelNames: ['leg'] as const,
      registers,
    }),
    canaryFlights: new Counter({
      name: 'hearthbeat_canary_flights_total',
      help: 'Canary readings sent through the platform: home (all the way), or the leg they did not come through',
      labelNames: ['outcome'] as const,
      registers,
    }),
    auditFindings: new Gauge({
      name: 'hearthbeat_audit_findings',
      help: 'What the auditor found late when it looked last',
      labelNames: ['what'] as const,
      registers,
    }),
    heartbeats: new Counter({
      name: 'hearthbeat_heartbeats_total',
      help: 'Heartbeats to whoever watches from outside: beaten, failed, withheld',
      labelNames: ['outcome'] as const,
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
