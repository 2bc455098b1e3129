import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Engine } from 'json-rules-engine';
import { lateAfterMs } from '#domain/admission.ts';
import { newAlert } from '#domain/alert.ts';
import type { Programme } from '#domain/care-plan.ts';
import { AlertId, DeviceId, PatientId, ReadingId, SourceId, TeamId } from '#domain/ids.ts';
import { type PanelName, panels, vitals } from '#domain/vitals.ts';
import { dayNumberIn } from '#domain/zone.ts';
import { seededRandom } from '#runtime/random.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import { book } from '../../rules/book/index.ts';
import { createHistory, type History, insertReading } from '../../rules/history/history.ts';
import type { Heard } from '../../rules/intake.ts';
import { kept, weigh } from '../../rules/weigh.ts';

/**
 * `npm run bench:rules`: how many readings one core judges in a second with the whole book, how long one takes at worst (p99), and how many bytes of
 * this process a patient takes: with a cuff four times a day, with a sensor every five minutes, with five devices. Weeks stand
 * in every history before the clock runs. The yardstick, in the same run: json-rules-engine with the limits of the same rules and nothing else
 * (no history, no memory, no second measurement). Aim: 50,000 readings a second, twenty times the yardstick.
 * BENCH_SEED repeats a run; BENCH_SCALE changes the number of patients.
 */
const seed = Number(process.env.BENCH_SEED ?? 1);
const scale = Number(process.env.BENCH_SCALE ?? 1);
const start = Date.UTC(2026, 8, 1);
const dayMs = 86_400_000;
const timeZone = 'Asia/Shanghai';
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Ordinary people: `usual` and `spread` of the vitals a panel must have, then of those it may have. */
type Habit = { panel: PanelName; perDay: number; usual: readonly number[]; spread: readonly number[] };
type Kind = { name: string; patients: number; past: number; judged: number; programmes: Programme[]; habits: Habit[] };

const pressure: Habit = { panel: 'blood-pressure', perDay: 4, usual: [128, 78, 95, 70], spread: [7, 5, 5, 6] };
const kinds: Kind[] = [
  { name: 'cuff, 4 a day', patients: 1_000, past: 35, judged: 14, programmes: ['hypertension'], habits: [pressure] },
  {
    name: 'sensor, every 5 min',
    patients: 100,
    past: 16,
    judged: 2,
    programmes: ['diabetes', 'cgm', 'hypoglycaemia-unaware'],
    habits: [{ panel: 'continuous-glucose', perDay: 288, usual: [128], spread: [14] }],
  },
  {
    name: 'five devices, 10 a day',
    patients: 400,
    past: 35,
    judged: 14,
    programmes: ['hypertension', 'diabetes', 'heart-failure', 'copd'],
    habits: [
      { ...pressure, perDay: 2 },
      { panel: 'body-weight', perDay: 1, usual: [76], spread: [0.3] },
      { panel: 'pulse-oximetry', perDay: 2, usual: [95, 72], spread: [0.7, 6] },
      { panel: 'glucose', perDay: 4, usual: [126], spread: [18] },
      { panel: 'body-temperature', perDay: 1, usual: [36.6], spread: [0.2] },
    ],
  },
];

const random = seededRandom(seed);
const deviate = () => random.next() + random.next() + random.next() + random.next() - 2;
const hex = '0123456789abcdef';
const id = () => ReadingId.parse(Array.from({ length: 32 }, () => hex[Math.floor(random.next() * 16)]).join(''));

function* readingsOf(patient: number, { habits }: Kind, from: number, days: number): Generator<Heard> {
  const all = habits.flatMap(({ panel, perDay, usual, spread }) =>
    Array.from({ length: perDay * days }, (_, n) => {
      const takenAt = from + Math.round(((n + 0.4 + 0.02 * random.next()) * dayMs) / perDay);
      const named = [...panels[panel].required, ...panels[panel].optional].slice(0, usual.length);
      const values = named.map((vital, i) => {
        const value = usual[i]! + spread[i]! * deviate();
        return { vital, value: Number(value.toFixed(vitals[vital].decimals)), unit: vitals[vital].ucum };
      });
      return { panel, takenAt, values };
    }),
  );
  for (const { panel, takenAt, values } of all.sort((a, b) => a.takenAt - b.takenAt)) {
    const instant = new Date(takenAt).toISOString();
    const evidence = { reading: id(), panel, takenAt: instant, heardAt: instant, storedAt: instant, values, marks: [] };
    const device = DeviceId.parse(`${panel}-${patient}`);
    const receivedAt = takenAt + 2_000;
    const late = receivedAt - takenAt > lateAfterMs;
    yield { reading: { evidence, device, source: SourceId.parse(`gw-${patient}`), late }, receivedAt };
  }
}

const team = { team: TeamId.parse(random.uuid()), timeZone, overrides: {} };
const patientOf = ({ programmes }: Kind): JudgedPatient => ({
  patient: PatientId.parse(random.uuid()),
  team,
  plan: { overrides: {}, programmes, expected: [], pause: null, silentAfterMinutes: 1800, from: start },
  memories: new Map(),
  alerts: [],
});

/** What the judge does with what is remarkable, without its rows. */
function after(patient: JudgedPatient, { outcomes }: ReturnType<typeof weigh>, at: number): JudgedPatient {
  const memories = new Map(patient.memories);
  let alerts = [...patient.alerts];
  for (const { rule, parameters, state, effects } of outcomes) {
    memories.set(rule.rule, state);
    for (const effect of effects) {
      if (effect.kind === 'clear') alerts = alerts.filter(({ problem }) => problem !== rule.problem);
      if (effect.kind !== 'raise' || alerts.some(({ problem }) => problem === rule.problem)) continue;
      alerts.push(
        newAlert({
          id: AlertId.parse(random.uuid()),
          patient: patient.patient,
          team: team.team,
          rule: rule.rule,
          problem: rule.problem,
          ruleVersion: rule.version,
          parameters,
          severity: effect.severity,
          title: rule.title,
          explanation: effect.explanation,
          evidence: effect.evidence,
          escalation: null,
          openedAt: new Date(at).toISOString(),
        }),
      );
    }
  }
  return { ...patient, memories, alerts };
}

const memory = () => {
  // what arrays let go of is swept after the first
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

let whole = { readings: 0, ms: 0, took: [] as Float64Array[] };
const ordinary: Heard[] = [];
const number = (value: number) => Math.round(value).toLocaleString('en');
const percentile = (sorted: Float64Array, share: number) => sorted[Math.floor(sorted.length * share)]!;

/** In a function of its own, so that nothing of one kind stays in memory while the next is weighed. */
function weighIn(kind: Kind): string {
  const many = Math.max(1, Math.round(kind.patients * scale));
  const people = Array.from({ length: many }, () => patientOf(kind));
  const histories: History[] = people.map((_, n) => {
    const history = createHistory();
    for (const { reading, receivedAt } of readingsOf(n, kind, start, kind.past)) {
      const day = dayNumberIn(timeZone, Date.parse(reading.evidence.takenAt));
      insertReading(history, kept, { ...reading, day }, receivedAt);
    }
    return history;
  });

  const heard = people.map((_, n) => [...readingsOf(n, kind, start + kind.past * dayMs, kind.judged)]);
  const took = new Float64Array(heard.reduce((sum, { length }) => sum + length, 0));
  let [at, remarkable, alerts] = [0, 0, 0];
  const begin = performance.now();
  const cpu = process.cpuUsage();
  // as they come in: everybody's first, then everybody's second
  for (let nth = 0; at < took.length; nth++)
    for (let n = 0; n < many; n++) {
      const one = heard[n]![nth];
      if (!one) continue;
      const from = performance.now();
      const found = weigh(
        people[n]!,
        histories[n]!,
        { patient: people[n]!.patient, kind: 'heard', heard: [one] },
        one.receivedAt,
      );
      took[at++] = performance.now() - from;
      if (found.faults[0]) throw found.faults[0].cause;
      if (found.outcomes.length === 0) continue;
      remarkable++;
      alerts += found.outcomes.flatMap(({ effects }) => effects).filter((effect) => effect.kind === 'raise').length;
      people[n] = after(people[n]!, found, one.receivedAt);
    }
  // of the processor's time, for this machine may have other work
  const used = process.cpuUsage(cpu);
  const ms = Math.min(performance.now() - begin, (used.user + used.system) / 1000);
  whole.readings += at;
  whole.ms += ms;
  whole.took.push(took);
  ordinary.push(...heard.slice(0, 20).flat().slice(0, 3_000));
  const full = memory();
  histories.length = 0;
  const bytes = (full - memory()) / many;
  const sorted = took.toSorted();
  return `${kind.name.padEnd(24)} ${number(at / (ms / 1000)).padStart(9)} readings/s   p50 ${(1000 * percentile(sorted, 0.5)).toFixed(1)} µs   p99 ${(1000 * percentile(sorted, 0.99)).toFixed(1)} µs   ${number(bytes)} bytes per patient   ${number(remarkable)} of ${number(at)} remarkable, ${alerts} alerts`;
}
// a judge that has just started is slower, and soon none
for (const kind of kinds) weighIn({ ...kind, patients: kind.patients / 10 });
whole = { readings: 0, ms: 0, took: [] };
ordinary.length = 0;
for (const kind of kinds) console.log(weighIn(kind));

const perSecond = whole.readings / (whole.ms / 1000);
const sorted = Float64Array.from(whole.took.flatMap((took) => [...took])).sort();
console.log(
  `${'together'.padEnd(24)} ${number(perSecond).padStart(9)} readings/s and core   p99 ${(1000 * percentile(sorted, 0.99)).toFixed(1)} µs   with ${book.length} rules, seed ${seed}`,
);

/** The limits alone, as its manual writes conditions: all in one engine, and only those of the panel that was measured. */
const all = new Engine([], { allowUndefinedFacts: true });
const engines = new Map<PanelName, Engine>();
for (const rule of book) {
  const conditions = rule.parameters
    .flatMap((p) => (p.limits ? [{ ...p.limits, value: p.default }] : []))
    .map(({ vital, side, value }) => ({
      fact: vital,
      operator: side === 'above' ? 'greaterThanInclusive' : 'lessThan',
      value,
    }));
  if (conditions.length === 0) continue;
  const asTheirs = { conditions: { any: conditions }, event: { type: rule.rule } };
  all.addRule(asTheirs);
  for (const panel of rule.panels) {
    const engine = engines.get(panel) ?? new Engine([], { allowUndefinedFacts: true });
    engines.set(panel, engine.addRule(asTheirs));
  }
}
const factsOf = ({ reading }: Heard) =>
  Object.fromEntries(reading.evidence.values.map(({ vital, value }) => [vital, value]));
async function theirs(name: string, engineOf: (heard: Heard) => Engine | undefined): Promise<void> {
  const measured = ordinary.map((heard) => ({ engine: engineOf(heard), facts: factsOf(heard) }));
  const cpu = process.cpuUsage();
  for (const { engine, facts } of measured) await engine?.run(facts);
  const used = process.cpuUsage(cpu);
  const rate = measured.length / ((used.user + used.system) / 1e6);
  console.log(
    `${name.padEnd(24)} ${number(rate).padStart(9)} readings/s and core   ours is ${(perSecond / rate).toFixed(1)} times as fast`,
  );
}
await theirs('json-rules-engine', () => all);
await theirs('  by panel', (heard) => engines.get(heard.reading.evidence.panel));
