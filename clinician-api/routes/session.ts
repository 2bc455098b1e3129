import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { SessionView } from '#domain/views.ts';
import { findClinicianByEmail, teamsOf } from '#runtime/records/clinicians.ts';
import { hashPassword, verifyPassword } from '#runtime/records/passwords.ts';
import { absoluteMs, closeSession, idleMs, openSession, type SignedIn } from '#runtime/records/sessions.ts';
import { SignIn } from '../bodies.ts';
import type { Live } from '../live.ts';
import { Refusal } from '../problems.ts';
import type { SignInLimits } from '../sign-in-limits.ts';
import { type ApiConfig, type ApiDeps, cookieName, type Web, whoAsks } from '../web.ts';

/** Signing in and out. */
export async function sessionRoutes(
  app: Web,
  { records, store, clock }: ApiDeps,
  config: ApiConfig,
  live: Live,
  limits: SignInLimits,
): Promise<void> {
  /** Nobody's password: an unknown address takes as long as a known one. */
  const decoy = await hashPassword(randomBytes(32).toString('base64url'));
  const cookie = {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: config.publicUrl.startsWith('https:'),
  } as const;
  const view = (signedIn: Pick<SignedIn, 'clinician' | 'teams' | 'expiresAt'>): SessionView => ({
    clinician: signedIn.clinician,
    teams: signedIn.teams,
    expiresAt: signedIn.expiresAt,
    neighbourhood: config.mailboxDir !== undefined,
    vitalsStore: store.kind,
  });

  app.post(
    '/api/v1/session',
    { schema: { summary: 'Sign in', tags: ['session'], body: SignIn, response: { 200: SessionView } } },
    async (request, reply) => {
      const { email, password } = request.body;
      const attempt = limits.attempt(request.ip, email);
      if ('refusedForSeconds' in attempt)
        throw new Refusal(
          { status: 429, code: 'too-many-attempts', detail: 'Too many failed sign-ins; wait a little.' },
          attempt.refusedForSeconds,
        );
      let fits = false;
      let known: Awaited<ReturnType<typeof findClinicianByEmail>>;
      try {
        known = z.email().safeParse(email.trim()).success ? await findClinicianByEmail(records, email) : undefined;
        fits = await verifyPassword(password, known?.passwordHash ?? decoy);
      } catch (fault) {
        // an outage of ours is no wrong password
        attempt.forgive();
        throw fault;
      }
      if (!known || !fits)
        throw new Refusal({
          status: 401,
          code: 'wrong-credentials',
          detail: 'E-mail address and password do not fit together.',
        });
      attempt.forgive();
      const before = request.cookies[cookieName];
      if (before) live.end(await closeSession(records, before));
      const now = clock.now();
      const token = await openSession(records, known.clinician, now);
      reply.setCookie(cookieName, token, { ...cookie, maxAge: absoluteMs / 1000 });
      return view({
        clinician: known.clinician,
        teams: await teamsOf(records, known.clinician.id),
        expiresAt: new Date(now + Math.min(idleMs, absoluteMs)).toISOString(),
      });
    },
  );

  app.get(
    '/api/v1/session',
    { schema: { summary: 'Who is signed in', tags: ['session'], response: { 200: SessionView } } },
    async (request) => view(whoAsks(request)),
  );

  app.delete(
    '/api/v1/session',
    { schema: { summary: 'Sign out', tags: ['session'], response: { 204: z.null() } } },
    async (request, reply) => {
      live.end(await closeSession(records, request.cookies[cookieName] ?? ''));
      reply.clearCookie(cookieName, cookie);
      return reply.code(204).send(null);
    },
  );
}
