import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { admit } from '#domain/admission.ts';
import { CarePlan } from '#domain/care-plan.ts';
import { type CohortPatient, CohortPerson, dangers, readingOf, rowOf } from '#domain/cohort-file.ts';
import { artefactMarks, vitalIn } from '#domain/reading.ts';
import { dayNumberIn } from '#domain/zone.ts';
import { openCohortFile, writeCohortFile } from '#runtime/cohort-file.ts';
import { seededRandom } from '#runtime/random.ts';
import { readingId } from '#runtime/reading-id.ts';
import { problems } from '../../rules/book/problems.ts';
import { kinds, problemsOf } from '../../simulators/cohort/kinds.ts';
import { personOf } from '../../simulators/cohort/person.ts';
import { createCohort } from '../../simulators/cohort.ts';
import { createPhysiology } from '../../simulators/physiology/physiology.ts';

const from = Date.UTC(2026, 7, 1);
const dayMs = 86_400_000;
const request = { seed: 5, patients: 45, days: 40, from };
const cohort = [...createCohort(request)];
const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-cohort-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const heardOf = (patients: readonly CohortPatient[]) => patients.flatMap((patient) => [...patient.readings()]);
const wholeOf = ({ readings, ...rest }: CohortPatient) => ({ ...rest, readings: [...readings()] });
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
function spreadOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}

describe('a cohort', () => {
  it('is the same for the same seed, and another for another', () => {
    const small = { ...request, patients: 6, days: 12 };
    const text = (seed: number) => JSON.stringify([...createCohort({ ...small, seed })].map(wholeOf));
    expect(text(5)).toBe(text(5));
    expect(text(6)).not.toBe(text(5));
  });

  it('has the same patient under a number however many there are', () => {
    const [first] = createCohort({ ...request, patients: 1 });
    expect(wholeOf(first!)).toEqual(wholeOf(cohort[0]!));
  });

  it('is made of people with care plans that the platform takes', () => {
    for (const { readings: _, events: __, flawed: ___, ...person } of cohort) {
      expect(CohortPerson.parse(person)).toEqual(person);
      expect(() => CarePlan.parse({ patient: person.id, ...person.plan })).not.toThrow();
    }
    expect(new Set(cohort.map(({ id }) => id)).size).toBe(cohort.length);
  });

  it('measures what admission lets in, as its own device, and arrives in order', () => {
    for (const patient of cohort) {
      const assignments = [{ patient: patient.id, userSlot: null, from: new Date(0).toISOString(), to: null }];
      let last = 0;
      for (const { reading, receivedAt } of patient.readings()) {
        if (receivedAt < last) throw new Error('out of order');
        last = receivedAt;
        const { id, source, ...told } = reading;
        const whole = { ...told, ref: 'a', clock: 'device' as const };
        const admission = admit(whole, source, { source, assignments }, receivedAt);
        if (admission.outcome !== 'admitted' || admission.patient !== patient.id || readingId(whole) !== id)
          throw new Error(JSON.stringify({ admission, reading }));
      }
    }
  });

  it('tells again what it told before under the same id, with the same values', () => {
    let replayed = 0;
    for (const patient of cohort) {
      const known = new Map<string, string>();
      for (const { reading } of patient.readings()) {
        const { heardAt: _, ...said } = reading;
        const text = JSON.stringify(said);
        const before = known.get(reading.id);
        if (before !== undefined) {
          replayed++;
          expect(text).toBe(before);
        }
        known.set(reading.id, text);
      }
    }
    expect(replayed).toBeGreaterThan(50);
  });

  it('keeps what is true apart from what is read', () => {
    const allowed = ['id', 'panel', 'takenAt', 'heardAt', 'values', 'marks', 'device', 'source'].toSorted();
    const namesOf = (things: readonly object[]) => new Set(things.map((thing) => Object.keys(thing).toSorted().join()));
    const heard = heardOf(cohort);
    expect([...namesOf(heard)]).toEqual(['reading,receivedAt']);
    expect([...namesOf(heard.map(({ reading }) => reading))]).toEqual([allowed.join()]);
  });

  it('marks most artefacts, and nothing else as one', () => {
    const flawed = new Set(cohort.flatMap((patient) => patient.flawed.map(({ reading }) => reading)));
    const marked = heardOf(cohort).filter(({ reading }) => reading.marks.some((mark) => artefactMarks.includes(mark)));
    expect(marked.filter(({ reading }) => !flawed.has(reading.id))).toEqual([]);
    const byDevice = cohort.flatMap((patient) =>
      patient.flawed.filter(({ flaw }) => flaw === 'movement' || flaw === 'loose-cuff' || flaw === 'poor-signal'),
    );
    const markedIds = new Set(marked.map(({ reading }) => reading.id));
    const share = byDevice.filter(({ reading }) => markedIds.has(reading)).length / byDevice.length;
    expect(share).toBeGreaterThan(0.6);
    expect(share).toBeLessThan(0.95);
  });

  it('comes late, loses days and measures twice as people and homes do', () => {
    const heard = heardOf(cohort).filter(({ reading }) => reading.panel === 'blood-pressure');
    const late = heard.filter(({ reading, receivedAt }) => receivedAt - Date.parse(reading.takenAt) > 15 * 60_000);
    expect(late.length / heard.length).toBeGreaterThan(0.005);
    expect(late.length / heard.length).toBeLessThan(0.15);
    const daily = cohort.filter(({ plan }) =>
      plan.expected.some(({ panel, everyDays }) => panel === 'blood-pressure' && everyDays === 1),
    );
    for (const patient of daily) {
      const days = new Set(
        [...patient.readings()]
          .filter(({ reading }) => reading.panel === 'blood-pressure')
          .map(({ reading }) => dayNumberIn(patient.timeZone, Date.parse(reading.takenAt))),
      ).size;
      expect(days).toBeLessThanOrEqual(request.days + 1);
      expect(days).toBeGreaterThan(request.days * 0.35);
    }
  });
});

describe('the dangers of a cohort', () => {
  const events = cohort.flatMap((patient) => patient.events.map((event) => ({ patient, event })));

  it('are of every kind in a cohort that is large enough', () => {
    const people = Array.from({ length: 260 }, (_, nth) => personOf(1, nth, { from, to: from + 60 * dayMs }));
    const seen = new Set<string>(people.flatMap(({ fate }) => fate.illnesses.map(({ kind }) => kind)));
    expect(dangers.filter((kind) => !seen.has(kind))).toEqual([]);
  });

  it('have an onset and an end within the time, and readings of the time between that show them', () => {
    expect(events.length).toBeGreaterThan(10);
    for (const { patient, event } of events) {
      expect(event.onset).toBeGreaterThanOrEqual(from);
      expect(event.until).toBeGreaterThan(event.onset);
      expect(event.until).toBeLessThanOrEqual(from + request.days * dayMs + 600_000);
      if (event.detectableAt !== null) expect(event.shownBy.length).toBeGreaterThan(0);
      const shown = new Set<string>(event.shownBy);
      const flawed = new Set<string>(patient.flawed.map(({ reading }) => reading));
      for (const { reading } of patient.readings()) {
        if (!shown.has(reading.id)) continue;
        expect(flawed.has(reading.id)).toBe(false);
        const takenAt = Date.parse(reading.takenAt);
        // a clock may be an hour off
        expect(takenAt).toBeGreaterThanOrEqual(event.onset - 3_600_000);
        expect(takenAt).toBeLessThan(event.until + 3_600_000);
      }
    }
  });

  it('are spoken of in words of the rule book', () => {
    for (const kind of dangers)
      for (const problem of problemsOf[kind]) expect(Object.keys(problems)).toContain(problem);
  });
});

describe('the numbers of a cohort', () => {
  const of = (programme: string, panel: string, vital: Parameters<typeof vitalIn>[1]) =>
    heardOf(cohort.filter(({ plan }) => plan.programmes[0] === programme))
      .filter(({ reading }) => reading.panel === panel && reading.marks.length === 0)
      .map(({ reading }) => vitalIn(reading, vital)!);

  it('are those of home blood pressure under treatment: about 130 to 140, and 7 to 14 % between readings', () => {
    const systolic = of('hypertension', 'blood-pressure', 'systolic');
    expect(meanOf(systolic)).toBeGreaterThan(128);
    expect(meanOf(systolic)).toBeLessThan(144);
    expect(spreadOf(systolic) / meanOf(systolic)).toBeGreaterThan(0.06);
    expect(spreadOf(systolic) / meanOf(systolic)).toBeLessThan(0.15);
  });

  it('are higher on the first day than after the third, by some mmHg (ESH 2021: 2.8/1.4)', () => {
    const many = [...createCohort({ ...request, seed: 9, patients: 160, days: 8 })];
    const on = (low: number, high: number) =>
      meanOf(
        many.flatMap((patient) =>
          [...patient.readings()]
            .filter(({ reading }) => reading.panel === 'blood-pressure' && reading.marks.length === 0)
            .filter(({ receivedAt }) => receivedAt >= from + low * dayMs && receivedAt < from + high * dayMs)
            .map(({ reading }) => vitalIn(reading, 'systolic')! - meanSystolicOf(patient)),
        ),
      );
    const meanSystolicOf = (patient: CohortPatient) =>
      meanOf([...patient.readings()].flatMap(({ reading }) => vitalIn(reading, 'systolic') ?? []));
    expect(on(0, 1) - on(3, 8)).toBeGreaterThan(1);
    expect(on(0, 1) - on(3, 8)).toBeLessThan(5.5);
  });

  it('are those of type 1 diabetes under a sensor: mean, spread and time below range as in the literature', () => {
    const kind = kinds.find(({ name }) => name === 'sensor')!;
    const all: number[] = [];
    for (let seed = 1; seed <= 6; seed++) {
      const profile = { systolic: 124, diastolic: 76, pulse: 70, glucose: kind.glucose! };
      const body = createPhysiology(seededRandom(seed), profile);
      for (let at = from; at < from + 14 * dayMs; at += 300_000) all.push(body.sensorGlucoseAt(at));
    }
    const share = (holds: (value: number) => boolean) => all.filter(holds).length / all.length;
    expect(meanOf(all)).toBeGreaterThan(145);
    expect(meanOf(all)).toBeLessThan(185);
    expect(spreadOf(all) / meanOf(all)).toBeGreaterThan(0.25);
    expect(spreadOf(all) / meanOf(all)).toBeLessThan(0.4);
    expect(share((value) => value < 70)).toBeGreaterThan(0.005);
    expect(share((value) => value < 70)).toBeLessThan(0.06);
    expect(share((value) => value < 54)).toBeLessThan(0.015);
  });
});

describe('a cohort file', () => {
  const path = join(folder, 'cohort.jsonl.gz');
  const few = cohort.slice(0, 8);
  const head = { cohort: 1 as const, seed: 5, patients: 8, from, to: from + request.days * dayMs };

  it('holds all of the cohort, and is read one patient at a time', async () => {
    await writeCohortFile(path, head, few);
    const file = await openCohortFile(path);
    expect(file.head).toEqual(head);
    const read: CohortPatient[] = [];
    for await (const patient of file.patients) read.push(patient);
    expect(read.map(wholeOf)).toEqual(few.map(wholeOf));
  });

  it('is the same bytes for the same cohort', async () => {
    const again = join(folder, 'again.jsonl.gz');
    await writeCohortFile(again, head, createCohort({ ...request, patients: 8 }));
    expect(readFileSync(again).equals(readFileSync(path))).toBe(true);
  });

  it('that is cut short or is something else is refused with a sentence', async () => {
    const readAll = async (file: string) => {
      for await (const _ of (await openCohortFile(file)).patients);
    };
    const cut = join(folder, 'cut.gz');
    writeFileSync(cut, readFileSync(path).subarray(0, 20_000));
    const other = join(folder, 'other.gz');
    writeFileSync(other, 'nothing of ours');
    for (const file of [cut, other, join(folder, 'absent.gz')])
      await expect(readAll(file)).rejects.toThrow(/cannot be read as a cohort/);
  });

  it('gives every row back as it was', () => {
    for (const { readings, ...person } of few)
      for (const heard of readings()) expect(readingOf(rowOf(heard, person), person)).toEqual(heard);
  });
});
