import { z } from 'zod';
import {
  QuarantinePayload as Payload,
  type QuarantinePayload,
  quarantineReasons,
  ReleaseView,
} from '#domain/administration.ts';
import { DeviceId, SourceId } from '#domain/ids.ts';
import { Reading } from '#domain/reading.ts';
import { instant } from '#runtime/clock.ts';
import { byClinician } from '#runtime/records/actor.ts';
import { audit } from '#runtime/records/audit.ts';
import {
  countQuarantine,
  findQuarantined,
  listQuarantine,
  type QuarantineItem,
  quarantineAccounts,
} from '#runtime/records/quarantine-list.ts';
import { type Release, releaseQuarantine, releasesAtMost } from '#runtime/records/releases.ts';
import { actorViews } from '../actor-views.ts';
import { QuarantineList } from '../answers.ts';
import { ReleaseQuarantine } from '../bodies.ts';
import { notFound } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/**
 * What could not be admitted. It is nobody's yet, so it belongs to no care team: administrators see that it is there and why. What was
 * sent holds health values; it is shown one item at a time, and every look stands in the audit trail.
 */

const itemsAtMost = 100;
const accountsAtMost = 10_000;
/** Of a payload, in characters; a series of an hour of a watch is shorter. */
const textAtMost = 20_000;
const tags = ['quarantine'];
const key = z.string().regex(/^[0-9a-f]{64}$/);

export function quarantineRoutes(app: Web, { records, clock }: ApiDeps): void {
  app.get(
    '/api/v1/quarantine',
    {
      schema: {
        summary: 'What could not be admitted, newest first, without what was sent',
        tags,
        querystring: z.strictObject({
          source: SourceId.optional(),
          device: DeviceId.optional(),
          reason: z.enum(quarantineReasons).optional(),
          state: z.enum(['waiting', 'released', 'recorded']).optional(),
          /** Received from, and before. */
          from: z.iso.datetime().optional(),
          before: z.iso.datetime().optional(),
          after: z.string().max(100).optional(),
          limit: z.coerce.number().int().min(1).max(itemsAtMost).default(50),
        }),
        response: { 200: QuarantineList },
      },
    },
    async (request) => {
      const { after, limit, ...filter } = request.query;
      const [page, waiting, accounts] = await Promise.all([
        listQuarantine(records, filter, { limit, after }),
        countQuarantine(records, { ...filter, state: 'waiting' }),
        quarantineAccounts(records, accountsAtMost),
      ]);
      const say = await actorViews(
        records,
        page.items.map((item) => item.releasedBy),
      );
      return {
        items: page.items.map((item) => viewOf(item, say)),
        next: page.next,
        waiting,
        gaveWay: accounts.reduce((sum, account) => sum + account.gaveWay, 0),
      };
    },
  );

  app.get(
    '/api/v1/quarantine/:key',
    {
      schema: {
        summary: 'One item with what was sent; the look stands in the audit trail',
        tags,
        params: z.object({ key }),
        response: { 200: Payload },
      },
    },
    async (request) => {
      const found = await findQuarantined(records, request.params.key);
      if (!found) throw notFound();
      const { payload, ...item } = found;
      await audit(records, {
        by: byClinician(whoAsks(request).clinician.id),
        action: 'quarantine-viewed',
        source: item.source,
        device: item.device ?? undefined,
        address: request.ip,
        detail: { key: item.key },
      });
      return { item: viewOf(item, await actorViews(records, [item.releasedBy])), ...shownPayload(payload) };
    },
  );

  app.post(
    '/api/v1/quarantine/release',
    {
      schema: {
        summary:
          'Judge one item, or all of a source or device, by what is registered and assigned now; release what may enter',
        description: `At most ${releasesAtMost} at once; \`more\` says that there are others. What is released is stored as late, and pages nobody.`,
        tags,
        body: ReleaseQuarantine,
        response: { 200: ReleaseView },
      },
    },
    async (request) => {
      const { body } = request;
      const by = byClinician(whoAsks(request).clinician.id);
      const at = instant(clock.now());
      if ('key' in body) {
        const [release] = await releaseQuarantine(records, [body.key], { by, at });
        if (!release || release.outcome === 'unknown') throw notFound();
        return sumUp([release], false);
      }
      const page = await listQuarantine(records, { ...body, state: 'waiting' }, { limit: releasesAtMost });
      const keys = page.items.map((item) => item.key);
      return sumUp(await releaseQuarantine(records, keys, { by, at }), page.next !== null);
    },
  );
}

function sumUp(releases: readonly Release[], more: boolean): z.infer<typeof ReleaseView> {
  const refused = Map.groupBy(
    releases.flatMap((one) => (one.outcome === 'refused' ? [one.reason] : [])),
    (reason) => reason,
  );
  const released = releases.filter((one) => one.outcome === 'released').length;
  const counts = [...refused].map(([reason, list]) => ({ reason, readings: list.length }));
  const others = releases.length - released - counts.reduce((sum, { readings }) => sum + readings, 0);
  return { released, others, refused: counts, more };
}

const viewOf = (item: QuarantineItem, say: Awaited<ReturnType<typeof actorViews>>): QuarantinePayload['item'] => ({
  key: item.key,
  source: item.source,
  receivedAt: item.receivedAt,
  reason: item.reason,
  detail: item.detail,
  device: item.device,
  panel: item.panel,
  takenAt: item.takenAt,
  readings: item.readings,
  bytes: item.bytes,
  state: item.state,
  releasedAt: item.releasedAt,
  releasedBy: item.releasedBy && say(item.releasedBy),
});

/** As JSON where it is JSON, as text where it is text, else in hexadecimal. */
function shownPayload(payload: Buffer): Omit<QuarantinePayload, 'item'> {
  const text = asText(payload);
  if (text === undefined) return { reading: null, encoding: 'hex', ...cutOff(payload.toString('hex')) };
  const json = asJson(text);
  if (json === undefined) return { reading: null, encoding: 'text', ...cutOff(text) };
  const reading = Reading.safeParse(json);
  return { reading: reading.data ?? null, encoding: 'json', ...cutOff(JSON.stringify(json, null, 2)) };
}

const cutOff = (text: string) => ({ text: text.slice(0, textAtMost), cut: text.length > textAtMost });

function asText(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
