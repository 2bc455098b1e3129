import type { RequestListener } from 'node:http';
import { z } from 'zod';
import { bodyOf, type Taken } from './web.ts';

/**
 * As an ntfy server takes messages as JSON (docs.ntfy.sh/publish, "Publish as JSON"; errors as in its server/errors.go): at the root,
 * topics of a certain form, priorities from 1 to 5, at most three actions, messages of 4,096 bytes, a token where it has one.
 */
export function ntfyServer(token?: string): { listener: RequestListener; taken: (Taken & { priority: number })[] } {
  const taken: (Taken & { priority: number })[] = [];
  const listener: RequestListener = async (request, response) => {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const refuse = (http: number, code: number, error: string) => answer(http, { code, http, error });
    if (request.method !== 'POST' || request.url !== '/') return refuse(404, 40401, 'page not found');
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      return refuse(403, 40301, 'forbidden');
    const message = Message.safeParse(JSON.parse(String(await bodyOf(request))));
    if (!message.success) return refuse(400, 40024, 'invalid request: request body must be valid message JSON');
    const { topic, title, message: text, priority, actions } = message.data;
    taken.push({ to: topic, text: `${title}\n${text}`, link: actions[0]?.url ?? null, id: null, priority });
    answer(200, { id: `m${taken.length}`, time: 1_700_000_000, event: 'message', topic, message: text });
  };
  return { listener, taken };
}

const Message = z.object({
  topic: z.string().regex(/^[-_A-Za-z0-9]{1,64}$/),
  title: z.string(),
  message: z.string().refine((text) => Buffer.byteLength(text) <= 4_096),
  priority: z.int().min(1).max(5),
  tags: z.array(z.string()),
  click: z.url(),
  actions: z
    .array(z.object({ action: z.literal('view'), label: z.string().min(1), url: z.url(), clear: z.boolean() }))
    .max(3),
});
