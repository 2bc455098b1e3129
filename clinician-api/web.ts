import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { TeamId } from '#domain/ids.ts';
import type { Authority } from '#runtime/authority/authority.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Links } from '#runtime/links.ts';
import type { Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { Random } from '#runtime/random.ts';
import type { Records } from '#runtime/records/connect.ts';
import type { SignedIn } from '#runtime/records/sessions.ts';
import type { Health } from '#runtime/service.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import type { HttpsConfig } from './https.ts';

/** What every route is made of. */

export type Web = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

export type ApiDeps = {
  records: Records;
  store: VitalsStore;
  /** Of every component of this process, by name. */
  health: () => Record<string, Health>;
  metrics: Metrics;
  /** Of all processes of the platform, in the format of Prometheus; without it those of this one. */
  metricsText?: () => Promise<string>;
  /** Signs the certificates of boxes. None: every box gets a token. */
  authority?: Pick<Authority, 'certificate' | 'fingerprint' | 'issueFor'> | undefined;
  /** Of the pages: what their links say. */
  links: Pick<Links, 'readAcknowledge'>;
  clock: Clock;
  random: Random;
  log: Log;
};

export type ApiConfig = {
  databaseUrl: string;
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Not set: plain HTTP only, for a proxy that ends TLS. */
  https?: HttpsConfig | undefined;
  /** What a box is told to know the platform by, as it is typed behind `--trust`; undefined where it needs none. */
  boxesPin?: (() => string | undefined) | undefined;
  /** Under which people reach the console. */
  publicUrl: string;
  /** Where sources are told to publish. */
  mqttUrl: string;
  /** The neighbourhood's mail catch-all; never set in a hospital. */
  mailboxDir?: string;
  /** The built console; may be absent. */
  consoleDir: string;
};

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before the handler of every route that asks for a role. */
    signedIn: SignedIn | null;
  }
}

/** Who is asking; only in handlers of routes that ask for a role. */
export function whoAsks(request: FastifyRequest): SignedIn & { teamIds: TeamId[] } {
  if (!request.signedIn) throw new Error(`${request.routeOptions.url} reads who asks, yet its access asks for nobody`);
  return { ...request.signedIn, teamIds: request.signedIn.teams.map((team) => team.id) };
}

export const cookieName = 'hearthbeat_session';
