import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { Outage } from '#domain/errors.ts';
import type { PersonRef, Problem } from '#domain/views.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import { recordsAway } from '#runtime/records/away.ts';

/**
 * Every error leaves as problem+json (RFC 9457) with a code to program against. The texts are ours: nothing of an exception,
 * a statement or a value finds its way into an answer.
 */

/** An answer other than the wished one, thrown by a handler and by nobody else. */
export class Refusal extends Error {
  readonly problem: Omit<Problem, 'type' | 'title' | 'instance'>;
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: Omit<Problem, 'type' | 'title' | 'instance'>, retryAfterSeconds?: number) {
    super(problem.code);
    this.name = 'Refusal';
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The same for what is absent, what belongs to another team and what is no id at all: nobody learns which. */
export const notFound = (): Refusal => new Refusal({ status: 404, code: 'not-found' });

/** Somebody has changed it since the caller read it. */
export const changedMeanwhile = (by: PersonRef | undefined, at: string | null): Refusal =>
  new Refusal({
    ...{ status: 409, code: 'changed-meanwhile', detail: 'Somebody has changed it since you read it.' },
    by,
    at: at ?? undefined,
  });

export const invalid = (errors: { pointer: string; detail: string }[]): Refusal =>
  new Refusal({ status: 422, code: 'invalid', errors });

/** Sends what a fault means to the caller, and logs it when the fault is ours. */
export function answerFault(log: Log, fault: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = refusalOf(fault);
  if (refusal.problem.status >= 500)
    log.error('A request failed', {
      request: request.id,
      route: `${request.method} ${request.routeOptions.url ?? '?'}`,
      status: refusal.problem.status,
      answer: refusal.problem.code,
      ...faultDetails(fault),
    });
  return sendProblem(request, reply, refusal);
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { problem, retryAfterSeconds } = refusal;
  const whole: Problem = {
    type: 'about:blank',
    title: titles[problem.status] ?? 'The request could not be answered',
    ...problem,
    instance: `urn:uuid:${request.id}`,
  };
  // what is absent now may be there after the next update
  reply.header('cache-control', 'no-store');
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  return reply.code(problem.status).type('application/problem+json; charset=utf-8').send(JSON.stringify(whole));
}

const titles: Record<number, string> = {
  400: 'The request could not be read',
  401: 'Not signed in',
  403: 'Not permitted',
  404: 'Not found',
  409: 'Somebody was faster',
  413: 'The request is too large',
  415: 'The body must be JSON',
  422: 'The request is not valid',
  429: 'Too many requests',
  500: 'Something went wrong here',
  503: 'A part of the platform is away',
};

const codes: Record<number, string> = {
  400: 'malformed',
  404: 'not-found',
  408: 'too-slow',
  413: 'too-large',
  414: 'too-large',
  415: 'not-json',
  431: 'too-large',
};

const retryAfterOutageSeconds = 5;

function refusalOf(fault: unknown): Refusal {
  if (fault instanceof Refusal) return fault;
  if (hasZodFastifySchemaValidationErrors(fault)) {
    // an id that is no id names nothing, like one that is absent
    if ((fault as FastifyError).validationContext === 'params') return notFound();
    return invalid(pointersOf(fault.validation));
  }
  if (fault instanceof Outage)
    return new Refusal({ status: 503, code: fault.code, detail: outages[fault.code] }, retryAfterOutageSeconds);
  if (recordsAway(fault))
    return new Refusal({ status: 503, code: 'records-away', detail: outages['records-away'] }, retryAfterOutageSeconds);
  const status = (fault as FastifyError | undefined)?.statusCode ?? 500;
  if (status >= 400 && status < 500) return new Refusal({ status, code: codes[status] ?? 'malformed' });
  return new Refusal({ status: 500, code: 'fault' });
}

const outages: Record<string, string> = {
  'records-away': 'The database cannot be reached. Pages already sent are not affected; try again shortly.',
  'vitals-store-away': 'Readings cannot be shown at the moment. Alerts, tasks and latest values still work.',
  'enrolment-busy': 'Too many boxes are enrolling at once; try again in a few seconds.',
  'sign-in-busy': 'Too many people are signing in at once; try again in a few seconds.',
};

type Stop = { instancePath: string; message?: string; params?: Record<string, unknown> };

export const pointersOf = (stops: readonly Stop[]): { pointer: string; detail: string }[] => stops.flatMap(pointersAt);

/** `instancePath` is where zod stopped; a field too many stands in `params.keys` beneath it. */
function pointersAt(fault: Stop) {
  const place = fault.instancePath === '/' ? '' : fault.instancePath;
  const strange = fault.params?.keys;
  if (Array.isArray(strange))
    return strange.map((key) => ({ pointer: `${place}/${escapePointer(String(key))}`, detail: 'unknown field' }));
  return [{ pointer: place, detail: fault.message ?? 'not valid' }];
}

/** RFC 6901, section 3. A stranger's key is cut short. */
export const escapePointer = (key: string): string => key.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1');
