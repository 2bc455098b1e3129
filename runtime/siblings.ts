import { chmod, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { join } from 'node:path';
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import { z } from 'zod';
import { SetupFault } from '#domain/errors.ts';
import { platformTroubleNames } from '#domain/platform.ts';
import type { Clock } from './clock.ts';
import type { Metrics } from './metrics.ts';
import { allRoles, processName, type Role } from './roles.ts';
import type { Health, Service } from './service.ts';

/**
 * The processes of one platform on one machine, seen by each other: each tells its health and its metrics on a unix socket in DATA_DIR,
 * for the owner of that folder alone; the one with the API asks the others.
 */

const askEveryMs = 2_000;
const answerMs = 1_500;
/** The kernel's limit on the path of a unix socket, less the nul. */
const mostPathBytes = 107;

const socketOf = (folder: string, role: Role): string => join(folder, `${role}.sock`);

const Report = z.object({
  process: z.string(),
  health: z.record(
    z.string(),
    z.object({
      state: z.enum(['ok', 'degraded', 'down']),
      detail: z.string().optional(),
      trouble: z.enum(platformTroubleNames).optional(),
    }),
  ),
  metrics: z.array(z.custom<MetricObjectWithValues<MetricValue<string>>>()),
});
type Report = z.infer<typeof Report>;

/** A path for a socket of this name. @throws SetupFault where the kernel takes no path so long */
export function socketPath(folder: string, name: string): string {
  const path = join(folder, name);
  if (Buffer.byteLength(path) > mostPathBytes)
    throw new SetupFault(`${folder} is too long a path for several processes: set DATA_DIR to a shorter one.`);
  return path;
}

/** Answers for this process. @throws SetupFault from `start` */
export function createSelfReport(
  deps: { health: () => Record<string, Health>; metrics: Metrics },
  config: { folder: string; here: ReadonlySet<Role> },
): Service {
  const servers: Server[] = [];
  const report = async (): Promise<Report> => ({
    process: processName(config.here),
    health: deps.health(),
    metrics: (await deps.metrics.registry.getMetricsAsJSON()) as Report['metrics'],
  });
  return {
    name: 'self-report',
    async start() {
      for (const role of config.here) {
        const path = socketPath(config.folder, `${role}.sock`);
        // whoever made it is dead: a role has one process at a time
        await rm(path, { force: true });
        const server = createServer((_, response) => {
          report().then(
            (said) => response.setHeader('content-type', 'application/json').end(JSON.stringify(said)),
            () => response.writeHead(500).end(),
          );
        });
        await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
        await chmod(path, 0o600);
        servers.push(server);
      }
    },
    async stop() {
      for (const server of servers.splice(0)) {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
      }
    },
    health: () => ({ state: 'ok' }),
  };
}

/** Looks at the processes that have the other roles. */
export function createSiblings(
  { clock, metrics }: { clock: Clock; metrics: Metrics },
  config: { folder: string; here: ReadonlySet<Role> },
): Service & { healths(): Record<string, Health>; metricsText(): Promise<string> } {
  const others = allRoles.filter((role) => !config.here.has(role));
  const known = new Map<Role, Report | undefined>();
  let stopAsking = () => {};

  const askAll = () =>
    Promise.all(
      others.map(async (role) => known.set(role, await ask(socketOf(config.folder, role)).catch(() => undefined))),
    );

  return {
    name: 'siblings',
    async start() {
      await askAll();
      stopAsking = clock.every(askEveryMs, () => void askAll());
    },
    stop: async () => stopAsking(),
    health: () => ({ state: 'ok' }),
    /** Of every component elsewhere; of a process that does not answer only that it does not. */
    healths: () =>
      Object.assign({}, ...others.map((role) => known.get(role)?.health ?? { [role]: silent(role) })) as Record<
        string,
        Health
      >,
    /** Of all processes that answer, this one included, told apart by the label `process`. */
    async metricsText() {
      await askAll();
      const byProcess = new Map<string, Report['metrics']>();
      for (const report of known.values()) if (report) byProcess.set(report.process, report.metrics);
      byProcess.set(processName(config.here), (await metrics.registry.getMetricsAsJSON()) as Report['metrics']);
      return AggregatorRegistry.aggregate([...byProcess].map(([process, all]) => labelled(all, process))).metrics();
    },
  };
}

const silent = (role: Role): Health => ({
  state: 'down',
  trouble: 'process-silent',
  detail: `the process ${role} does not answer`,
});

function labelled(all: Report['metrics'], process: string): Report['metrics'] {
  return all.map((metric) => ({
    ...metric,
    values: metric.values.map((value) => ({ ...value, labels: { ...value.labels, process } })),
  }));
}

function ask(socketPath: string): Promise<Report> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path: '/', timeout: answerMs }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve(Report.parse(JSON.parse(Buffer.concat(pieces).toString())));
        } catch (fault) {
          reject(fault);
        }
      });
    });
    asking.on('timeout', () => asking.destroy(new Error('no answer')));
    asking.on('error', reject);
    asking.end();
  });
}
