import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { until } from './until.ts';

/** A browser's ear for server-sent events: what came, and whether the server ended it. */
export type Ear = {
  status: number;
  headers: IncomingMessage['headers'];
  events: { event: string; data: unknown; at: number }[];
  comments: string[];
  ended(): boolean;
  /** The first event that fits, waited for. */
  hear(fits: (event: { event: string; data: unknown }) => boolean, withinMs?: number): Promise<{ at: number }>;
  /** Stops reading without hanging up, as a laptop with a closed lid does. */
  freeze(): void;
  thaw(): void;
  close(): void;
};

export async function listenTo(url: string, cookie: string | undefined): Promise<Ear> {
  const { request, response } = await new Promise<{ request: ClientRequest; response: IncomingMessage }>(
    (resolve, reject) => {
      const request = get(url, { headers: cookie ? { cookie } : {} }, (response) => resolve({ request, response }));
      request.on('error', reject);
    },
  );
  request.on('error', () => {});
  response.on('error', () => {});
  let rest = '';
  let over = false;
  const ear: Ear = {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events: [],
    comments: [],
    ended: () => over,
    hear: async (fits, withinMs = 5_000) => {
      await until(() => ear.events.some(fits), withinMs);
      return ear.events.find(fits) as { at: number };
    },
    freeze: () => {
      response.pause();
      response.socket.pause();
    },
    thaw: () => {
      response.socket.resume();
      response.resume();
    },
    close: () => request.destroy(),
  };
  response.on('close', () => {
    over = true;
  });
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    rest += text;
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n');
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field('data');
      if (block.startsWith(':')) ear.comments.push(block);
      if (data !== undefined)
        ear.events.push({ event: field('event') ?? 'message', data: JSON.parse(data), at: performance.now() });
    }
  });
  return ear;
}
