import { onCallStep, type Policies, policiesFor } from '#domain/escalation.ts';
import type { ClinicianId, TeamId } from '#domain/ids.ts';
import type { Cover, Layer, Rota } from '#domain/rota.ts';
import { dayNumber, weekday } from '#domain/wall-clock.ts';
import type { Words } from '#domain/words.ts';
import { dayAround, dayIn } from '#domain/zone.ts';
import { instant } from '#runtime/clock.ts';
import type { Within } from '#runtime/records/connect.ts';
import { addOverride, findOverride, findRota, overridesFrom, saveRota } from '#runtime/records/rota.ts';

/**
 * Who is on call in the neighbourhood, at any moment two doctors. What nobody has changed is planned anew from the day of each start, so that a
 * visitor always finds a cover and a holiday in the coming days, and in the third week a day that still wants somebody.
 */

const dayMs = 86_400_000;

/** Half a minute between the calls so that a visitor sees the escalation; a hospital would set some minutes. */
export const neighbourhoodPolicies: Policies = policiesFor({
  steps: [
    onCallStep(0, 0),
    onCallStep(30, 1),
    { afterSeconds: 90, targets: [{ kind: 'role', role: 'nurse' }], channels: null },
  ],
  repeatAfterSeconds: 120,
  rounds: 3,
});

type Serving = Record<'chen' | 'hart' | 'sun', ClinicianId>;

export async function settleRota(
  db: Within,
  { id, timeZone }: { id: TeamId; timeZone: string },
  serving: Serving,
  now: number,
): Promise<void> {
  const on = (days: number) => dayIn(timeZone, now + days * dayMs);
  const { version, updatedBy } = await findRota(db, id);
  // whoever changed it meant it
  if (updatedBy !== null) return;
  await saveRota(db, id, { rota: rotaFrom(on, serving), version, by: null, at: instant(now) });
  const cover = coverOf(dayAround(timeZone, now + dayMs).from, serving);
  const override = `4ea47b20-0001-4000-8000-${String(dayNumber(on(0))).padStart(12, '0')}`;
  if ((await overridesFrom(db, id, now)).length > 0 || (await findOverride(db, id, override))) return;
  await addOverride(db, id, { ...cover, id: override }, { by: serving.chen, at: instant(now) });
}

/** @param on the date so many days ahead. */
function rotaFrom(on: (days: number) => string, { chen, hart, sun }: Serving): Rota {
  // turns change on Mondays; four weeks ago, so that a visitor finds them under way
  const since = on(-28 - (weekday(dayNumber(on(0))) - 1));
  const layer = (id: string, name: Words, from: string, to: string, people: ClinicianId[][]): Layer => ({
    ...{ id, name, shifts: [{ days: [1, 2, 3, 4, 5, 6, 7], from, to }] },
    places: people.map((turn) => ({ people: turn })),
    ...{ since, until: null, holidaysOnly: id === 'holidays' },
  });
  return {
    layers: [
      layer('days', { en: 'Days', zh: '白班' }, '08:00', '20:00', [
        [chen, hart],
        [hart, chen],
      ]),
      layer('nights', { en: 'Nights', zh: '夜班' }, '20:00', '08:00', [
        [hart, sun, chen],
        [sun, chen, hart],
      ]),
      layer('holidays', { en: 'Holidays', zh: '节假日班' }, '00:00', '00:00', [[sun], [chen]]),
    ],
    holidays: [
      { on: on(3), name: { en: 'Anniversary of the clinic', zh: '中心成立纪念日' }, layer: 'holidays', away: [] },
      // further ahead than the platform warns of: a gap that a calendar shows and that is nobody's trouble yet
      { on: on(17), name: { en: 'Cardiology congress', zh: '心血管年会' }, layer: null, away: [chen, hart] },
    ],
  };
}

/** A morning and an afternoon, as a colleague asks for them. */
const coverOf = (midnight: number, { chen, sun }: Serving): Cover => ({
  clinician: sun,
  instead: { kind: 'person', person: chen },
  from: instant(midnight + dayMs / 3),
  to: instant(midnight + (dayMs * 5) / 6),
});
