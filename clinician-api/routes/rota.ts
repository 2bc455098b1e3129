import { z } from 'zod';
import { type ClinicianId, TeamId } from '#domain/ids.ts';
import { faultsOfRota, Override, type Rota } from '#domain/rota.ts';
import { OnCallView, RotaView } from '#domain/rota-views.ts';
import { instant } from '#runtime/clock.ts';
import { byClinician } from '#runtime/records/actor.ts';
import { audit } from '#runtime/records/audit.ts';
import type { Within } from '#runtime/records/connect.ts';
import { callableMembers, outlookMs, unreachableOf } from '#runtime/records/on-call.ts';
import {
  addOverride,
  findOverride,
  findRota,
  overridesFrom,
  saveRota,
  setOverrideRemoved,
} from '#runtime/records/rota.ts';
import { changedMeanwhile, invalid, notFound, Refusal } from '../problems.ts';
import { AddOverride, SetRota } from '../rota-bodies.ts';
import { refs, viewOfOnCall, viewOfRota } from '../rota-views.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** Who is on call in a care team: the rota, who covers for whom, and what that comes to. */

const tags = ['on-call'];
const params = z.object({ id: TeamId });
const overridesAtMost = 200;
const calendarAtMostMs = 100 * 24 * 3_600_000;

export function rotaRoutes(app: Web, { records, clock, random }: ApiDeps): void {
  const mine = (request: Parameters<typeof whoAsks>[0] & { params: { id: TeamId } }): TeamId => {
    const { id } = request.params;
    if (!whoAsks(request).teamIds.includes(id)) throw notFound();
    return id;
  };

  app.get(
    '/api/v1/teams/:id/rota',
    {
      schema: {
        summary: 'The rota of a care team, its overrides, and what is wrong with it in the next 14 days',
        tags,
        params,
        response: { 200: RotaView },
      },
    },
    async (request) => viewOfRota(records, mine(request), clock.now()),
  );

  app.put(
    '/api/v1/teams/:id/rota',
    {
      schema: {
        summary: 'Set down the rota of a care team; everybody on it must be of the team and reachable',
        description:
          'Refused with `unreachable` or `not-in-team`, whose `errors` name the places and the people by their ids.',
        tags,
        params,
        body: SetRota,
        response: { 200: RotaView },
      },
    },
    async (request) => {
      const team = mine(request);
      const { rota, version } = request.body;
      const faults = faultsOfRota(rota);
      if (faults.length > 0) throw invalid(faults.map((fault) => ({ ...fault, pointer: `/rota${fault.pointer}` })));
      const { clinician } = whoAsks(request);
      await records.transaction().execute(async (db) => {
        await requireServing(db, team, placesNaming(rota));
        const saved = await saveRota(db, team, { rota, version, by: clinician.id, at: instant(clock.now()) });
        if (saved === undefined) {
          const { updatedAt, updatedBy } = await findRota(db, team);
          throw changedMeanwhile((await refs(db, [updatedBy]))[0], updatedAt);
        }
        await audit(db, { by: byClinician(clinician.id), action: 'rota-changed', detail: { team, version: saved } });
      });
      return viewOfRota(records, team, clock.now());
    },
  );

  app.get(
    '/api/v1/teams/:id/on-call',
    {
      schema: {
        summary: 'Who is on call now, and in the days to come: for a calendar, a hundred days at most',
        tags,
        params,
        querystring: z.strictObject({ from: z.iso.datetime().optional(), to: z.iso.datetime().optional() }),
        response: { 200: OnCallView },
      },
    },
    async (request) => {
      const team = mine(request);
      const now = clock.now();
      const from = request.query.from === undefined ? now : Date.parse(request.query.from);
      const to = request.query.to === undefined ? from + outlookMs : Date.parse(request.query.to);
      if (to <= from) throw invalid([{ pointer: '/to', detail: 'must be after `from`' }]);
      if (to - from > calendarAtMostMs) throw invalid([{ pointer: '/to', detail: 'must be within 100 days' }]);
      return viewOfOnCall(records, team, { from, to, now });
    },
  );

  app.post(
    '/api/v1/teams/:id/overrides',
    {
      schema: {
        summary: 'Let somebody cover a place on the rota, or a person, from one moment to another',
        tags,
        params,
        body: AddOverride,
        response: { 200: Override },
      },
    },
    async (request) => {
      const team = mine(request);
      const cover = request.body;
      const now = clock.now();
      if (Date.parse(cover.to) <= Math.max(now, Date.parse(cover.from)))
        throw invalid([{ pointer: '/to', detail: 'must be after `from`, and to come' }]);
      if (cover.instead.kind === 'person' && cover.instead.person === cover.clinician)
        throw invalid([{ pointer: '/instead/person', detail: 'nobody covers for themselves' }]);
      const { clinician } = whoAsks(request);
      const override = { ...cover, id: random.uuid() };
      await records.transaction().execute(async (db) => {
        if ((await overridesFrom(db, team, now)).length >= overridesAtMost)
          throw new Refusal({
            status: 409,
            code: 'too-many',
            detail: `At most ${overridesAtMost} overrides stand at once.`,
          });
        await requireServing(db, team, new Map([['/clinician', cover.clinician]]));
        await addOverride(db, team, override, { by: clinician.id, at: instant(now) });
        const detail = { team, override: override.id };
        await audit(db, { by: byClinician(clinician.id), action: 'rota-override-added', detail });
      });
      return override;
    },
  );

  const setRemoved = async (
    request: Parameters<typeof mine>[0],
    override: string,
    removed: boolean,
  ): Promise<Override> => {
    const team = mine(request);
    const found = await findOverride(records, team, override);
    if (!found) throw notFound();
    const by = whoAsks(request).clinician.id;
    await records.transaction().execute(async (db) => {
      const at = instant(clock.now());
      if (!(await setOverrideRemoved(db, team, override, removed ? { by, at } : null))) return;
      const action = removed ? 'rota-override-removed' : 'rota-override-restored';
      await audit(db, { by: byClinician(by), action, detail: { team, override } });
    });
    return found.override;
  };
  const ofOverride = params.extend({ override: z.uuid() });

  app.delete(
    '/api/v1/teams/:id/overrides/:override',
    {
      schema: {
        summary: 'Take an override away; it can be brought back',
        tags,
        params: ofOverride,
        response: { 200: Override },
      },
    },
    async (request) => setRemoved(request, request.params.override, true),
  );

  app.post(
    '/api/v1/teams/:id/overrides/:override/restore',
    {
      schema: {
        summary: 'Bring an override back that was taken away',
        tags,
        params: ofOverride,
        body: z.strictObject({}),
        response: { 200: Override },
      },
    },
    async (request) => setRemoved(request, request.params.override, false),
  );
}

/** Where a rota names whom. */
const placesNaming = ({ layers }: Rota): Map<string, ClinicianId> =>
  new Map(
    layers.flatMap((layer, l) =>
      layer.places.flatMap((place, p) =>
        place.people.map((who, i): [string, ClinicianId] => [`/rota/layers/${l}/places/${p}/people/${i}`, who]),
      ),
    ),
  );

/** @throws Refusal that names, by place and id, who is not of the team or can be reached by no channel. */
export async function requireServing(db: Within, team: TeamId, named: ReadonlyMap<string, ClinicianId>): Promise<void> {
  const people = [...new Set(named.values())];
  const members = new Set<ClinicianId>((await callableMembers(db, team)).map(({ id }) => id));
  const strangers = people.filter((who) => !members.has(who));
  const errorsFor = (some: readonly ClinicianId[]) =>
    [...named].filter(([, who]) => some.includes(who)).map(([pointer, who]) => ({ pointer, detail: who }));
  if (strangers.length > 0)
    throw new Refusal({
      ...{ status: 422, code: 'not-in-team' },
      detail: 'On call are nurses and doctors of the team who may sign in.',
      errors: errorsFor(strangers),
    });
  const unreachable = await unreachableOf(db, people);
  if (unreachable.length > 0)
    throw new Refusal({
      ...{ status: 422, code: 'unreachable' },
      detail: 'These people have no contact point that a channel of this platform reaches.',
      errors: errorsFor(unreachable),
    });
}
