import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TeamId } from '#domain/ids.ts';
import type { Clinician, Patient } from '#domain/people.ts';
import { announce } from '#runtime/records/changes.ts';
import { disableClinician } from '#runtime/records/clinicians.ts';
import { idleMs } from '#runtime/records/sessions.ts';
import { testApi } from '../support/api.ts';
import { makeAlert } from '../support/episodes.ts';
import { type Ear, listenTo } from '../support/events.ts';
import { makeClinician, makePatient, makeTeam } from '../support/people.ts';
import { until } from '../support/until.ts';

/** Live changes. Timers run a hundred times as fast as in a hospital. */

let t: Awaited<ReturnType<typeof testApi>>;
let team: TeamId;
let nurse: Clinician;
let patient: Patient;
const ears: Ear[] = [];

beforeAll(async () => {
  t = await testApi({ pace: 100 });
  team = await makeTeam(t.records);
  nurse = await makeClinician(t.records, { teams: [team] });
  patient = await makePatient(t.records, { team });
  await until(() => t.api.health().state === 'ok');
});
afterEach(() => {
  for (const ear of ears.splice(0)) ear.close();
});
afterAll(() => t.stop());

async function listening(cookie: string | undefined): Promise<Ear> {
  const ear = await listenTo(`${t.base}/api/v1/changes`, cookie);
  ears.push(ear);
  return ear;
}
const signedIn = async (who = nurse) => (await t.as(who)).cookie;

describe('live changes', () => {
  it('reach a screen that does not ask, soon after the change, and tell where to look again', async () => {
    const ear = await listening(await signedIn());
    expect(ear.status).toBe(200);
    expect(ear.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    const startedAt = performance.now();
    const alert = await makeAlert(t.records, patient);
    const { at } = await ear.hear(({ event, data }) => event === 'change' && (data as { id?: string }).id === alert.id);
    expect(at - startedAt).toBeLessThan(10_000);
    expect(ear.events).toMatchObject([{ data: { kind: 'alert', team, patient: patient.id, id: alert.id } }]);
  });

  it("never tell of another team's patients", async () => {
    const ear = await listening(await signedIn());
    const other = await makePatient(t.records, { team: await makeTeam(t.records) });
    await makeAlert(t.records, other);
    const mine = await makeAlert(t.records, patient);
    await ear.hear(({ data }) => (data as { id?: string }).id === mine.id);
    expect(ear.events).toHaveLength(1);
  });

  it('keep a quiet line alive', async () => {
    const ear = await listening(await signedIn());
    await until(() => ear.comments.length >= 2);
  });

  it('say so when some may have been missed, and go on', async () => {
    const ear = await listening(await signedIn());
    await t.records
      .selectFrom('pg_stat_activity' as never)
      .select((eb) => eb.fn('pg_terminate_backend', ['pid' as never]).as('done'))
      .where('application_name' as never, '=', 'hearthbeat-changes' as never)
      .where('datname' as never, '=', new URL(t.databaseUrl).pathname.slice(1) as never)
      .execute();
    await until(() => t.api.health().state === 'degraded');
    await ear.hear(({ event }) => event === 'gap');
    expect(t.api.health()).toEqual({ state: 'ok' });
    const alert = await makeAlert(t.records, patient);
    await ear.hear(({ data }) => (data as { id?: string }).id === alert.id);
  });
});

describe('a stream', () => {
  it('is for people who are signed in', async () => {
    expect((await listening(undefined)).status).toBe(401);
  });

  it('ends when its clinician signs out, on the spot', async () => {
    const me = await t.as(nurse);
    const [ear, other] = [await listening(me.cookie), await listening(await signedIn())];
    await me.delete('/api/v1/session');
    await until(ear.ended);
    expect(other.ended()).toBe(false);
  });

  it('ends when its clinician is disabled', async () => {
    const leaver = await makeClinician(t.records, { teams: [team] });
    const ear = await listening(await signedIn(leaver));
    await disableClinician(t.records, leaver.id, new Date().toISOString());
    await until(ear.ended);
  });

  it('follows its clinician from one team to another', async () => {
    const mover = await makeClinician(t.records, { teams: [team] });
    const ear = await listening(await signedIn(mover));
    const there = await makeTeam(t.records);
    const theirs = await makePatient(t.records, { team: there });
    await t.records.updateTable('team_member').set({ team_id: there }).where('clinician_id', '=', mover.id).execute();
    await until(async () => {
      await announce(t.records, [{ kind: 'reading', team: there, patient: theirs.id }]);
      return ear.events.length > 0;
    });
    const heard = ear.events.length;
    await announce(t.records, [
      { kind: 'reading', team, patient: patient.id },
      { kind: 'reading', team: there, patient: theirs.id, id: 'last' },
    ]);
    await ear.hear(({ data }) => (data as { id?: string }).id === 'last');
    expect(ear.events.slice(heard).every(({ data }) => (data as { team: string }).team === there)).toBe(true);
  });

  it('does not keep a session alive that nobody uses: it ends with it', async () => {
    const ear = await listening(await signedIn());
    t.clock.ahead(idleMs);
    await until(ear.ended);
  });

  it('is one of eight at most per session', async () => {
    const cookie = await signedIn();
    for (let n = 0; n < 8; n++) expect((await listening(cookie)).status).toBe(200);
    expect((await listening(cookie)).status).toBe(429);
    expect((await listening(await signedIn())).status).toBe(200);
    ears[0]?.close();
    await until(async () => (await listening(cookie)).status === 200);
  });

  it('that takes nothing is dropped, and the others hear everything', async () => {
    const [frozen, awake] = [await listening(await signedIn()), await listening(await signedIn())];
    frozen.freeze();
    const change = (id: string) => ({ kind: 'reading' as const, team, patient: patient.id, id });
    const rounds = 60;
    for (let round = 0; round < rounds; round++)
      await announce(
        t.records,
        Array.from({ length: 25 }, (_, n) => change(`${round}-${n}-${'x'.repeat(7_000)}`)),
      );
    await announce(t.records, [change('last')]);
    await awake.hear(({ data }) => (data as { id?: string }).id === 'last', 15_000);
    expect(awake.events).toHaveLength(rounds * 25 + 1);
    // reading on, the frozen one finds that it was hung up on before the end
    frozen.thaw();
    await until(frozen.ended);
    expect(frozen.events.length).toBeLessThan(rounds * 25);
  });
});
