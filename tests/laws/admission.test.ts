import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Assignment,
  admit,
  earliestTakenAt,
  futureToleranceMs,
  lateAfterMs,
  refusals,
  standingValues,
} from '#domain/admission.ts';
import { DeviceId, type PatientId, SourceId } from '#domain/ids.ts';
import { identityOf, type Mark, marks, Reading, testMarks } from '#domain/reading.ts';
import { panelNames, panels, vitalNames, vitals, vitalsOf } from '#domain/vitals.ts';
import { readingId } from '#runtime/reading-id.ts';
import { mayBeReplayed } from '#runtime/records/first-hearings.ts';
import { timestampOf } from '#runtime/vitals-store.ts';
import { anyPatient, anyStoredReading, cuffReading } from '../support/readings.ts';

const received = Date.UTC(2026, 6, 30, 12);
const source = SourceId.parse('gw-1');
const other = SourceId.parse('gw-2');
const [alice, bob] = [anyPatient(), anyPatient()];
const day = 86_400_000;
const at = (ms: number) => new Date(ms).toISOString();

/** Any reading that has the form of one, most of them wrong in one way or another. */
const anyReading = fc.record(
  {
    ref: fc.constant('r1'),
    device: fc.constant(DeviceId.parse('C0:FF:EE:00:00:01')),
    panel: fc.constantFrom(...panelNames),
    values: fc.array(
      fc.constantFrom(...vitalNames).chain((vital) =>
        fc.record({
          vital: fc.constant(vital),
          value: fc.oneof(
            {
              weight: 4,
              arbitrary: fc.integer({ min: Math.ceil(vitals[vital].hard[0]), max: Math.floor(vitals[vital].hard[1]) }),
            },
            fc.double({ noNaN: true, noDefaultInfinity: true }),
          ),
          unit: fc.oneof({ weight: 9, arbitrary: fc.constant(vitals[vital].ucum as string) }, fc.constant('kPa')),
        }),
      ),
      { minLength: 1, maxLength: 4 },
    ),
    takenAt: fc
      .oneof(
        { weight: 4, arbitrary: fc.integer({ min: received - 3 * day, max: received }) },
        fc.integer({ min: Date.UTC(1990, 0, 1), max: received + day }),
      )
      .map(at),
    clock: fc.constantFrom('device', 'corrected', 'source'),
    heardAt: fc.constant(at(received)),
    marks: fc.oneof({ weight: 4, arbitrary: fc.constant<Mark[]>([]) }, fc.subarray([...marks])),
    userSlot: fc.constantFrom(0, 1, 2),
  },
  { requiredKeys: ['ref', 'device', 'panel', 'values', 'takenAt', 'clock', 'heardAt', 'marks'] },
);

/** One that is right but for whose it is. */
const goodReading = fc
  .oneof(anyStoredReading(alice, received - 3 * day, received), anyStoredReading(bob, received - 3 * day, received))
  .map(
    ({ id: _, patient: __, source: ___, storedAt: ____, flags: _____, ...reading }): Reading => ({
      ...reading,
      ref: 'r1',
      marks: reading.marks.filter((mark) => !testMarks.includes(mark)),
    }),
  )
  .filter((reading) => {
    const value = (name: string) => reading.values.find(({ vital }) => vital === name)?.value;
    return reading.panel !== 'blood-pressure' || value('systolic')! > value('diastolic')!;
  });

const anyAssignment: fc.Arbitrary<Assignment> = fc
  .record({
    patient: fc.constantFrom(alice, bob),
    userSlot: fc.constantFrom(null, null, 0, 1),
    from: fc.integer({ min: received - 4 * day, max: received }),
    lengthMs: fc.option(fc.integer({ min: 1, max: 3 * day })),
  })
  .map(({ from, lengthMs, ...rest }) => ({
    ...rest,
    from: at(from),
    to: lengthMs === null ? null : at(from + lengthMs),
  }));
const anyAssignments = fc.array(anyAssignment, { maxLength: 4 });

describe('admission', () => {
  it('ends for every reading in exactly one outcome, and a refusal names a known reason but no value', () => {
    fc.assert(
      fc.property(anyReading, anyAssignments, fc.constantFrom(source, other), (reading, assignments, registered) => {
        const admission = admit(reading, source, { source: registered, assignments }, received);
        if (admission.outcome === 'admitted') return;
        expect(admission.outcome).toBe('refused');
        expect(refusals).toContain(admission.reason);
        for (const { value } of reading.values)
          if (Math.abs(value) > 1000) expect(admission.detail).not.toContain(String(value));
      }),
    );
  });

  it('admits nothing that the catalogue calls impossible, incomplete, doubled, strange or in another unit', () => {
    let admitted = 0;
    fc.assert(
      fc.property(fc.oneof(anyReading, goodReading), (reading) => {
        const assignments = [{ patient: alice, userSlot: null, from: '2000-01-01T00:00:00Z', to: null }];
        if (admit(reading, source, { source, assignments }, received).outcome !== 'admitted') return;
        admitted++;
        const names = reading.values.map(({ vital }) => vital);
        expect(new Set(names).size).toBe(names.length);
        expect(names).toEqual(expect.arrayContaining([...panels[reading.panel].required]));
        for (const { vital, unit } of reading.values) {
          expect(vitalsOf(reading.panel)).toContain(vital);
          expect(unit).toBe(vitals[vital].ucum);
        }
        for (const { vital, value } of standingValues(reading)) {
          expect(value).toBeGreaterThanOrEqual(vitals[vital].hard[0]);
          expect(value).toBeLessThanOrEqual(vitals[vital].hard[1]);
        }
        expect(reading.marks.some((mark) => testMarks.includes(mark))).toBe(false);
        expect(Date.parse(reading.takenAt)).toBeGreaterThanOrEqual(earliestTakenAt);
        expect(Date.parse(reading.takenAt)).toBeLessThanOrEqual(received + futureToleranceMs);
      }),
      { numRuns: 400 },
    );
    expect(admitted).toBeGreaterThan(50);
  });

  it('gives a reading to the one patient who had the device, and the slot, at that moment; to nobody else', () => {
    fc.assert(
      fc.property(goodReading, anyAssignments, (reading, assignments) => {
        const taken = Date.parse(reading.takenAt);
        const owners = new Set<PatientId>();
        for (const { patient, userSlot, from, to } of assignments) {
          const inTime = Date.parse(from) <= taken && (to === null || taken < Date.parse(to));
          if (inTime && (userSlot === null || userSlot === reading.userSlot)) owners.add(patient);
        }
        const admission = admit(reading, source, { source, assignments }, received);
        if (owners.size === 1) expect(admission).toMatchObject({ outcome: 'admitted', patient: [...owners][0] });
        else expect(admission).toMatchObject({ outcome: 'refused', reason: 'not-assigned' });
      }),
      { numRuns: 300 },
    );
  });

  it('lets no source speak for a device of another, and none for a device that is not registered', () => {
    fc.assert(
      fc.property(anyReading, anyAssignments, (reading, assignments) => {
        expect(admit(reading, source, { source: other, assignments }, received)).toMatchObject({
          outcome: 'refused',
          reason: 'foreign-device',
        });
        expect(admit(reading, source, undefined, received)).toMatchObject({ reason: 'unknown-device' });
      }),
    );
  });

  it('takes the digits of a value as they are, within bounds, and lets them decide nothing', () => {
    const assignments = [{ patient: alice, userSlot: null, from: '2000-01-01T00:00:00Z', to: null }];
    const decide = (reading: Reading) => admit(reading, source, { source, assignments }, received);
    const withDecimals = (decimals: unknown) => {
      const reading = cuffReading();
      return { ...reading, values: reading.values.map((value) => ({ ...value, decimals })) };
    };
    for (const decimals of [undefined, 0, 1, 6]) {
      const parsed = Reading.parse(withDecimals(decimals));
      expect(parsed.values.map((value) => value.decimals)).toEqual([decimals, decimals]);
      expect(decide(parsed)).toEqual(decide(cuffReading()));
    }
    for (const decimals of [-1, 7, 0.5, '1', null, Number.NaN])
      expect(Reading.safeParse(withDecimals(decimals)).success).toBe(false);
  });

  it('takes in the glucose of a crisis, strange as it is, and none that nobody could have', () => {
    const registration = {
      source,
      assignments: [{ patient: alice, userSlot: null, from: '2000-01-01T00:00:00Z', to: null }],
    };
    const outcome = (value: number) => {
      const values = [{ vital: 'glucose' as const, value, unit: 'mg/dL' }];
      const admission = admit(
        { ...cuffReading({ takenAt: at(received) }), panel: 'glucose', values },
        source,
        registration,
        received,
      );
      return admission.outcome === 'admitted' ? admission.flags : admission.reason;
    };
    expect([15, 600, 601, 900].map(outcome)).toEqual([
      ['implausible'],
      ['implausible'],
      ['implausible'],
      ['implausible'],
    ]);
    expect([9, 1001].map(outcome)).toEqual(['impossible-value', 'impossible-value']);
  });

  it('leaves out an impossible value that the panel can do without, and lets the rest stand', () => {
    const registration = {
      source,
      assignments: [{ patient: alice, userSlot: null, from: '2000-01-01T00:00:00Z', to: null }],
    };
    const cuff = cuffReading({ takenAt: at(received) });
    const pulse = (value: number) => ({
      ...cuff,
      values: [...cuff.values, { vital: 'pulse-rate' as const, value, unit: '/min' }],
    });
    expect(admit(pulse(72), source, registration, received)).toMatchObject({ outcome: 'admitted', flags: [] });
    const impossible = pulse(vitals['pulse-rate'].hard[1] + 1);
    expect(admit(impossible, source, registration, received)).toMatchObject({
      outcome: 'admitted',
      flags: ['incomplete'],
    });
    expect(standingValues(impossible)).toEqual(cuff.values);
  });

  it('flags what was heard late and what is possible but strange, and refuses neither', () => {
    const assignments = [{ patient: alice, userSlot: null, from: '2000-01-01T00:00:00Z', to: null }];
    const registration = { source, assignments };
    const flagsOf = (wish: Parameters<typeof cuffReading>[0]) => {
      const admission = admit(cuffReading(wish), source, registration, received);
      return admission.outcome === 'admitted' ? admission.flags : admission.reason;
    };
    expect(flagsOf({ takenAt: at(received - lateAfterMs) })).toEqual([]);
    expect(flagsOf({ takenAt: at(received - lateAfterMs - 1) })).toEqual(['late']);
    expect(flagsOf({ takenAt: at(received), systolic: 262 })).toEqual(['implausible']);
    expect(flagsOf({ takenAt: at(received + futureToleranceMs) })).toEqual([]);
    expect(flagsOf({ takenAt: at(received + futureToleranceMs + 1) })).toBe('taken-in-the-future');
    expect(flagsOf({ takenAt: at(earliestTakenAt - 1) })).toBe('taken-too-long-ago');
    expect(flagsOf({ takenAt: at(received), systolic: 90, diastolic: 90 })).toBe('impossible-value');
  });
});

describe('the clocks of devices and the digits of values', () => {
  const assignments = [{ patient: alice, userSlot: null, from: '2026-07-01T00:00:00Z', to: null }];
  const decide = (wish: object) => {
    const reading = Reading.safeParse({ ...cuffReading({ takenAt: at(received) }), ...wish });
    if (!reading.success) return 'malformed';
    const admission = admit(reading.data, source, { source, assignments }, received);
    return admission.outcome === 'admitted' ? 'admitted' : `${admission.reason}: ${admission.detail}`;
  };

  it.each([
    ['2026-07-30T12:00:00.000Z', 'admitted'],
    ['2026-07-30T12:00:00Z', 'admitted'],
    ['2026-07-30T12:10:00.000Z', 'admitted'],
    ['2026-07-30T12:10:00.001Z', 'taken-in-the-future: takenAt is ahead of our clock'],
    ['2037-01-01T00:00:00Z', 'taken-in-the-future: takenAt is ahead of our clock'],
    // where 32 bits of seconds end
    ['2038-01-19T03:14:08Z', 'taken-in-the-future: takenAt is ahead of our clock'],
    ['2106-02-07T06:28:16Z', 'taken-in-the-future: takenAt is ahead of our clock'],
    ['9999-12-31T23:59:59Z', 'taken-in-the-future: takenAt is ahead of our clock'],
    // clocks that were never set
    ['0000-01-01T00:00:00Z', 'taken-too-long-ago: takenAt is before 2015'],
    ['1970-01-01T00:00:00Z', 'taken-too-long-ago: takenAt is before 2015'],
    ['2000-01-01T00:00:00Z', 'taken-too-long-ago: takenAt is before 2015'],
    ['2015-01-01T00:00:00Z', 'not-assigned: taken before the device belonged to anybody'],
    ['2026-06-30T23:59:59.999Z', 'not-assigned: taken before the device belonged to anybody'],
    ['2026-13-01T00:00:00Z', 'malformed'],
    ['2026-02-30T00:00:00Z', 'malformed'],
    ['2026-07-30T24:00:00Z', 'malformed'],
    ['2026-07-30T12:60:00Z', 'malformed'],
    ['2026-07-30T12:00:00+08:00', 'malformed'],
    ['2026-07-30', 'malformed'],
    ['', 'malformed'],
    [1_785_412_800_000, 'malformed'],
  ])('a reading taken at %s is %s', (takenAt, outcome) => {
    expect(decide({ takenAt })).toBe(outcome);
  });

  it.each([
    ['2026-07-30T12:00:00', 'admitted'],
    // Bluetooth: year, month and day may be unknown
    ['0000-00-00T12:00:00', 'admitted'],
    ['2026-13-01T00:00:00', 'malformed'],
    ['2026-07-32T00:00:00', 'malformed'],
    ['2026-07-30T24:00:00', 'malformed'],
    ['2026-07-30T12:00:60', 'malformed'],
    ['2026-07-30T12:00:00Z', 'malformed'],
  ])('a device that says of its own clock %s is %s', (deviceTime, outcome) => {
    expect(decide({ deviceTime })).toBe(outcome);
  });

  it.each([
    ['142', 'admitted'],
    ['142.00000000000003', 'admitted'],
    ['1.42e2', 'admitted'],
    ['-0', 'impossible-value: systolic must be 30 to 300'],
    ['5e-324', 'impossible-value: systolic must be 30 to 300'],
    ['300.0000000001', 'impossible-value: systolic must be 30 to 300'],
    ['1e308', 'impossible-value: systolic must be 30 to 300'],
    // more than a number holds
    ['1e400', 'malformed'],
    ['null', 'malformed'],
    ['"142"', 'malformed'],
    ['[142]', 'malformed'],
  ])('a systolic pressure written as %s is %s', (text, outcome) => {
    const values = JSON.parse(`[{"vital":"systolic","value":${text},"unit":"mm[Hg]"}]`);
    expect(decide({ values: [...values, cuffReading().values[1]] })).toBe(outcome);
  });

  it('a device that nobody ever had says so', () => {
    const admission = admit(cuffReading({ takenAt: at(received) }), source, { source, assignments: [] }, received);
    expect(admission).toMatchObject({ reason: 'not-assigned', detail: 'the device was never assigned to anybody' });
  });

  it('a zero below zero is zero: the same reading, the same id', () => {
    const ketone = (value: number) => ({
      ...cuffReading(),
      panel: 'blood-ketone' as const,
      values: [{ vital: 'ketone' as const, value, unit: 'mmol/L' }],
    });
    expect(readingId(ketone(-0))).toBe(readingId(ketone(0)));
    expect(admit(ketone(-0), source, { source, assignments: [] }, received)).toMatchObject({ reason: 'not-assigned' });
  });
});

describe('the identity of a reading', () => {
  it('is the same for every copy, whatever the way added', () => {
    fc.assert(
      fc.property(goodReading, fc.nat(1e9), (reading, ms) => {
        const copy: Reading = {
          ...reading,
          values: [...reading.values].reverse().map((value) => ({ ...value, decimals: ms % 7 })),
          heardAt: at(received + ms),
          ref: 'another',
          raw: 'ff',
          marks: [],
        };
        if (mayBeReplayed(reading)) copy.takenAt = at(received - ms);
        expect(readingId(copy)).toBe(readingId(reading));
      }),
    );
  });

  it('tells two measurements apart whose record number began again, as it does with every battery of some devices', () => {
    const first = cuffReading({ sequence: 1, systolic: 192, diastolic: 121 });
    const weeksLater = { ...first, takenAt: '2026-08-20T08:00:00.000Z', heardAt: '2026-08-20T08:00:01.000Z' };
    expect(readingId(weeksLater)).not.toBe(readingId(first));
  });

  it('differs when the device, the slot, the moment or a value differs', () => {
    const reading = cuffReading();
    const others: Reading[] = [
      { ...reading, device: DeviceId.parse('C0:FF:EE:00:00:02') },
      { ...reading, userSlot: 0 },
      { ...reading, sequence: 0 },
      { ...reading, deviceTime: '2026-07-30T08:00:00' },
      { ...reading, takenAt: '2026-07-30T08:00:00.001Z' },
      cuffReading({ systolic: 143 }),
    ];
    expect(new Set([reading, ...others].map(identityOf)).size).toBe(others.length + 1);
  });

  it('gives a place in time inside the millisecond in which the reading was taken', () => {
    fc.assert(
      fc.property(goodReading, (reading) => {
        const ns = timestampOf({ ...reading, id: readingId(reading) });
        expect(ns / 1_000_000n).toBe(BigInt(Date.parse(reading.takenAt)));
      }),
    );
  });
});
