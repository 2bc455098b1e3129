import swagger from '@fastify/swagger';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import * as administration from '#domain/administration.ts';
import * as alert from '#domain/alert.ts';
import * as backtest from '#domain/backtest.ts';
import { CarePlan } from '#domain/care-plan.ts';
import * as contact from '#domain/contact.ts';
import { DeviceStatus, StatusMessage } from '#domain/downward.ts';
import { EnrolmentAnswer, EnrolmentRequest, RenewalRequest, SourceCredential } from '#domain/enrolment.ts';
import * as escalation from '#domain/escalation.ts';
import * as homes from '#domain/homes.ts';
import * as people from '#domain/people.ts';
import { ComponentView, PlatformAlert } from '#domain/platform.ts';
import { StoredReading, Value } from '#domain/reading.ts';
import { ResponseTimes } from '#domain/response-times.ts';
import * as rota from '#domain/rota.ts';
import * as rotaViews from '#domain/rota-views.ts';
import { RuleEntry, RuleParameter } from '#domain/rule-book.ts';
import { Task } from '#domain/task.ts';
import * as taskViews from '#domain/task-views.ts';
import * as views from '#domain/views.ts';
import * as planViews from '#domain/views-plans.ts';
import { Words } from '#domain/words.ts';
import { Change } from '#runtime/records/changes.ts';
import { accessOf, needsSession } from './access.ts';
import { answers } from './answers.ts';
import { bodies } from './bodies.ts';
import * as planBodies from './plan-bodies.ts';
import * as rotaBodies from './rota-bodies.ts';
import { cookieName, type Web } from './web.ts';

/** The description of the API at /api/openapi.json: OpenAPI 3.1, made from the very schemas that check and answer. */

const names = z.registry<{ id: string }>();
const named: Record<string, z.ZodType> = {
  ...views,
  ...schemasOf(homes),
  ...schemasOf(administration),
  ...schemasOf(contact),
  ...schemasOf(backtest),
  ...schemasOf(planViews),
  ...schemasOf(planBodies),
  ...schemasOf(taskViews),
  ...schemasOf(escalation),
  ...schemasOf(rota),
  ...schemasOf(rotaViews),
  ...schemasOf(rotaBodies),
  ComponentView,
  PlatformAlert,
  ...answers,
  ...bodies,
  Alert: alert.Alert,
  Evidence: alert.Evidence,
  Severity: alert.Severity,
  AlertState: alert.AlertState,
  Outcome: alert.Outcome,
  Clinician: people.Clinician,
  CareTeam: people.CareTeam,
  Patient: people.Patient,
  Role: people.Role,
  CarePlan,
  Change,
  DeviceStatus,
  EnrolmentAnswer,
  EnrolmentRequest,
  RenewalRequest,
  SourceCredential,
  StatusMessage,
  ResponseTimes,
  RuleEntry,
  RuleParameter,
  StoredReading,
  Task,
  Value,
  Words,
};
/** Such a file holds lists of words beside its schemas. */
function schemasOf(words: Readonly<Record<string, unknown>>): Record<string, z.ZodType> {
  return Object.fromEntries(
    Object.entries(words).flatMap(([name, one]) => (one instanceof z.ZodType ? [[name, one]] : [])),
  );
}
for (const [id, schema] of Object.entries(named)) names.add(schema, { id });

const transformObject = createJsonSchemaTransformObject({ schemaRegistry: names });

/** Must be registered before the first route. */
export async function describeApi(app: Web): Promise<void> {
  app.addHook('onRoute', (route) => {
    const { schema, url, method } = route;
    if (!schema || schema.hide) return;
    const problem = {
      description: 'What went wrong',
      content: { 'application/problem+json': { schema: views.Problem } },
    };
    schema.response = { ...(schema.response as object), default: problem };
    schema.security = needsSession(accessOf(`${String(method)} ${url}`)) ? [{ session: [] }] : [];
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Hearthbeat',
        version: '1',
        description:
          'What care teams see and do. Sign in with POST /api/v1/session; the session travels in a cookie and ends after 30 minutes without use; a GET with the header `X-Hearthbeat-Background: 1` is no use. Times are RFC 3339 in UTC, values are in the UCUM unit beside them, errors are application/problem+json (RFC 9457) with a `code` to program against.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: cookieName } } },
      tags: [
        { name: 'session', description: 'Signing in and out' },
        { name: 'patients', description: 'The worklist, patients, their readings and care plans' },
        { name: 'teams', description: 'What a care team sets for all of its patients' },
        {
          name: 'backtests',
          description: 'Stored history judged once more, as it is today and with a change that is proposed',
        },
        { name: 'alerts', description: 'Episodes that somebody must look at' },
        { name: 'on-call', description: 'Who is on call, and whom alerts call' },
        { name: 'tasks', description: 'Things to do by a time' },
        { name: 'contact', description: 'How clinicians are reached' },
        { name: 'sources', description: 'Gateways and devices in the homes, and how they stand' },
        { name: 'quarantine', description: 'What could not be admitted' },
        { name: 'audit', description: 'Who did what to identities, homes and patients' },
        { name: 'erasure', description: 'Patients who are to be forgotten' },
        { name: 'enrolment', description: 'How a box becomes a source' },
        { name: 'live', description: 'What changes, as it changes' },
        { name: 'neighbourhood', description: 'Only where simulated homes are attached' },
        { name: 'operation', description: 'How the platform is' },
      ],
    },
    transform: createJsonSchemaTransform({ schemaRegistry: names }),
    transformObject: (document) => withoutUnused(transformObject(document) as OpenApi),
  });
}

type OpenApi = Extract<ReturnType<typeof transformObject>, { components?: unknown }>;

/** Every schema is made for questions and for answers; only those that something refers to are worth a reader's time. */
function withoutUnused(document: OpenApi): OpenApi {
  const schemas: Record<string, object> = document.components?.schemas ?? {};
  const used = new Set<string>();
  const follow = (part: unknown): void => {
    for (const [, name] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (!name || used.has(name)) continue;
      used.add(name);
      follow(schemas[name] ?? {});
    }
  };
  follow(document.paths ?? {});
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  return { ...document, components: { ...document.components, schemas: kept } } as OpenApi;
}
