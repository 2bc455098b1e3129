import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PatientId, SourceId } from '#domain/ids.ts';
import { StoredReading } from '#domain/reading.ts';
import { panelNames, type Vital, vitals, vitalsOf } from '#domain/vitals.ts';
import { instant, systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { systemRandom } from '#runtime/random.ts';
import { readingId } from '#runtime/reading-id.ts';
import { createInfluxStore } from '#runtime/vitals-store-influx.ts';
import { patientVitals } from '../../dashboards/grafana/patient-vitals.ts';
import { hasInflux, testInflux } from '../support/servers.ts';

const patient = PatientId.parse('4ea47b00-0003-4000-8000-000000000001');
const now = Date.now();

/** One reading of every panel with every vital sign it can have. */
const readings = panelNames.map((panel, index): StoredReading => {
  const reading = {
    device: 'device-1',
    panel,
    values: vitalsOf(panel).map((vital) => ({ vital, value: middle(vitals[vital]), unit: vitals[vital].ucum })),
    takenAt: instant(now - (index + 1) * 60_000),
    heardAt: instant(now - index * 60_000),
    clock: 'device',
    marks: ['irregular-pulse'],
  };
  const parsed = StoredReading.omit({ id: true }).parse({
    ...reading,
    source: SourceId.parse('home-01'),
    patient,
    storedAt: instant(now),
    flags: [],
  });
  return { ...parsed, id: readingId(parsed) };
});

function middle({ soft }: Vital): number {
  return Math.round((soft[0] + soft[1]) / 2);
}

type Target = { query: string; resultFormat: string };
const targets = patientVitals().panels!.flatMap((panel) =>
  'targets' in panel
    ? (panel.targets as unknown as Target[]).map((target) => ({ title: panel.title!, ...target }))
    : [],
);

it('the provisioned dashboard is the one the code builds', () => {
  const file = new URL('../../dashboards/grafana/dashboards/patient-vitals.json', import.meta.url);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(patientVitals())));
});

it('every panel of the catalogue has its queries', () => {
  for (const panel of panelNames) expect(targets.filter((t) => t.query.includes(`FROM "${panel}"`))).toHaveLength(3);
});

// the dashboard is for InfluxDB: a machine without one has nothing to ask
if (hasInflux())
  describe('on a live InfluxDB', () => {
    let influx: Awaited<ReturnType<typeof testInflux>>;
    beforeAll(async () => {
      influx = await testInflux();
      const store = await createInfluxStore({ clock: systemClock, log: silentLog, random: systemRandom }, influx);
      expect(await store.write(readings)).toEqual([]);
      await store.close();
    });
    afterAll(() => influx.stop());

    it.each(targets)('$title: every column of "$query" has a value', async ({ query }) => {
      // what Grafana's backend makes of its variables
      const text = query
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's placeholder
        .replaceAll('${patient}', patient)
        .replaceAll('$timeFilter', `time >= ${now - 86_400_000}ms and time <= ${now}ms`)
        .replaceAll('$__interval', '30m');
      expect(text).not.toMatch(/\$/);
      const response = await fetch(
        `${influx.url}/query?${new URLSearchParams({ db: influx.database, epoch: 'ms', q: text })}`,
        {
          headers: { authorization: `Basic ${Buffer.from(`${influx.user}:${influx.password}`).toString('base64')}` },
        },
      );
      const { results } = (await response.json()) as {
        results: { series?: { columns: string[]; values: unknown[][] }[]; error?: string }[];
      };
      expect(results[0]!.error).toBeUndefined();
      const { columns, values } = results[0]!.series![0]!;
      for (const [index, column] of columns.entries())
        expect({ column, filled: values.some((row) => row[index] !== null) }).toEqual({ column, filled: true });
    });
  });
