import { describe, expect, it } from 'vitest';
import { lateAfterMs } from '#domain/admission.ts';
import { type Alert, newAlert } from '#domain/alert.ts';
import { change } from '#domain/alert-change.ts';
import { usualSilentAfterMinutes } from '#domain/care-plan.ts';
import { DeviceId, SourceId } from '#domain/ids.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import { changeOf, decide, openingOf } from '../../rules/decide.ts';
import { createHistory } from '../../rules/history/history.ts';
import { weigh } from '../../rules/weigh.ts';
import { alertOf, iso, minute, people, start } from '../support/alerts.ts';
import { evidenceOf, type Measured } from '../support/histories.ts';

/** A patient recovers and falls ill again while a doctor still has the first crisis in hand: it is a new one, however the readings travelled. */

/** `at`, `heardAt`: minutes after the start. */
type Told = { at: number; heardAt: number } & (
  | { systolic: number; diastolic: number }
  | Pick<Extract<Measured, { panel: unknown }>, 'panel' | 'values'>
);
const pressure = (at: number, systolic: number, diastolic: number, heardAt = at): Told => ({
  ...{ at, heardAt, systolic, diastolic },
});
const sample = (at: number, value: number, heardAt = at): Told => ({
  ...{ at, heardAt, panel: 'continuous-glucose', values: { 'sensor-glucose': value } },
});
const samples = (from: number, to: number, value: number, heardAt?: number): Told[] =>
  Array.from({ length: (to - from) / 5 + 1 }, (_, i) => sample(from + 5 * i, value, heardAt));
const drop = (at: number, value: number): Told => ({ at, heardAt: at, panel: 'glucose', values: { glucose: value } });

/** Plays batches; a person acknowledges at once whatever calls. Answers when somebody was called, in minutes. */
function callsOf(batches: readonly (readonly Told[])[]): number[] {
  const history = createHistory();
  const calls: number[] = [];
  const { patient: id, team } = alertOf();
  let made = 0;
  let patient: JudgedPatient = {
    patient: id,
    team: { team, timeZone: 'UTC', overrides: {} },
    plan: {
      ...{ programmes: [], expected: [], followUp: [], pause: null, overrides: {} },
      ...{ silentAfterMinutes: usualSilentAfterMinutes, from: start },
    },
    memories: new Map(),
    alerts: [],
  };
  for (const batch of batches) {
    const heard = batch.map((told) => {
      const { at, heardAt, ...values } = told;
      const receivedAt = start + heardAt * minute + 1_000;
      const evidence = evidenceOf({ ...values, takenAt: start + at * minute } as Measured);
      const late = receivedAt - Date.parse(evidence.takenAt) > lateAfterMs;
      const device = DeviceId.parse(`${evidence.panel}-1`);
      return { reading: { evidence, device, source: SourceId.parse('gw-1'), late }, receivedAt };
    });
    const now = heard.at(-1)!.receivedAt;
    const weighed = weigh(patient, history, { kind: 'heard', patient: id, heard } as never, now);
    for (const { rule, parameters, state, effects } of weighed.outcomes) {
      const memories = new Map(patient.memories).set(rule.rule, JSON.parse(JSON.stringify(state)));
      patient = { ...patient, memories };
      for (const effect of effects) {
        if (effect.kind === 'countdown' || effect.kind === 'measure-again') continue;
        const by = { rule, parameters };
        const before = patient.alerts.find(({ problem }) => problem === rule.problem);
        const decision = decide(by, effect, before, { now, callPending: false });
        if (decision.kind === 'nothing') continue;
        const at = iso(now - start);
        let after: Alert | undefined;
        if (decision.kind === 'open' && effect.kind === 'raise') {
          const who = { id: `00000000-0000-4000-8000-00000000000${++made}` as Alert['id'], patient: id, team };
          after = newAlert(openingOf(by, effect, who, null, at));
        } else if (before) {
          const changed = change(before, changeOf(decision as never, by, effect, before, null, at));
          after = 'alert' in changed ? changed.alert : before;
        }
        if (!after) continue;
        if ('calls' in decision && decision.calls) {
          calls.push(Math.floor((now - start) / minute));
          const seen = change(after, { kind: 'acknowledge', by: people[0]!, note: null, at });
          if ('alert' in seen) after = seen.alert;
        }
        const others = patient.alerts.filter(({ problem }) => problem !== rule.problem);
        patient = { ...patient, alerts: after.state === 'resolved' ? others : [...others, after] };
      }
    }
  }
  return calls;
}

const each = (readings: readonly Told[]) => readings.map((one) => [one]);
const crisis = [pressure(0, 192, 121), pressure(2, 188, 119)];

describe('a relapse within the hours of an acknowledgement', () => {
  it('calls anew, whether the readings came one by one or in one batch', () => {
    const later = [pressure(120, 140, 84), pressure(126, 191, 120), pressure(128, 193, 121)];
    expect(callsOf([...each(crisis), ...each(later)])).toEqual([2, 128]);
    expect(callsOf([...each(crisis), later.map((told) => ({ ...told, heardAt: 128 }))])).toEqual([2, 128]);
  });

  it('calls anew when the recovery lies hours back and came with the relapse, for the gateway was away', () => {
    const later = [pressure(120, 140, 84, 303), pressure(300, 191, 120, 303), pressure(302, 193, 121, 303)];
    expect(callsOf([...each(crisis), later])).toEqual([2, 303]);
    expect(callsOf([...each(crisis), ...each(later)])).toEqual([2, 303]);
  });

  it('calls nobody again where no recovery lies between', () => {
    const later = [pressure(120, 186, 118, 303), pressure(300, 191, 120, 303), pressure(302, 193, 121, 303)];
    expect(callsOf([...each(crisis), later])).toEqual([2]);
    expect(callsOf([...each(crisis), ...each(later)])).toEqual([2]);
  });

  it('is not made a recovery by an older reading that came late', () => {
    const older = pressure(-60, 138, 82, 120);
    const later = [older, pressure(126, 191, 120), pressure(128, 193, 121)];
    expect(callsOf([...each(crisis), ...each(later)])).toEqual([2]);
  });

  it('calls anew when a sensor tells of it', () => {
    const first = [...samples(0, 20, 48), ...samples(25, 90, 100)];
    const fall = [sample(95, 84), sample(100, 68), ...samples(105, 120, 50)];
    expect(callsOf(each([...first, ...fall]))).toEqual([15, 120]);
    // what the gateway gathered in a quarter of an hour, the end of the recovery with it
    const [low, together] = [samples(0, 20, 48), [sample(25, 71), ...samples(30, 45, 52)]];
    expect(callsOf(each([...low, ...together]))).toEqual([15, 45]);
    expect(callsOf([...each(low), together.map((told) => ({ ...told, heardAt: 45 }))])).toEqual([15, 45]);
  });

  it('calls anew when another rule tells of it', () => {
    const sensor = [...samples(0, 20, 48), ...samples(25, 55, 110)];
    expect(callsOf(each([...sensor, drop(120, 44), drop(123, 46)]))).toEqual([15, 123]);
  });
});
