import { randomUUID } from 'node:crypto';
import type { Layer, Rota } from '#domain/rota.ts';
import { dayIn } from '#domain/zone.ts';
import { disableClinician } from '#runtime/records/clinicians.ts';
import type { Records } from '#runtime/records/connect.ts';
import { addOverride, findRota, saveRota } from '#runtime/records/rota.ts';
import { makeClinician } from './people.ts';
import type { Ward } from './ward.ts';
import { ago } from './ward-readings.ts';

/** Who is on call in the ward: days and nights, two places, a holiday, a cover, somebody who has left, and Sundays that nobody thought of. */

const hourMs = 3_600_000;
const zone = 'Asia/Shanghai';
const dayAhead = (days: number) => dayIn(zone, Date.parse(ago(-days * 24 * hourMs)));

export type WardOnCall = Awaited<ReturnType<typeof settleOnCall>>;

export async function settleOnCall(records: Records, { team, nurse, doctor }: Ward) {
  const make = (role: 'nurse' | 'doctor', name: string) => makeClinician(records, { teams: [team], role, name });
  const second = await make('doctor', 'Emily Hart');
  const third = await make('doctor', 'Wolfgang Featherstone-Huntingdon');
  const night = await make('nurse', 'Zhao Min');
  const left = await make('nurse', 'Sun Qiang');
  await disableClinician(records, left.id, ago(hourMs));
  const layer = (id: string, en: string, zh: string, rest: Pick<Layer, 'shifts'> & { people: string[][] }): Layer => ({
    ...{ id, name: { en, zh }, shifts: rest.shifts },
    places: rest.people.map((people) => ({ people: people as Layer['places'][number]['people'] })),
    ...{ since: '2026-01-05', until: null, holidaysOnly: id === 'holidays' },
  });
  const rota: Rota = {
    layers: [
      layer('days', 'Days', '白班', {
        shifts: [{ days: [1, 2, 3, 4, 5, 6], from: '08:00', to: '20:00' }],
        people: [
          [nurse.id, night.id],
          [doctor.id, second.id],
        ],
      }),
      layer('nights', 'Nights', '夜班', {
        shifts: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '20:00', to: '08:00' }],
        people: [[left.id, night.id], [third.id]],
      }),
      layer('holidays', 'Holidays', '节假日', {
        shifts: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00' }],
        people: [[second.id], [third.id]],
      }),
    ],
    holidays: [
      { on: dayAhead(3), name: { en: 'Founding day', zh: '院庆日' }, layer: 'holidays', away: [] },
      { on: dayAhead(9), name: { en: 'Congress', zh: '学术会议' }, layer: null, away: [doctor.id] },
    ],
  };
  const { version } = await findRota(records, team);
  await saveRota(records, team, { rota, version, by: doctor.id, at: ago(26 * hourMs) });
  const cover = {
    id: randomUUID(),
    clinician: second.id,
    instead: { kind: 'person', person: doctor.id } as const,
    from: ago(-24 * hourMs),
    to: ago(-72 * hourMs),
  };
  await addOverride(records, team, cover, { by: nurse.id, at: ago(hourMs) });
  return { second, third, night, left, rota, cover: cover.id };
}
