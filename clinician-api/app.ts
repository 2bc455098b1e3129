import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import Fastify from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { whoHolds } from '#runtime/records/sessions.ts';
import { accessOf, isByPerson, isLoopback, isSameOrigin, mayUse, needsSession } from './access.ts';
import { serveConsole } from './console-files.ts';
import type { Live } from './live.ts';
import { describeApi } from './openapi.ts';
import { answerFault, notFound, Refusal } from './problems.ts';
import { acknowledgeLinkRoutes } from './routes/acknowledge-link.ts';
import { alertRoutes } from './routes/alerts.ts';
import { assignmentRoutes } from './routes/assignments.ts';
import { auditRoutes } from './routes/audit.ts';
import { backtestRoutes } from './routes/backtests.ts';
import { carePlanRoutes } from './routes/care-plans.ts';
import { changeRoutes } from './routes/changes.ts';
import { contactRoutes } from './routes/contact.ts';
import { enrolmentRoutes } from './routes/enrolments.ts';
import { erasureRoutes } from './routes/erasures.ts';
import { mailboxRoutes } from './routes/mailbox.ts';
import { operationRoutes } from './routes/operation.ts';
import { patientRoutes } from './routes/patients.ts';
import { platformRoutes } from './routes/platform.ts';
import { policyRoutes } from './routes/policies.ts';
import { quarantineRoutes } from './routes/quarantine.ts';
import { readingRoutes } from './routes/readings.ts';
import { renewalRoutes } from './routes/renewals.ts';
import { responseTimeRoutes } from './routes/response-times.ts';
import { rotaRoutes } from './routes/rota.ts';
import { sessionRoutes } from './routes/session.ts';
import { sourceRoutes } from './routes/sources.ts';
import { taskRoutes } from './routes/tasks.ts';
import { teamParameterRoutes } from './routes/team-parameters.ts';
import { worklistRoutes } from './routes/worklist.ts';
import { createSignInLimits } from './sign-in-limits.ts';
import { type ApiConfig, type ApiDeps, cookieName, type Web } from './web.ts';

/** No body we take is near it. */
const bodyBytesAtMost = 64 * 1024;
/** A caller that has not sent its whole request by then holds a socket for nothing. */
const requestWithinMs = 30_000;
/** Sockets at once, live streams included; more are hung up on. */
const connectionsAtMost = 5_000;

/** The web application, not yet listening. `routes`: what was registered, as the access table writes it. */
export async function createApp(deps: ApiDeps, config: ApiConfig, live: Live): Promise<{ app: Web; routes: string[] }> {
  const app: Web = Fastify({
    bodyLimit: bodyBytesAtMost,
    requestTimeout: requestWithinMs,
    // in a hospital a proxy on this machine ends TLS and names the caller
    trustProxy: 'loopback',
    genReqId: () => deps.random.uuid(),
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    // the longest: a link that acknowledges ten alerts
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: (fault, request, reply) => answerFault(deps.log, fault, request, reply),
  }).withTypeProvider<ZodTypeProvider>();
  app.server.maxConnections = connectionsAtMost;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((fault, request, reply) => answerFault(deps.log, fault, request, reply));
  app.removeContentTypeParser('text/plain');

  const routes = refuseUnlisted(app);
  await app.register(cookie);
  await app.register(helmet, protection(config.publicUrl.startsWith('https:')));
  guard(app, deps, config);
  measure(app, deps);
  await describeApi(app);

  await sessionRoutes(app, deps, config, live, createSignInLimits(deps.clock));
  worklistRoutes(app, deps);
  patientRoutes(app, deps);
  carePlanRoutes(app, deps);
  teamParameterRoutes(app, deps);
  rotaRoutes(app, deps);
  policyRoutes(app, deps);
  backtestRoutes(app, deps);
  readingRoutes(app, deps);
  alertRoutes(app, deps);
  responseTimeRoutes(app, deps);
  taskRoutes(app, deps);
  contactRoutes(app, deps);
  await acknowledgeLinkRoutes(app, deps, config);
  changeRoutes(app, live);
  mailboxRoutes(app, config);
  sourceRoutes(app, deps, config);
  assignmentRoutes(app, deps);
  quarantineRoutes(app, deps);
  auditRoutes(app, deps);
  erasureRoutes(app, deps);
  platformRoutes(app, deps);
  enrolmentRoutes(app, deps, config);
  renewalRoutes(app, deps, config);
  operationRoutes(app, deps);
  await serveConsole(app, config.consoleDir);
  return { app, routes };
}

/** A route that the access table does not know is a mistake that must not start. */
function refuseUnlisted(app: Web): string[] {
  const routes: string[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) {
      if (!accessOf(`${each} ${url}`)) throw new Error(`${each} ${url} stands in no access table`);
      routes.push(`${each} ${url}`);
    }
  });
  return routes;
}

/** A stream of live changes lasts for hours and would say nothing about the rest. */
function measure(app: Web, { metrics }: ApiDeps): void {
  app.addHook('onResponse', async (request, reply) => {
    const { url } = request.routeOptions;
    if (url === '/api/v1/changes') return;
    const route = url === undefined ? 'none' : `${request.method} ${url}`;
    metrics.httpSeconds.observe({ route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });
}

/** Before any handler: is it our own page, who is it, may they? */
function guard(app: Web, { records, clock }: ApiDeps, { publicUrl }: ApiConfig): void {
  app.decorateRequest('signedIn', null);
  app.addHook('onRequest', async (request, reply) => {
    const { url } = request.routeOptions;
    if (!url?.startsWith('/*')) reply.header('cache-control', 'no-store');
    // no such route: the handler for that tells nobody more than that
    if (url === undefined) return;
    const changes = request.method !== 'GET' && request.method !== 'HEAD';
    if (changes && !isSameOrigin(request.headers, publicUrl))
      throw new Refusal({
        status: 403,
        code: 'cross-origin',
        detail: 'Changes are taken from the console itself only; PUBLIC_URL names its address.',
      });
    const access = accessOf(`${request.method} ${url}`);
    const token = request.cookies[cookieName];
    if (needsSession(access) && token)
      request.signedIn =
        (await whoHolds(records, token, clock.now(), isByPerson(request.headers, url, changes))) ?? null;
    const answer = mayUse(access, {
      role: request.signedIn?.clinician.role,
      loopback: isLoopback(request.ip, request.hostname, request.headers),
    });
    if (answer === 'sign-in-first') throw new Refusal({ status: 401, code: 'not-signed-in' });
    if (answer === 'no') throw access === 'loopback' ? notFound() : new Refusal({ status: 403, code: 'not-permitted' });
  });
}

/**
 * Headers that bind a browser. `style-src 'unsafe-inline'`: the console's components set sizes and colours as style attributes
 * and one style element; styles run nothing. Scripts come from our own files only.
 */
function protection(https: boolean) {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'"],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
        ...(https ? { upgradeInsecureRequests: [] } : {}),
      },
    },
    frameguard: { action: 'deny' as const },
    hsts: https ? { maxAge: 31_536_000 } : false,
  };
}
