import { z } from 'zod';
import { Backtest } from '#domain/backtest.ts';
import type { TeamId } from '#domain/ids.ts';
import { faultsOfOverrides } from '#domain/rule-book.ts';
import { BacktestList } from '#domain/views-plans.ts';
import { languages } from '#domain/words.ts';
import { instant } from '#runtime/clock.ts';
import { cancelBacktest, findBacktest, findPlot, listBacktests } from '#runtime/records/backtests.ts';
import { findPatients } from '#runtime/records/patients.ts';
import { readRuleBook } from '#runtime/records/rule-book.ts';
import { Nothing } from '../bodies.ts';
import { ask } from '../forecasts.ts';
import { AskBacktest } from '../plan-bodies.ts';
import { escapePointer, invalid, notFound } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** Backtests and forecasts: asked for here, worked out by the rules service, shown here. */

const tags = ['backtests'];
const params = z.object({ id: z.uuid() });
const listedAtMost = 100;

export function backtestRoutes(app: Web, deps: ApiDeps): void {
  const { records, clock } = deps;
  const found = async (request: Parameters<typeof whoAsks>[0] & { params: { id: string } }): Promise<Backtest> => {
    const backtest = await findBacktest(records, whoAsks(request).teamIds, request.params.id);
    if (!backtest) throw notFound();
    return backtest;
  };

  app.get(
    '/api/v1/backtests',
    {
      schema: {
        summary: 'Backtests and forecasts of your care teams, the newest first, without their reports',
        tags,
        response: { 200: BacktestList },
      },
    },
    async (request) => ({ backtests: await listBacktests(records, whoAsks(request).teamIds, listedAtMost) }),
  );

  app.post(
    '/api/v1/backtests',
    {
      schema: {
        summary: 'Judge the stored history of a care team once more, as it is today and with a proposed change',
        description:
          'Answered at once. One is worked on at a time; it is forgotten after 60 days. `set`: parameters by rule, put over those of the team; a patient’s own plan goes before both.',
        tags,
        body: AskBacktest,
        response: { 202: Backtest },
      },
    },
    async (request, reply) => {
      const { teamIds, clinician } = whoAsks(request);
      const { team: named, ...wished } = request.body;
      const now = instant(clock.now());
      if (Date.parse(wished.from) >= clock.now()) throw invalid([{ pointer: '/from', detail: 'must be in the past' }]);
      // nobody has measured yet what is to be measured
      const wish = { ...wished, to: Date.parse(wished.to) < Date.parse(now) ? wished.to : now };
      const team = named ?? (teamIds.length === 1 ? teamIds[0] : undefined);
      if (!team) throw invalid([{ pointer: '/team', detail: 'say which of your care teams' }]);
      if (!teamIds.includes(team)) throw notFound();
      await requireKnown(team, wish);
      return reply.code(202).send(await ask(deps, { kind: 'backtest', team, patient: null, wish, by: clinician.id }));
    },
  );

  app.get(
    '/api/v1/backtests/:id',
    { schema: { summary: 'A backtest: how far it is, and what it found', tags, params, response: { 200: Backtest } } },
    async (request) => found(request),
  );

  app.get(
    '/api/v1/backtests/:id/plot',
    {
      schema: {
        summary: 'What a backtest found, as a picture (SVG) for the screen and for print',
        tags,
        params,
        querystring: z.strictObject({ language: z.enum(languages).default('en') }),
        produces: ['image/svg+xml'],
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      const { teamIds } = whoAsks(request);
      const plot = await findPlot(records, teamIds, request.params.id, request.query.language);
      if (plot === undefined) throw notFound();
      return reply.type('image/svg+xml; charset=utf-8').serializer(String).send(plot);
    },
  );

  app.post(
    '/api/v1/backtests/:id/cancel',
    {
      schema: {
        summary: 'Cancel a backtest that waits or runs; one that is over stays as it is',
        tags,
        params,
        body: Nothing.nullable(),
        response: { 200: Backtest },
      },
    },
    async (request) => {
      const { id } = await found(request);
      await cancelBacktest(records, id, instant(clock.now()));
      return found(request);
    },
  );

  /** @throws Refusal that names every rule, parameter or patient there is no such thing of. */
  async function requireKnown(team: TeamId, wish: Pick<z.infer<typeof AskBacktest>, 'rules' | 'patients' | 'set'>) {
    const book = new Map((await readRuleBook(records)).map((entry) => [entry.rule, entry]));
    const patients = await findPatients(records, [team], wish.patients);
    const faults = [
      ...wish.rules.flatMap((rule, i) => (book.has(rule) ? [] : [{ pointer: `/rules/${i}`, detail: 'no such rule' }])),
      ...wish.patients.flatMap((patient, i) =>
        patients.has(patient) ? [] : [{ pointer: `/patients/${i}`, detail: 'no such patient in this care team' }],
      ),
      ...Object.entries(wish.set ?? {}).flatMap(([rule, parameters]) => {
        const at = `/set/${escapePointer(rule)}`;
        const entry = book.get(rule);
        if (!entry) return [{ pointer: at, detail: 'no such rule' }];
        return faultsOfOverrides(entry, parameters).map(({ parameter, detail }) => ({
          pointer: `${at}/${escapePointer(parameter)}`,
          detail,
        }));
      }),
    ];
    if (faults.length > 0) throw invalid(faults);
  }
}
