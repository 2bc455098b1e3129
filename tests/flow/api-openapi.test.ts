import Ajv2020 from 'ajv/dist/2020.js';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TeamId } from '#domain/ids.ts';
import type { Problem } from '#domain/views.ts';
import { audit } from '#runtime/records/audit.ts';
import { recordStatus } from '#runtime/records/sources.ts';
import { accessTable } from '../../clinician-api/access.ts';
import { testApi } from '../support/api.ts';
import { makeAlert, makeRule, makeTask } from '../support/episodes.ts';
import { makeClinician, makeDevice, makePatient, makeSource, makeTeam } from '../support/people.ts';
import { makeBacktest } from '../support/plans.ts';
import { storedReading } from '../support/readings.ts';

let t: Awaited<ReturnType<typeof testApi>>;
let team: TeamId;

beforeAll(async () => {
  t = await testApi({ config: { mailboxDir: 'no-mail-yet' } });
  team = await makeTeam(t.records);
});
afterAll(() => t.stop());

describe('the description of the API', () => {
  type Operation = {
    summary?: string;
    tags?: string[];
    security?: object[];
    parameters?: { in: string; name: string }[];
    requestBody?: object;
    responses: Record<string, { content?: Record<string, { schema: object }> }>;
  };
  type Description = {
    openapi: string;
    tags: { name: string }[];
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, object> };
  };
  const described = async () => (await t.caller().get<Description>('/api/openapi.json')).body;
  const schemaValidator = (description: Description) => {
    const ajv = new Ajv2020.default({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'api', ...description });
    return ajv;
  };

  it('is OpenAPI 3.1 and has every route, each with summary, tag, access, answer and problem', async () => {
    const description = await described();
    expect(description.openapi).toBe('3.1.0');
    const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, operation })),
    );
    // files and the page behind a link are for browsers
    const routes = Object.keys(accessTable).filter((route) => !route.endsWith('*') && !route.includes(' /a/'));
    expect(operations.map(({ route }) => route).toSorted()).toEqual(
      routes.map((route) => route.replace(/:(\w+)/g, '{$1}')).toSorted(),
    );
    const tags = description.tags.map((tag) => tag.name);
    for (const { route, operation } of operations) {
      expect(operation.summary, route).toMatch(/^[A-Z].{5,}/);
      expect(tags, route).toContain(operation.tags?.[0]);
      expect(operation.security, route).toBeDefined();
      expect(
        Object.keys(operation.responses).some((status) => status.startsWith('2')),
        route,
      ).toBe(true);
      expect(operation.responses.default?.content, route).toHaveProperty(['application/problem+json']);
      for (const [, name] of route.matchAll(/\{(\w+)\}/g))
        expect(operation.parameters, route).toContainEqual(expect.objectContaining({ in: 'path', name }));
      if (/^(POST|PUT)/.test(route)) expect(operation.requestBody, route).toBeDefined();
    }
  });

  it('refers to nothing that is not there, holds nothing that nobody refers to, and every schema compiles', async () => {
    const description = await described();
    const names = Object.keys(description.components.schemas);
    const references = [...JSON.stringify(description).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    expect(new Set(references.map((reference) => reference[1]))).toEqual(new Set(names));
    for (const name of ['SessionView', 'Worklist', 'PatientView', 'ReadingsView', 'AlertDetail', 'TaskView', 'Problem'])
      expect(names).toContain(name);
    const ajv = schemaValidator(description);
    for (const name of names) expect(ajv.getSchema(`api#/components/schemas/${name}`), name).toBeTypeOf('function');
  });

  it('describes what is really answered: answers of every reading route pass its own schemas', async () => {
    const doctor = await t.as(await makeClinician(t.records, { teams: [team], role: 'doctor' }));
    const administrator = await t.as(await makeClinician(t.records, { teams: [team], role: 'administrator' }));
    const patient = await makePatient(t.records, { team });
    const { source } = await makeSource(t.records);
    const device = await makeDevice(t.records, { source, patient: patient.id });
    const heardAt = new Date().toISOString();
    const status = {
      v: 1,
      state: 'online',
      at: heardAt,
      devices: [{ device, heardAt, battery: 80, rssi: -61 }],
    } as const;
    await recordStatus(t.records, source, { ...status, devices: [...status.devices] }, Date.parse(heardAt));
    expect(
      (await doctor.post(`/api/v1/patients/${patient.id}/commands`, { command: 'measure-again', device })).status,
    ).toBe(200);
    await makeRule(t.records, 'severe-hypertension');
    await t.store.write([storedReading(patient.id, { takenAt: new Date().toISOString() })]);
    const alert = await makeAlert(t.records, patient);
    const task = await makeTask(t.records, patient, { alert: alert.id });
    await doctor.post(`/api/v1/alerts/${alert.id}/acknowledge`);

    const backtest = await makeBacktest(t.records, patient);

    const quarantined = '7'.repeat(64);
    await sql`insert into quarantine (key, source_id, received_at, reason, detail, payload)
      values (${quarantined}, ${source}, now(), 'malformed', 'not JSON', 'hello')`.execute(t.records);
    await audit(t.records, { by: 'nobody', action: 'source-enrolled', outcome: 'code-unknown', address: '192.0.2.1' });

    const description = await described();
    const ajv = schemaValidator(description);
    const queries: Record<string, string> = {
      '/api/v1/patients/{id}/readings': '?panel=blood-pressure',
      '/api/v1/patients': '?search=a',
    };
    const subjects = [
      ['/alerts/', alert.id],
      ['/tasks/', task.id],
      ['/backtests/', backtest],
      ['/teams/', team],
    ] as const;
    const checked: string[] = [];
    for (const [path, methods] of Object.entries(description.paths)) {
      const schema = methods.get?.responses['200']?.content?.['application/json']?.schema;
      if (!schema) continue;
      const id = subjects.find(([part]) => path.includes(part))?.[1] ?? patient.id;
      const open = accessTable[`GET ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`];
      const caller = Array.isArray(open) && !open.includes('doctor') ? administrator : doctor;
      const query = queries[path] ?? '';
      const answer = await caller.get<unknown>(
        `${path.replace('{id}', id).replace('{source}', source).replace('{key}', quarantined)}${query}`,
      );
      const pointer = `api#/paths/${path.replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')}/get/responses/200/content/application~1json/schema`;
      const fits = ajv.getSchema(pointer);
      expect(answer.status, path).toBe(200);
      expect(fits?.(answer.body), `${path}: ${ajv.errorsText(fits?.errors)}`).toBe(true);
      checked.push(path);
    }
    expect(checked.length).toBeGreaterThanOrEqual(10);
    const problem = await doctor.post<Problem>(`/api/v1/alerts/${alert.id}/acknowledge`);
    expect(ajv.getSchema('api#/components/schemas/Problem')?.(problem.body)).toBe(true);
  });
});
