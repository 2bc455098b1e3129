import { z } from 'zod';
import { futureToleranceMs } from '#domain/admission.ts';
import { Outage } from '#domain/errors.ts';
import { PatientId } from '#domain/ids.ts';
import { ReadingsView } from '#domain/views.ts';
import { panelNames } from '#domain/vitals.ts';
import { instant, within } from '#runtime/clock.ts';
import { recordsAway } from '#runtime/records/away.ts';
import { findPatient } from '#runtime/records/patients.ts';
import { countIn, hasRollups, longRange } from '../long-range.ts';
import { invalid, notFound } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** The time series of one patient and panel. */

const dayMs = 86_400_000;
const usualSpanMs = 7 * dayMs;
export const spanAtMostMs = 2 * 366 * dayMs;
export const readingsAtMost = 2_000;
const usualReadings = 500;
export const windowsAtMost = 500;
/** A store that says nothing for so long is away, as far as somebody at a screen is concerned. */
const patienceMs = 15_000;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Widths people read without reckoning; all but the week divide the day, so that windows begin at midnight UTC. */
const windowWidths = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minuteMs),
  ...[1, 2, 3, 4, 6, 8, 12].map((n) => n * hourMs),
  ...[1, 2, 7].map((n) => n * dayMs),
];

/** The narrowest width with which `spanMs` makes no more than `windowsAtMost` windows, one more for the alignment included. */
export function windowFor(spanMs: number): number {
  return windowWidths.find((width) => Math.ceil(spanMs / width) + 1 <= windowsAtMost) ?? 7 * dayMs;
}

const Instant = z.iso.datetime({ error: 'must be a time like 2026-03-01T08:00:00Z' });

export function readingRoutes(app: Web, { records, store, clock }: ApiDeps): void {
  app.get(
    '/api/v1/patients/:id/readings',
    {
      schema: {
        summary: 'Readings of one panel: as they came, or in windows where there are many',
        description: `\`from\` inclusive, \`to\` exclusive, at most ${spanAtMostMs / dayMs} days apart. \`auto\` answers the readings while there are no more than \`limit\`, else windows with mean, minimum and maximum.`,
        tags: ['patients'],
        params: z.object({ id: PatientId }),
        querystring: z.strictObject({
          panel: z.enum(panelNames),
          from: Instant.optional(),
          to: Instant.optional(),
          resolution: z.enum(['auto', 'raw']).default('auto'),
          limit: z.coerce.number().int().min(1).max(readingsAtMost).default(usualReadings),
        }),
        response: { 200: ReadingsView },
      },
    },
    async (request) => {
      const patient = await findPatient(records, whoAsks(request).teamIds, request.params.id);
      if (!patient) throw notFound();
      const { panel, resolution, limit } = request.query;
      const { from, to } = spanOf(request.query, clock.now());

      const range = { patient: patient.id, panel, from, to };
      const readings = await fromStore(store.read({ ...range, limit: limit + 1 }));
      const more = readings.length > limit;
      const single = { resolution: 'raw' as const, panel, readings: readings.slice(0, limit), more };
      const windowMs = windowFor(to - from);
      if (resolution === 'raw' || (!more && !hasRollups(panel, windowMs))) return single;

      const aligned = { from: Math.floor(from / windowMs) * windowMs, to: Math.ceil(to / windowMs) * windowMs };
      const windows = await fromStore(longRange({ store, records }, { ...range, ...aligned, windowMs }, clock.now()));
      if (!more && countIn(windows, panel) <= readings.length) return single;
      return {
        resolution: 'windows' as const,
        panel,
        windowMs,
        windows: windows.map((window) => ({ from: instant(window.from), values: window.values })),
      };
    },
  );

  /** Whatever the store's own fault is called, to a screen it means one thing. */
  async function fromStore<T>(answer: Promise<T>): Promise<T> {
    const away = (cause?: unknown) =>
      new Outage('vitals-store-away', 'readings cannot be read', { retry: true, cause });
    try {
      return await within(clock, patienceMs, answer, () => away());
    } catch (fault) {
      throw fault instanceof Outage || recordsAway(fault) ? away(fault) : fault;
    }
  }
}

function spanOf(query: { from?: string; to?: string }, now: number): { from: number; to: number } {
  // a device's clock may run a little ahead of ours
  const to = query.to === undefined ? now + futureToleranceMs : Date.parse(query.to);
  const from = query.from === undefined ? to - usualSpanMs : Date.parse(query.from);
  if (from >= to) throw invalid([{ pointer: '/from', detail: 'must be before `to`' }]);
  if (to - from > spanAtMostMs)
    throw invalid([{ pointer: '/from', detail: `must be at most ${spanAtMostMs / dayMs} days before \`to\`` }]);
  return { from, to };
}
