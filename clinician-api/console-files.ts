import { existsSync } from 'node:fs';
import { join } from 'node:path';
import staticFiles from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFound, Refusal, sendProblem } from './problems.ts';
import type { Web } from './web.ts';

/**
 * The console's files. What the build named by its content may be kept for ever; index.html, which names those, is asked for
 * every time. An address of the console that is no file is a place inside it: the browser gets index.html and finds its way.
 */
export async function serveConsole(app: Web, consoleDir: string): Promise<void> {
  const built = existsSync(join(consoleDir, 'index.html'));
  if (built)
    await app.register(staticFiles, {
      root: consoleDir,
      schemaHide: true,
      preCompressed: true,
      cacheControl: false,
      dotfiles: 'ignore',
      setHeaders: (reply, path) => {
        const named = /[/\\]assets[/\\][^/\\]+$/.test(path);
        reply.header('cache-control', named ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    if (!isPlace(request)) return sendProblem(request, reply, notFound());
    if (built) return reply.sendFile('index.html');
    const detail = 'The console is not built: run `npm start`, or `npm run console` after a change.';
    return sendProblem(request, reply, new Refusal({ status: 404, code: 'console-not-built', detail }));
  });
}

/** Looked at in a browser, outside what answers machines, and not named like a file. */
function isPlace(request: FastifyRequest): boolean {
  const path = request.url.split('?')[0] ?? '/';
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  if (/^\/(a|api|health|metrics)(\/|$)/.test(path)) return false;
  return !(path.split('/').at(-1) ?? '').includes('.');
}
