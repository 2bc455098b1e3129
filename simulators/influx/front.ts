import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { manners2 } from './manners-2.ts';
import { manners3 } from './manners-3.ts';

/**
 * A front before a real InfluxDB 1.x that has the documented HTTP manners of 2.x or 3.x: who is let in, endpoints, statuses, bodies of errors.
 * It is neither of them. Storage, line protocol and InfluxQL are those of the 1.x behind it, so what is tried through it is that we speak to 2.x
 * and 3.x as their documents say, and never that they work.
 */
export type InfluxFront = {
  url: string;
  token: string;
  organisation: string;
  /** What was asked of it: `POST /write`, … */
  asked: string[];
  /** Bodies of the requests by which databases were made. */
  made: unknown[];
  stop(): Promise<void>;
};

export type Behind = { url: string; user: string; password: string };

export type Request = {
  method: string;
  path: string;
  query: URLSearchParams;
  scheme: string;
  secret: string;
  body: string;
};
export type Said = { status: number; headers?: Record<string, string>; body?: string | object };
/** What is said to a request of somebody who was let in. */
export type Manners = {
  /** Whether whoever says this may come in, to this path. */
  letsIn(request: Request): boolean;
  stranger: Said;
  answer(request: Request): Promise<Said>;
};
export type Backstage = {
  /** Passes a request on to the 1.x. @throws where it is away */
  pass(path: string, query: Record<string, string>, body: string): Promise<{ status: number; text: string }>;
  token: string;
  organisation: string;
  /** Databases that were made through the front, or are there from before. */
  databases: Set<string>;
  made: unknown[];
};

export async function openInfluxFront(
  major: 2 | 3,
  behind: Behind,
  options: { databases?: string[]; port?: number } = {},
): Promise<InfluxFront> {
  const authorization = `Basic ${Buffer.from(`${behind.user}:${behind.password}`).toString('base64')}`;
  const backstage: Backstage = {
    token: 'a-token-of-the-front',
    organisation: 'hospital',
    databases: new Set(options.databases),
    made: [],
    async pass(path, query, body) {
      const answer = await fetch(`${behind.url}${path}?${new URLSearchParams(query)}`, {
        method: 'POST',
        headers: {
          authorization,
          'content-type': path === '/query' ? 'application/x-www-form-urlencoded' : 'text/plain',
        },
        body,
      });
      return { status: answer.status, text: await answer.text() };
    },
  };
  const manners: Manners = major === 2 ? manners2(backstage) : manners3(backstage);
  const asked: string[] = [];

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://front');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [scheme = '', secret = ''] = (request.headers.authorization ?? '').split(' ');
    const whole: Request = {
      ...{ method: request.method ?? '', path: pathname, query: searchParams, scheme, secret },
      body: Buffer.concat(chunks).toString('utf8'),
    };
    asked.push(`${whole.method} ${pathname}`);
    const said = manners.letsIn(whole) ? await manners.answer(whole) : manners.stranger;
    const isText = typeof said.body === 'string';
    response.writeHead(said.status, {
      ...(said.body === undefined ? {} : { 'content-type': isText ? 'text/plain' : 'application/json' }),
      ...said.headers,
    });
    response.end(isText ? said.body : said.body && JSON.stringify(said.body));
  }

  // whoever is away behind it is away for everybody: a front of its own would answer, a dead server does not
  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: backstage.token,
    organisation: backstage.organisation,
    asked,
    made: backstage.made,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The token, however it is said on the paths that 1.x has as well: there it may be the password of anybody. */
export const saysToken = ({ scheme, secret }: Request, token: string, schemes: string[]): boolean =>
  scheme === 'Basic' && schemes.includes('Basic')
    ? Buffer.from(secret, 'base64').toString('utf8').split(':')[1] === token
    : schemes.includes(scheme) && secret === token;

/** Reading statements: neither 2.x nor 3.x makes or drops anything by InfluxQL. */
export const isReading = (statement: string): boolean =>
  /^\s*(SELECT|SHOW)\b/i.test(statement) && !statement.includes(';');

/** `CREATE DATABASE` in the 1.x behind. */
export const makeBehind = ({ pass, databases }: Backstage, name: string): Promise<unknown> => {
  databases.add(name);
  return pass('/query', {}, new URLSearchParams({ q: `CREATE DATABASE "${name}"` }).toString());
};

export const errorIn = (text: string): string => (JSON.parse(text) as { error?: string }).error ?? '';
