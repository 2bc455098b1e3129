import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { describe, expect, it } from 'vitest';
import { onCallStep } from '#domain/escalation.ts';
import { shardOf } from '#domain/topics.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog as log } from '#runtime/log.ts';
import { eventsOfAlert } from '#runtime/records/alerts.ts';
import { changePlan } from '#runtime/records/plans.ts';
import { readRuleBook } from '#runtime/records/rule-book.ts';
import { book } from '../../rules/book/index.ts';
import { ago, openWard, seconds, usual } from '../support/judged-ward.ts';
import { makeSource } from '../support/people.ts';
import { until } from '../support/until.ts';

/** From the journal to the person who answers: real PostgreSQL, real queue, real mail, nothing played. */

describe.concurrent('from a reading to a person', () => {
  it('calls the first on call once for a confirmed crisis, gives the nurse a task, and calls the second when nobody answers', async (test) => {
    const ward = await openWard(test);
    await ward.crisis();
    await until(() => ward.mail.length >= 1);
    const alert = await ward.theAlert();
    expect(alert).toMatchObject({ severity: 'critical', state: 'open', rule: 'blood-pressure-severe', ruleVersion: 1 });
    expect(alert.evidence.map((e) => e.values[0]?.value)).toEqual([192, 188]);
    expect(alert.parameters).toMatchObject({ 'systolic-at-least': 180, 'confirm-within-seconds': 300 });
    expect(alert.escalation?.steps).toEqual(usual.steps);
    expect(await ward.tasks()).toMatchObject([
      { kind: 'call', role: 'nurse', alert: alert.id, patient: ward.patient.id },
    ]);

    await until(() => ward.mail.length >= 2);
    expect(ward.mail.map((m) => m.to)).toEqual([['first@clinic.example'], ['second@clinic.example']]);
    expect(ward.mail[0]?.subject).toBe('【危急】血压重度升高（第 1 次呼叫）');
    expect(ward.mail[1]?.subject).toBe('CRITICAL: Severely high blood pressure (second call)');

    // handed over is not yet written down
    await until(async () => (await ward.pages()).every((p) => p.state === 'sent'));
    await ward.acknowledge(ward.second);
    await ward.quiet(4_000);
    const kinds = (await eventsOfAlert(ward.records, alert.id)).map((e) => e.kind);
    expect(kinds).toEqual(['opened', 'paged', 'paged', 'acknowledged']);
  });

  it('says in a page neither who nor how much, unless the mail stays in the house', async (test) => {
    const open = await openWard(test);
    await open.crisis();
    await until(() => open.mail.length >= 2);
    const link = `https://hearthbeat.example/alerts/${(await open.theAlert()).id}`;
    for (const { subject, text } of open.mail) {
      // ids and tokens hold any digits
      expect(`${subject}${text}`.replaceAll(/https:\S+/g, '')).not.toMatch(/Wang|192|121|188|118|1948/);
      expect(text).toContain(link);
    }

    const closed = await openWard(test, { confidential: true });
    const began = Date.now();
    await closed.crisis();
    const measured = [began, Date.now()].map((at) => at - seconds(90));
    await until(() => closed.mail.length >= 2);
    const [chinese, english] = closed.mail;
    expect(english?.subject).toContain('Wang Guilan');
    for (const words of [
      'Patient: Wang Guilan, 78 years',
      '192/121 mmHg',
      '188/118 mmHg',
      'Asia/Shanghai',
      'emergency service',
    ])
      expect(english?.text).toContain(words);
    for (const words of ['患者：Wang Guilan 女士', '192/121 mmHg', '急救']) expect(chinese?.text).toContain(words);
    const then = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit' });
    expect(measured.map((at) => then.format(at)).some((minute) => english?.text.includes(minute))).toBe(true);
  });

  it('calls nobody once somebody has acknowledged before the second step', async (test) => {
    const ward = await openWard(test);
    await ward.crisis();
    await until(() => ward.mail.length >= 1);
    await ward.acknowledge();
    await ward.quiet(4_000);
    expect((await ward.pages()).map((p) => p.state)).toEqual(['sent']);
  });

  it('asks to measure again after an artefact, and calls nobody', async (test) => {
    const ward = await openWard(test);
    await ward.send([ward.measured(210, 130, seconds(100), { marks: ['cuff-too-loose', 'body-movement'] })]);
    await ward.send([ward.measured(205, 128, seconds(10), { marks: ['body-movement'] })]);
    // who has been asked, and has not answered, is not asked twice
    expect(await ward.judging().commands()).toMatchObject([{ command: 'measure-again', device: ward.device }]);
    await ward.quiet();
    expect(await ward.alerts()).toEqual([]);
    const due = await ward.records.selectFrom('agenda').select('kind').execute();
    expect(due.filter(({ kind }) => kind.startsWith('page') || kind === 'confirmation-lapse')).toEqual([]);
  });

  it('calls nobody for what arrives late, says what it would have done, and gives the nurse a task', async (test) => {
    const ward = await openWard(test);
    await ward.send([ward.measured(192, 121, seconds(4 * 3_600)), ward.measured(188, 118, seconds(4 * 3_600 - 90))]);
    const alert = await ward.theAlert();
    expect(alert).toMatchObject({ severity: 'routine', escalation: null });
    expect(alert.explanation.en).toContain('Because it is old, nobody was called');
    expect(await ward.tasks()).toMatchObject([{ kind: 'measure-again' }]);
    await ward.quiet();
    expect(await ward.alerts()).toHaveLength(1);
    expect(await ward.pages()).toEqual([]);

    // and when it is still so now, the same episode turns critical and calls
    await ward.crisis();
    await until(() => ward.mail.length >= 1);
    expect((await ward.alerts()).map((a) => [a.severity, a.state])).toEqual([['critical', 'open']]);
    expect((await ward.tasks()).map((t) => t.kind).sort()).toEqual(['call', 'measure-again']);
  });

  it('calls when nobody measures again in time, and says that it rests on one reading', async (test) => {
    const ward = await openWard(test);
    // heard 298 s ago: two seconds of the window are left
    await ward.send([ward.measured(194, 112, seconds(299))], Date.now() - seconds(298));
    expect(await ward.judging().commands()).toHaveLength(1);
    expect(await ward.alerts()).toEqual([]);
    await until(() => ward.mail.length >= 1);
    expect((await ward.theAlert()).explanation.en).toMatch(
      /none that counts came within 5 min, so this rests on one reading/,
    );
  });

  it('lets a better second measurement call the countdown off', async (test) => {
    const ward = await openWard(test);
    await ward.send([ward.measured(194, 112, seconds(296))], Date.now() - seconds(295));
    await ward.send([ward.measured(148, 88, seconds(60))]);
    await ward.quiet(7_000);
    expect(await ward.alerts()).toEqual([]);
  });

  it('finds a countdown that lapsed while nobody was there', async (test) => {
    const ward = await openWard(test);
    await ward.send([ward.measured(194, 112, seconds(299))], Date.now() - seconds(297));
    await ward.stop();
    await clock.sleep(3_500);
    await ward.restart();
    await until(() => ward.mail.length >= 1);
    expect(await ward.alerts()).toHaveLength(1);
  });

  it('opens one alert and calls once when the same message comes three times and the judge is restarted between', async (test) => {
    const ward = await openWard(test);
    const readings = [ward.measured(192, 121, seconds(90)), ward.measured(188, 118, seconds(20))];
    await ward.send(readings);
    await ward.send(readings);
    await ward.stop();
    await ward.restart();
    await ward.send(readings);
    await until(() => ward.mail.length >= 1);
    await ward.acknowledge();
    await ward.quiet();
    expect(await ward.alerts()).toHaveLength(1);
    expect(ward.mail).toHaveLength(1);
  });

  it('lets recovery join the episode and say so, and closes nothing by itself', async (test) => {
    const ward = await openWard(test);
    await ward.crisis();
    await ward.theAlert();
    await ward.send([ward.measured(141, 86, 0)]);
    const alert = await ward.theAlert();
    expect(alert.state).toBe('open');
    expect(alert.evidence).toHaveLength(3);
    expect(alert.explanation.en).toContain('Latest: 141/86 mmHg, back inside the limit.');
  });

  it('obeys the care plan of this patient', async (test) => {
    const ward = await openWard(test);
    await changePlan(
      ward.records,
      ward.patient,
      { part: 'overrides', rule: 'blood-pressure-severe', parameters: { 'systolic-at-least': 160 } },
      { by: ward.first.id, at: ago(0) },
    );
    await ward.send([ward.measured(164, 98, seconds(90)), ward.measured(162, 96, seconds(20))]);
    expect(await ward.theAlert()).toMatchObject({ severity: 'critical', parameters: { 'systolic-at-least': 160 } });
  });

  it('judges nothing that may not enter: another source, another time, a demo', async (test) => {
    const ward = await openWard(test);
    const { source: stranger } = await makeSource(ward.records);
    const readings = [ward.measured(192, 121, seconds(90)), ward.measured(188, 118, seconds(20))];
    const payload = Buffer.from(JSON.stringify({ v: 1, readings }));
    await ward.judging().journal.append({
      shard: shardOf(stranger),
      source: stranger,
      kind: 'readings',
      receivedAt: Date.now(),
      payload,
    });
    await ward.send(readings.map((r) => ({ ...r, marks: ['demo' as const] })));
    await ward.send(readings.map((r) => ({ ...r, takenAt: '2019-01-01T00:00:00Z' })));
    for (const poison of ['', 'no JSON', '{"v":1,"readings":[null,{},[]]}', '{"v":2}'])
      await ward.judging().journal.append({
        shard: shardOf(ward.source),
        source: ward.source,
        kind: 'readings',
        receivedAt: Date.now(),
        payload: Buffer.from(poison),
      });
    await until(() => ward.judging().journal.backlog().entries === 0);
    expect(await ward.alerts()).toEqual([]);
    expect(ward.judging().rules.health()).toEqual({ state: 'ok' });
  });

  it('reaches by webhook whom the mail does not reach', async (test) => {
    const got: { recipient: { email: string }; alerts: { step: number }[] }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        got.push(JSON.parse(body));
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    test.onTestFinished(() => void server.close());
    const ward = await openWard(test, {
      smtp: 'away',
      webhook: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    });
    await ward.crisis();
    await until(() => got.length >= 1);
    expect(got[0]).toMatchObject({ alerts: [{ step: 0 }], recipient: { email: 'first@clinic.example' } });
    await until(() => ward.judging().rules.health().state === 'degraded');
    await ward.acknowledge();
    await until(async () => (await ward.pages()).some((p) => p.channel === 'webhook' && p.state === 'sent'));
    // acknowledged while the mail was being retried: the retry finds it and is called off
    await until(async () => (await ward.pages()).every((p) => p.state !== 'due'));
    expect((await ward.pages()).map((p) => [p.channel, p.state])).toEqual([
      ['smtp', 'cancelled'],
      ['webhook', 'sent'],
    ]);
  });

  it('calls the next person at once when the first can be reached by no channel', async (test) => {
    const late = { ...usual, steps: [usual.steps[0]!, onCallStep(600, 1)] };
    const ward = await openWard(test, { escalation: late, smtp: 'away' });
    await ward.crisis();
    await until(async () => (await ward.pages()).some((p) => p.step === 1 && p.fault !== null));
    const pages = await ward.pages();
    expect(pages.map((p) => [p.step, p.recipient])).toEqual([
      [0, ward.first.id],
      [1, ward.second.id],
    ]);
    expect((await eventsOfAlert(ward.records, (await ward.theAlert()).id)).map((e) => e.kind)).toContain(
      'undeliverable',
    );
    expect(ward.judging().rules.health()).toMatchObject({
      state: 'down',
      trouble: 'pages-fail',
      detail: 'smtp: the mail server cannot be reached',
    });
    // a new round waits: nobody burns all rounds in a moment
    await clock.sleep(1_000);
    expect(await ward.pages()).toHaveLength(2);
  });

  it('calls everybody of the team when nobody is on call', async (test) => {
    const ward = await openWard(test, { rota: [] });
    await ward.crisis();
    await until(() => ward.mail.length >= 3);
    expect(ward.mail.flatMap((m) => m.to).sort()).toEqual([
      'first@clinic.example',
      'nurse@clinic.example',
      'second@clinic.example',
    ]);
    expect((await eventsOfAlert(ward.records, (await ward.theAlert()).id)).map((e) => e.kind)).toContain(
      'nobody-on-call',
    );
  });

  it('calls the second on call at once when the first place is empty', async (test) => {
    const ward = await openWard(test, { rota: [1] });
    await ward.crisis();
    await until(() => ward.mail.length >= 1);
    expect(ward.mail[0]?.to).toEqual(['second@clinic.example']);
  });

  it('sends a page twice at most, and once at least, when it is killed between sending and recording', async (test) => {
    const ward = await openWard(test);
    await ward.stop();
    const mails: string[] = [];
    // takes the mail whole and never says so
    const mute = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      onData: (stream) => {
        let text = '';
        stream.on('data', (chunk) => {
          text += chunk;
        });
        stream.on('end', () => mails.push(/message-id: (<[^>]+>)/i.exec(text)![1]!));
      },
    });
    mute.on('error', () => {});
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    test.onTestFinished(() => void mute.close());
    const smtpUrl = `smtp://127.0.0.1:${(mute.server.address() as AddressInfo).port}`;
    const journal = await createJournalFiles({ folder: ward.options.journalFolder, clock, log });
    const readings = [ward.measured(192, 121, seconds(90)), ward.measured(188, 118, seconds(20))];
    const payload = Buffer.from(JSON.stringify({ v: 1, readings }));
    await journal.append({
      shard: shardOf(ward.source),
      source: ward.source,
      kind: 'readings',
      receivedAt: Date.now(),
      payload,
    });
    await journal.close();

    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, '../support/judging-process.ts'), JSON.stringify({ ...ward.options, smtpUrl })],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const died = new Promise((resolve) => child.once('exit', resolve));
    test.onTestFinished(() => void child.kill('SIGKILL'));
    await until(() => mails.length === 1);
    child.kill('SIGKILL');
    await died;
    const [page] = await ward.pages();
    expect(page).toMatchObject({ step: 0, state: 'due', attempts: 1 });

    // the time passes in which the dead one held them
    const past = new Date(Date.now() - 1_000);
    await ward.records.updateTable('page').set({ due_at: past }).where('state', '=', 'due').execute();
    await ward.records.updateTable('agenda').set({ due_at: past }).where('kind', '=', 'page-send').execute();
    await ward.restart();
    await until(() => ward.mail.length >= 1);
    await ward.acknowledge();
    await ward.quiet();
    expect(mails).toEqual([`<${page!.id}@hearthbeat.example>`]);
    expect(ward.mail.filter((m) => m.to[0] === 'first@clinic.example').map((m) => m.messageId)).toEqual(mails);
    expect((await ward.pages())[0]).toMatchObject({ state: 'sent', attempts: 2 });
    expect(await ward.alerts()).toHaveLength(1);
  });

  it('leaves its book where others read it', async (test) => {
    const ward = await openWard(test);
    expect((await readRuleBook(ward.records)).map((entry) => [entry.rule, entry.version])).toEqual(
      book.map((rule) => [rule.rule, rule.version]).sort(),
    );
  });
});
