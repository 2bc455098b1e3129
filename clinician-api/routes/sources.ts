import { z } from 'zod';
import { spoken } from '#domain/enrolment.ts';
import { CodeGiven, SourceDetail, TokenGiven } from '#domain/homes.ts';
import { DeviceId, SourceId } from '#domain/ids.ts';
import { instant } from '#runtime/clock.ts';
import { byClinician } from '#runtime/records/actor.ts';
import { revokeCertificate } from '#runtime/records/certificates.ts';
import { registerDevice } from '#runtime/records/devices.ts';
import { issueCode } from '#runtime/records/enrolment-codes.ts';
import { addSource, handOutToken, shutOut } from '#runtime/records/handing-out.ts';
import { searchSources } from '#runtime/records/homes.ts';
import { findSource, listSources, type Source } from '#runtime/records/sources.ts';
import { SourceList } from '../answers.ts';
import { AddSource, Nothing, RegisterDevice, Revoke } from '../bodies.ts';
import { sourceDetail, sourceViews } from '../home-views.ts';
import { notFound, Refusal } from '../problems.ts';
import { mustNotMove, sourceInForce, wasShutOut } from '../source-in-force.ts';
import { type ApiConfig, type ApiDeps, type Web, whoAsks } from '../web.ts';

/**
 * The gateways and devices of all homes, for administrators. A box belongs to no care team: any administrator sees and shuts out
 * any of them. No value of anybody stands here, and no name of another team's patient.
 */

const sourcesAtMost = 200;
const tags = ['sources'];
const OneSource = z.object({ source: SourceId });
type Asking = Parameters<typeof whoAsks>[0];

export function sourceRoutes(app: Web, { records, clock, authority }: ApiDeps, config: ApiConfig): void {
  app.get(
    '/api/v1/sources',
    {
      schema: {
        summary: 'All sources with what they said of themselves last, by id',
        tags,
        querystring: z.strictObject({
          /** The last id of the answer before. */
          after: SourceId.optional(),
          /** Part of the id of the source or of a device, or of the name of a patient of yours. */
          search: z.string().trim().max(100).optional(),
          limit: z.coerce.number().int().min(1).max(sourcesAtMost).default(sourcesAtMost),
        }),
        response: { 200: SourceList },
      },
    },
    async (request) => {
      const { after, search, limit } = request.query;
      const found = search
        ? await foundBy(await searchSources(records, search, { teams: whoAsks(request).teamIds, limit: limit + 1 }))
        : await listSources(records, { ...(after ? { after } : {}), limit: limit + 1 });
      return { sources: await sourceViews(records, found.slice(0, limit), clock.now()), more: found.length > limit };
    },
  );

  app.post(
    '/api/v1/sources',
    {
      schema: {
        summary: 'Register a gateway, or a device that speaks MQTT itself',
        description: 'It can do nothing until it is given a code or a token.',
        tags,
        body: AddSource,
        response: { 200: SourceDetail },
      },
    },
    async (request) => {
      const { kind, id } = request.body;
      const added = await addSource(records, { kind, ...(id ? { id } : {}), by: by(request), now: clock.now() });
      if (!added)
        throw new Refusal({ status: 409, code: 'source-taken', detail: 'A source of this name is registered.' });
      return detailOf(request, added);
    },
  );

  app.get(
    '/api/v1/sources/:source',
    {
      schema: {
        summary: 'One source with its certificates, its devices, and what it hears of others',
        tags,
        params: OneSource,
        response: { 200: SourceDetail },
      },
    },
    async (request) => detailOf(request, request.params.source),
  );

  app.post(
    '/api/v1/sources/:source/codes',
    {
      schema: {
        summary: 'A new code with which its box enrols, shown once; codes before it are void',
        tags,
        params: OneSource,
        body: Nothing,
        response: { 200: CodeGiven },
      },
    },
    async (request) => {
      const { id } = await inForce(request.params.source);
      const { code, expiresAt } = await issueCode(records, { source: id, by: by(request), now: clock.now() });
      const pin = config.boxesPin?.() ?? null;
      return { code: spoken(code), expiresAt, url: config.publicUrl, authority: pin };
    },
  );

  app.post(
    '/api/v1/sources/:source/tokens',
    {
      schema: {
        summary: 'A token for a device that can do no certificate, shown once; what it signed in with before is void',
        tags,
        params: OneSource,
        body: Nothing,
        response: { 200: TokenGiven },
      },
    },
    async (request) => {
      const { id, kind } = await inForce(request.params.source);
      if (kind === 'gateway')
        throw new Refusal({ status: 409, code: 'wants-code', detail: 'A gateway enrols with a code.' });
      const token = await handOutToken(records, { source: id, by: by(request), now: clock.now() });
      if (!token) throw wasShutOut();
      return { source: id, mqttUrl: config.mqttUrl, token, authority: authority?.certificate ?? null };
    },
  );

  app.post(
    '/api/v1/sources/:source/revoke',
    {
      schema: {
        summary: 'Shut a source out for ever; it is disconnected within a minute, and what it sent stays',
        tags,
        params: OneSource,
        body: Revoke,
        response: { 200: SourceDetail },
      },
    },
    async (request) => {
      const { id } = await known(request.params.source);
      const { reason } = request.body;
      if (!(await shutOut(records, { source: id, by: by(request), now: clock.now(), reason }))) throw wasShutOut();
      return detailOf(request, id);
    },
  );

  app.post(
    '/api/v1/sources/:source/certificates/:fingerprint/revoke',
    {
      schema: {
        summary: 'Shut out whoever holds this certificate; the source itself may enrol again',
        tags,
        params: OneSource.extend({ fingerprint: z.string().regex(/^[0-9a-f]{64}$/) }),
        body: Revoke,
        response: { 200: SourceDetail },
      },
    },
    async (request) => {
      const { source, fingerprint } = request.params;
      const { reason } = request.body;
      const wish = { source, fingerprint, at: instant(clock.now()), by: by(request), reason };
      if (!(await revokeCertificate(records, wish))) throw notFound();
      return detailOf(request, source);
    },
  );

  app.put(
    '/api/v1/sources/:source/devices/:device',
    {
      schema: {
        summary: 'Register a device with a source; with `move`, one that is registered elsewhere goes over to it',
        tags,
        params: OneSource.extend({ device: DeviceId }),
        body: RegisterDevice,
        response: { 200: SourceDetail },
      },
    },
    async (request) => {
      const { source, device } = request.params;
      await inForce(source);
      const { model } = request.body;
      if (!request.body.move) await mustNotMove(records, device, source);
      await records.transaction().execute((db) => registerDevice(db, { id: device, source, model, by: by(request) }));
      return detailOf(request, source);
    },
  );

  const by = (request: Asking) => byClinician(whoAsks(request).clinician.id);

  async function detailOf(request: Asking, id: SourceId): Promise<SourceDetail> {
    const detail = await sourceDetail(records, id, { teams: whoAsks(request).teamIds, now: clock.now() });
    if (!detail) throw notFound();
    return detail;
  }
  async function known(id: SourceId): Promise<Source> {
    const source = await findSource(records, id);
    if (!source) throw notFound();
    return source;
  }
  const inForce = (id: SourceId) => sourceInForce(records, id);
  const foundBy = async (ids: SourceId[]): Promise<Source[]> =>
    (await Promise.all(ids.map((id) => findSource(records, id)))).filter((source) => source !== undefined);
}
