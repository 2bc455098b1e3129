import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ContactPointId, ContactPointView, MyContact, PushSubscription } from '#domain/contact.ts';
import type { ClinicianId } from '#domain/ids.ts';
import { instant } from '#runtime/clock.ts';
import {
  addContactPoint,
  askToSend,
  type CodeFault,
  type ContactPoint,
  contactPointsOf,
  removeContactPoint,
  restoreContactPoint,
  setContactPoint,
  undoRemovalMs,
  verifyContactPoint,
} from '#runtime/records/contact-points.ts';
import { pageChannels, reachabilityIn } from '#runtime/records/reachability.ts';
import { ReachabilityList } from '../answers.ts';
import { createAttempts } from '../attempts.ts';
import { Nothing } from '../bodies.ts';
import { AddContactPoint, SetContactPoint, VerifyContactPoint } from '../contact-bodies.ts';
import { notFound, Refusal } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** Where one is reached oneself; and, for administrators, who is not. */

const tags = ['contact'];
const params = z.object({ point: ContactPointId });
/** Messages cost money and sleep, and a number that was mistyped is somebody else's. */
const messages = { failures: 12, windowMs: 3_600_000 };

export function contactRoutes(app: Web, { records, clock, random }: ApiDeps): void {
  const now = () => clock.now();
  const attempts = createAttempts(clock);

  app.get(
    '/api/v1/contact',
    { schema: { summary: 'How pages reach you', tags, response: { 200: MyContact } } },
    async (request) => {
      const { clinician } = whoAsks(request);
      const channels = await pageChannels(records);
      return {
        account: clinician.email,
        points: await viewsOf(clinician.id),
        channels: channels.map(({ publicKey: _, ...channel }) => channel),
        webPushKey: channels.find(({ to }) => to === 'web-push')?.publicKey ?? null,
      };
    },
  );

  app.post(
    '/api/v1/contact-points',
    {
      schema: {
        summary: 'Add a way to reach you; a code is sent there',
        description: 'It counts once the code was entered. For ntfy the answer tells the topic to subscribe to.',
        tags,
        body: AddContactPoint,
        response: { 200: ContactPointView },
      },
    },
    async (request) => {
      const { clinician } = whoAsks(request);
      const { body } = request;
      if (!(await pageChannels(records)).some(({ to }) => to === body.kind))
        throw new Refusal({ status: 409, code: 'no-such-channel', detail: 'Nothing can be sent to this kind here.' });
      mayBeSent(clinician.id);
      const id = ContactPointId.parse(random.uuid());
      const { kind, label, confidential, quiet } = body;
      const point = { id, clinician: clinician.id, kind, address: addressIn(body), label, confidential, quiet };
      await records.transaction().execute(async (db) => {
        const answer = await addContactPoint(db, point, instant(now()));
        if (answer !== 'added') throw new Refusal({ status: 409, ...refusals[answer] });
        await askToSend(db, 'contact-code', id, now());
      });
      return viewOf(clinician.id, id);
    },
  );

  app.put(
    '/api/v1/contact-points/:point',
    {
      schema: {
        summary: 'Say what you call it, whether you alone read it, and when it shall be quiet',
        description: 'What is critical comes at any time.',
        tags,
        params,
        body: SetContactPoint,
        response: { 200: ContactPointView },
      },
    },
    async (request) => {
      const own = ownOf(request);
      if (!(await setContactPoint(records, own, request.body))) throw notFound();
      return viewOf(own.clinician, own.id);
    },
  );

  app.post(
    '/api/v1/contact-points/:point/verify',
    {
      schema: {
        summary: 'Enter the code that was sent there',
        tags,
        params,
        body: VerifyContactPoint,
        response: { 200: ContactPointView },
      },
    },
    async (request) => {
      const own = ownOf(request);
      const answer = await verifyContactPoint(records, own, request.body.code, now());
      if (answer === undefined) throw notFound();
      if (answer !== 'verified')
        throw new Refusal({
          status: answer === 'too-many-tries' ? 429 : 409,
          code: answer,
          detail: codeFaults[answer],
        });
      return viewOf(own.clinician, own.id);
    },
  );

  for (const what of ['code', 'test'] as const)
    app.post(
      `/api/v1/contact-points/:point/${what}`,
      {
        schema: {
          summary: what === 'code' ? 'Have another code sent there' : 'Have a trial message sent there',
          description: 'Sent within seconds; `sentAt` or `fault` says what became of it.',
          tags,
          params,
          body: Nothing.nullable(),
          response: { 200: ContactPointView },
        },
      },
      async (request) => {
        const own = ownOf(request);
        const view = await viewOf(own.clinician, own.id);
        if (view.removedUntil) throw notFound();
        mayBeSent(own.clinician);
        await records.transaction().execute((db) => askToSend(db, `contact-${what}`, own.id, now()));
        return view;
      },
    );

  app.delete(
    '/api/v1/contact-points/:point',
    {
      schema: {
        summary: 'Take it away; can be undone for ten minutes',
        tags,
        params,
        response: { 200: ContactPointView },
      },
    },
    async (request) => {
      const own = ownOf(request);
      if (!(await removeContactPoint(records, own, instant(now())))) throw notFound();
      return viewOf(own.clinician, own.id);
    },
  );

  app.post(
    '/api/v1/contact-points/:point/restore',
    {
      schema: {
        summary: 'Undo that it was taken away',
        tags,
        params,
        body: Nothing.nullable(),
        response: { 200: ContactPointView },
      },
    },
    async (request) => {
      const own = ownOf(request);
      if (!(await restoreContactPoint(records, own, instant(now())))) throw notFound();
      return viewOf(own.clinician, own.id);
    },
  );

  app.get(
    '/api/v1/reachability',
    {
      schema: {
        summary: 'By what the nurses and doctors of your care teams can be reached; nobody is shown where',
        tags,
        response: { 200: ReachabilityList },
      },
    },
    async (request) => ({ people: await reachabilityIn(records, whoAsks(request).teamIds) }),
  );

  const ownOf = (request: Parameters<typeof whoAsks>[0]) => ({
    clinician: whoAsks(request).clinician.id,
    id: params.parse(request.params).point,
  });

  function mayBeSent(clinician: ClinicianId): void {
    const attempt = attempts([{ key: clinician, limit: messages }]);
    if ('refusedForSeconds' in attempt)
      throw new Refusal(
        { status: 429, code: 'too-many-messages', detail: 'Too many codes and trials were sent; wait a little.' },
        attempt.refusedForSeconds,
      );
  }

  const viewsOf = async (clinician: ClinicianId): Promise<ContactPointView[]> => {
    const points = await contactPointsOf(records, clinician);
    const since = now() - undoRemovalMs;
    return points.filter(({ removedAt }) => removedAt === null || Date.parse(removedAt) >= since).map(shown);
  };

  async function viewOf(clinician: ClinicianId, id: ContactPointId): Promise<ContactPointView> {
    const view = (await viewsOf(clinician)).find((one) => one.id === id);
    if (!view) throw notFound();
    return view;
  }
}

function addressIn(body: AddContactPoint): string {
  switch (body.kind) {
    case 'email':
      return body.email;
    case 'phone':
      return body.number;
    case 'ntfy':
      // whoever knows a topic reads it
      return `hearthbeat-${randomBytes(18).toString('base64url')}`;
    case 'web-push':
      return JSON.stringify(body.subscription);
  }
}

function shown({ removedAt, clinician: _, usable: __, ...point }: ContactPoint): ContactPointView {
  const push = point.kind === 'web-push' ? PushSubscription.safeParse(JSON.parse(point.address)).data : undefined;
  return {
    ...point,
    address: push ? new URL(push.endpoint).hostname : point.address,
    removedUntil: removedAt && instant(Date.parse(removedAt) + undoRemovalMs),
  };
}

const refusals = {
  known: { code: 'known-already', detail: 'It is one of your contact points already.' },
  'too-many': { code: 'too-many', detail: 'Take one away first.' },
};

const codeFaults: Record<CodeFault, string> = {
  'code-wrong': 'It is another code that was sent.',
  'code-expired': 'No code waits to be entered: have another one sent.',
  'too-many-tries': 'Too many wrong codes: have another one sent.',
};
