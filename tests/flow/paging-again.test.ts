import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { systemClock as clock } from '#runtime/clock.ts';
import { eventsOfAlert } from '#runtime/records/alerts.ts';
import { ago, openWard, seconds, usual } from '../support/judged-ward.ts';
import { until } from '../support/until.ts';

/** A page that would go missing: an alert nobody closed, an outage longer than all rounds, a clock that is set back. */

describe.concurrent('no crisis is swallowed', () => {
  it('calls anew for a crisis half a day after the acknowledgement of an alert that nobody closed, and not before', async (test) => {
    const ward = await openWard(test);
    await ward.crisis();
    await until(() => ward.mail.length >= 1);
    await ward.acknowledge();
    await ward.send([ward.measured(194, 118, seconds(10))]);
    await ward.quiet();
    await ward.records
      .updateTable('alert')
      .set({ opened_at: ago(seconds(14 * 3600)), acknowledged_at: ago(seconds(13 * 3600)) })
      .execute();
    // a first value asks for a second one, as always
    await ward.send([ward.measured(199, 125, seconds(60))]);
    expect(await ward.theAlert()).toMatchObject({ state: 'acknowledged' });
    await ward.send([ward.measured(197, 124, 0)]);
    await until(() => ward.mail.length >= 2);
    const alert = await ward.theAlert();
    expect(await ward.alerts()).toHaveLength(1);
    expect(alert).toMatchObject({ state: 'open', acknowledgedAt: null, acknowledgedBy: null });
    expect(alert.evidence.map((e) => e.values[0]?.value)).toEqual([192, 188, 194, 199, 197]);
    expect((await eventsOfAlert(ward.records, alert.id)).map((e) => e.kind)).toContain('renewed');
    await ward.acknowledge(ward.second);
    await ward.send([ward.measured(193, 120, -seconds(40)), ward.measured(195, 121, -seconds(80))]);
    await ward.quiet();
  });

  it('goes on calling when every round fell into an outage of all channels', async (test) => {
    let status = 404;
    const server = createServer((request, response) => {
      request.resume();
      response.statusCode = status;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    test.onTestFinished(() => void server.close());
    const ward = await openWard(test, {
      smtp: 'away',
      webhook: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      escalation: { steps: [usual.steps[0]!], repeatAfterSeconds: 2, rounds: 1 },
    });
    await ward.crisis();
    await until(async () => (await ward.pages()).some((p) => p.state === 'failed'));
    status = 200;
    await until(async () => (await ward.pages()).some((p) => p.state === 'sent'));
    // somebody has been reached: now the round counts
    const { length } = await ward.pages();
    await clock.sleep(3_500);
    expect(await ward.pages()).toHaveLength(length);
    const events = await eventsOfAlert(ward.records, (await ward.theAlert()).id);
    expect(events.map((e) => e.kind)).toContain('nobody-answered');
  });

  it('calls although the clock is set back at the very moment the countdown is over', async (test) => {
    let setBack = 0;
    const unsteady = {
      ...clock,
      now: () => clock.now() - setBack,
      // the agenda waits for the moment an entry is due; then somebody sets the clock
      sleep: async (ms: number, signal?: AbortSignal) => {
        await clock.sleep(ms, signal);
        if (ms > 0) setBack = 5_000;
      },
    };
    const ward = await openWard(test, { clock: unsteady });
    const [reading, receivedAt] = [ward.measured(201, 118, seconds(297)), Date.now() - seconds(297)];
    await ward.send([reading], receivedAt);
    expect(await ward.theAlert()).toMatchObject({ severity: 'critical', state: 'open' });
  });
});
