import { z } from 'zod';
import { Liveness, Readiness } from '../answers.ts';
import type { ApiDeps, Web } from '../web.ts';

/** How the platform is, for those who run it: no patient, no person, no secret. */

export function operationRoutes(app: Web, { health, metrics, metricsText }: ApiDeps): void {
  app.get(
    '/health/live',
    { schema: { summary: 'The process answers', tags: ['operation'], response: { 200: Liveness } } },
    async () => ({ state: 'ok' as const }),
  );

  app.get(
    '/health/ready',
    {
      schema: {
        summary: 'Every component with its state; 503 when one is down',
        tags: ['operation'],
        response: { 200: Readiness, 503: Readiness },
      },
    },
    async (_, reply) => {
      const components = health();
      const found = Object.values(components).map((component) => component.state);
      const state = (['down', 'degraded'] as const).find((word) => found.includes(word)) ?? 'ok';
      return reply.code(state === 'down' ? 503 : 200).send({ state, components });
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        summary: 'Metrics for Prometheus; callers on this machine only',
        tags: ['operation'],
        response: { 200: { description: 'Prometheus text', content: { 'text/plain': { schema: z.string() } } } },
      },
    },
    async (_, reply) => {
      // the text goes out as it is: a serializer would make one quoted line of it
      const text = await (metricsText ?? (() => metrics.registry.metrics()))();
      return reply.type(metrics.registry.contentType).serializer(String).send(text);
    },
  );

  app.get(
    '/api/openapi.json',
    {
      schema: {
        summary: 'This description',
        tags: ['operation'],
        response: { 200: z.record(z.string(), z.unknown()) },
      },
    },
    async () => app.swagger() as unknown as Record<string, unknown>,
  );
}
