import { z } from 'zod';
import { Problem } from '#domain/views.ts';
import type { Words } from '#domain/words.ts';
import { clock, hearServerDate } from '../time/clock.ts';
import { tellTouch, untoldTouch } from './presence.ts';

/** Asks the API and parses its answer: inside the console every shape can be trusted. */

// zod would try `new Function` first, which the content security policy forbids and the browser reports
z.config({ jitless: true });

/** A nurse on a bad line should learn of it, not wait. */
const deadlineMs = 15_000;

/** The API answered, with a problem. `code` is the word to decide by. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  /** Of a conflict: who was first, and when. */
  readonly first: { name: Words; at: string } | undefined;
  /** Where in the body what is wrong. */
  readonly errors: NonNullable<Problem['errors']>;

  constructor(
    status: number,
    code: string,
    { first, errors = [] }: { first?: Refused['first']; errors?: Refused['errors'] | undefined } = {},
  ) {
    super(`${status} ${code}`);
    this.name = 'Refused';
    this.status = status;
    this.code = code;
    this.first = first;
    this.errors = errors;
  }
}

/** No answer, or none that can be understood: the line or the server is away. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('no answer', { cause });
    this.name = 'Unreachable';
  }
}

type Options = { method?: 'GET' | 'POST' | 'PUT' | 'DELETE'; body?: object; signal?: AbortSignal };

/** @throws Refused | Unreachable; an abort by the caller's own signal comes through as it is. */
export async function request<T>(path: string, schema: z.ZodType<T>, options: Options = {}): Promise<T> {
  const response = await answerOf(path, options);
  try {
    return schema.parse(await response.json());
  } catch (fault) {
    options.signal?.throwIfAborted();
    throw new Unreachable(fault);
  }
}

/** The same where the answer has no body, or none that matters. */
export async function send(path: string, options: Options): Promise<void> {
  await answerOf(path, options);
}

async function answerOf(path: string, { method = 'GET', body, signal }: Options): Promise<Response> {
  const late = new AbortController();
  const touch = untoldTouch();
  const stopWaiting = clock.after(deadlineMs, () => late.abort());
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: {
        accept: 'application/json, application/problem+json',
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(touch === undefined ? { 'x-hearthbeat-background': '1' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
    });
  } catch (fault) {
    signal?.throwIfAborted();
    throw new Unreachable(fault);
  } finally {
    stopWaiting();
  }
  hearServerDate(response.headers.get('date'));
  if (response.ok) {
    tellTouch(touch);
    return response;
  }
  const problem = Problem.safeParse(await response.json().catch(() => undefined));
  if (response.status < 500 && problem.success) {
    const { code, by, at, errors } = problem.data;
    throw new Refused(response.status, code, { first: by && at ? { name: by.name, at } : undefined, errors });
  }
  throw response.status >= 500 ? new Unreachable(`status ${response.status}`) : new Refused(response.status, 'unknown');
}
