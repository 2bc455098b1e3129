import { describe, expect, it } from 'vitest';
import { onCallStep, policiesFor } from '#domain/escalation.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { eventsOfAlert } from '#runtime/records/alerts.ts';
import { addOverride, setOnCall } from '#runtime/records/rota.ts';
import { createNtfyChannel } from '../../rules/channels/ntfy.ts';
import { openPagingRoom } from '../support/paging.ts';
import { until } from '../support/until.ts';

/** Many alerts, few messages, the right person: real PostgreSQL, real queue, real mail. */

const critical = { steps: [onCallStep(0, 0)], repeatAfterSeconds: 900, rounds: 1 };

describe.concurrent('many alerts of one team', () => {
  it('are two messages when they are critical and come together: the first at once, the others in one', async (test) => {
    const room = await openPagingRoom(test, { groupWithinMs: 600_000 });
    const first = await room.call();
    await until(() => room.mail.length === 1);
    const others = [];
    for (let i = 0; i < 9; i++) others.push(await room.call());
    const taken = others[4]!;
    await room.acknowledge(taken.id);
    await until(async () => (await room.pages()).filter((page) => page.due_at.getTime() > clock.now()).length === 9);
    expect(room.mail).toHaveLength(1);
    await room.waited('page-send');
    await until(() => room.mail.length === 2);
    await until(async () => (await room.pages()).every((page) => page.state !== 'due'));

    const [one, many] = room.mail;
    expect(one?.text).toContain(`/alerts/${first.id}`);
    expect(many?.subject).toBe('CRITICAL: 8 alerts, 8 patients');
    expect(many?.to).toEqual(['first@clinic.example']);
    for (const { id } of others) expect(many?.text.includes(`/alerts/${id}`), id).toBe(id !== taken.id);
    // ids and tokens hold any digits
    expect(`${many?.subject}${many?.text}`.replaceAll(/https:\S+/g, '')).not.toMatch(/Patient [0-9a-f]{4}|192|121/);

    const pages = await room.pages();
    expect(pages).toHaveLength(10);
    expect(pages.filter((page) => page.state === 'cancelled').map((page) => page.alert_id)).toEqual([taken.id]);
    expect(new Set(pages.flatMap((page) => page.message ?? [])).size).toBe(2);
    for (const { id } of others.filter((alert) => alert !== taken))
      expect((await eventsOfAlert(room.records, id)).map((e) => e.kind)).toEqual(['opened', 'paged']);
  });

  it('are told at once when the first is urgent; those that follow wait, and go along with a critical one, which waits for nothing', async (test) => {
    const room = await openPagingRoom(test, { groupWithinMs: 600_000 });
    await room.call('urgent');
    await until(() => room.mail.length === 1);
    expect(room.mail[0]?.subject).toContain('URGENT');
    await room.call('urgent');
    await room.call('urgent');
    await until(async () => (await room.pages()).filter((page) => page.due_at.getTime() > clock.now()).length === 2);
    await room.call('critical');
    await until(() => room.mail.length === 2);
    expect(room.mail[1]?.subject).toBe('CRITICAL: 3 alerts, 3 patients');
    expect(room.mail[1]?.text).toMatch(/1\. CRITICAL[\s\S]*2\. URGENT/);
    expect((await room.pages()).map(({ state }) => state)).not.toContain('failed');
  });

  it('that wait for the next message go to the next person at once when the first message fails', async (test) => {
    const policies = policiesFor({ ...critical, steps: [onCallStep(0, 0), onCallStep(600, 1)] });
    const room = await openPagingRoom(test, { policies, mail: 'away', groupWithinMs: 600_000 });
    await Promise.all([room.call(), room.call(), room.call()]);
    // the second steps were ten minutes away
    await until(async () => (await room.pages()).filter((page) => page.recipient === room.second.id).length === 3);
    expect((await room.pages()).every((page) => page.state === 'due' && page.step <= 1)).toBe(true);
  });
});

describe.concurrent('who is called', () => {
  it('is called by a channel they have, where they have none of those that the step names', async (test) => {
    const ntfy = createNtfyChannel({ clock }, { url: 'http://127.0.0.1:9', confidential: false });
    const policies = policiesFor({ ...critical, steps: [{ ...onCallStep(0, 0), channels: ['ntfy'] }] });
    const room = await openPagingRoom(test, { policies, further: [ntfy] });
    await room.call();
    await until(() => room.mail.length === 1);
    expect((await room.pages()).map(({ channel, recipient }) => [channel, recipient])).toEqual([
      ['smtp', room.first.id],
    ]);
  });

  it('is who is on call when the step begins, not who was when the alert opened', async (test) => {
    const policies = policiesFor({ ...critical, steps: [onCallStep(0, 0), onCallStep(600, 1)] });
    const room = await openPagingRoom(test, { policies });
    await room.call();
    await until(() => room.mail.length === 1);
    const now = clock.now();
    const cover = {
      id: '00000000-0000-4000-8000-000000000001',
      clinician: room.nurse.id,
      instead: { kind: 'person', person: room.second.id } as const,
      from: new Date(now - 1_000).toISOString(),
      to: new Date(now + 3_600_000).toISOString(),
    };
    await addOverride(room.records, room.team, cover, { by: room.second.id, at: new Date(now).toISOString() });
    await room.waited('page-step');
    await until(() => room.mail.length === 2);
    expect(room.mail.map((mail) => mail.to[0])).toEqual(['first@clinic.example', 'nurse@clinic.example']);
  });

  it('is everybody, once in a round, where the rota has a gap', async (test) => {
    const policies = policiesFor({ ...critical, steps: [onCallStep(0, 0), onCallStep(2, 1)] });
    const room = await openPagingRoom(test, { policies });
    await setOnCall(room.records, room.team, []);
    const alert = await room.call();
    await until(() => room.mail.length === 3);
    await clock.sleep(3_000);
    expect(room.mail.map((mail) => mail.to[0]).sort()).toEqual([
      'first@clinic.example',
      'nurse@clinic.example',
      'second@clinic.example',
    ]);
    expect(room.mail[0]?.subject).toContain('first call');
    expect((await eventsOfAlert(room.records, alert.id)).map((e) => e.kind)).toContain('nobody-on-call');
  });

  it('is nobody in quiet hours when it is routine: that waits for the morning', async (test) => {
    const time = (ms: number) => new Date(clock.now() + 8 * 3_600_000 + ms).toISOString().slice(11, 16);
    const routine = { steps: [onCallStep(0, 0)], repeatAfterSeconds: 900, rounds: 1 };
    const quietHours = { from: time(-3_600_000), to: time(3_600_000) };
    const room = await openPagingRoom(test, {
      policies: { ...policiesFor(critical), routine, quietHours },
      groupWithinMs: 100,
    });
    await room.call('routine');
    await room.call('critical');
    await until(() => room.mail.length === 1);
    expect(room.mail[0]?.subject).toContain('CRITICAL');
    expect(await room.pages()).toHaveLength(1);
    const waits = (await room.steps()).filter((step) => step.step === 0);
    expect(waits.map((step) => new Date(step.due_at.getTime() + 8 * 3_600_000).toISOString().slice(11, 16))).toEqual([
      quietHours.to,
    ]);
  });

  it('is whoever is called in the morning, although the clock is set back at its very beginning', async (test) => {
    let [ahead, setBack] = [0, 0];
    const unsteady = {
      ...clock,
      now: () => clock.now() + ahead - setBack,
      // the agenda waits for the moment an entry is due; then somebody sets the clock
      sleep: async (ms: number, signal?: AbortSignal) => {
        await clock.sleep(ms, signal);
        if (ahead > 0) setBack = 60_000;
      },
    };
    const morning = Math.ceil(clock.now() / 60_000) * 60_000 + 120_000;
    const time = (at: number) => new Date(at + 8 * 3_600_000).toISOString().slice(11, 16);
    const routine = { steps: [onCallStep(0, 0)], repeatAfterSeconds: 900, rounds: 1 };
    const quietHours = { from: time(morning - 3_600_000), to: time(morning) };
    const room = await openPagingRoom(test, {
      policies: { ...policiesFor(critical), routine, quietHours },
      clock: unsteady,
    });
    await room.call('routine');
    expect(await room.pages()).toEqual([]);
    // so long ago that the agenda runs it itself
    ahead = morning + 10_000 - clock.now();
    room.agenda.nudge();
    await until(async () => (await room.pages()).length === 1);
    expect(setBack).toBeGreaterThan(0);
  });

  it('is nobody who has left the team since: the next is called at once', async (test) => {
    const policies = policiesFor({ ...critical, steps: [onCallStep(0, 0), onCallStep(600, 1)] });
    const room = await openPagingRoom(test, { policies });
    await room.call('critical', undefined, async (db) => {
      await db.deleteFrom('team_member').where('clinician_id', '=', room.first.id).execute();
    });
    await until(() => room.mail.length === 1);
    expect(room.mail[0]?.to).toEqual(['second@clinic.example']);
    expect((await room.pages())[0]).toMatchObject({ recipient: room.first.id, state: 'failed' });
    expect(room.paging.health()).toEqual({ state: 'ok' });
  });

  it('is somebody once a channel is back, also when an alert has called in vain for days', async (test) => {
    const room = await openPagingRoom(test, {
      policies: policiesFor({ ...critical, repeatAfterSeconds: 10 }),
      mail: 'away',
    });
    const { id } = await room.call();
    await until(async () => (await room.pages()).every((page) => page.fault !== null));
    await room.records.updateTable('page').set({ step: 600, base: 600, state: 'failed' }).execute();
    const over = { key: 'over', kind: 'page-step', subject: `${id}/600`, step: 1, dueAt: clock.now() };
    await room.agenda.put(room.records, over);
    room.agenda.nudge();
    await until(async () => (await room.steps()).some(({ subject }) => subject === `${id}/601`));
    const [seldom] = await room.steps();
    expect(seldom).toMatchObject({ subject: `${id}/601`, step: 0, done_at: null });
    expect(seldom!.due_at.getTime() - clock.now()).toBeLessThanOrEqual(3_600_000);
  });

  it('is nobody for what their policy leaves in the worklist', async (test) => {
    const room = await openPagingRoom(test);
    const alert = await room.call('routine');
    expect(alert.escalation).toBeNull();
    expect(await room.steps()).toEqual([]);
  });
});
