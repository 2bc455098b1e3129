import { EnrolmentAnswer, type EnrolmentFault, EnrolmentRequest } from '#domain/enrolment.ts';
import type { SourceId } from '#domain/ids.ts';
import { readCertificateRequest } from '#runtime/authority/certificate-request.ts';
import { audit } from '#runtime/records/audit.ts';
import { type Redemption, redeemCode } from '#runtime/records/enrolment-codes.ts';
import { createAttempts } from '../attempts.ts';
import { pointersOf, Refusal } from '../problems.ts';
import type { ApiConfig, ApiDeps, Web } from '../web.ts';

/**
 * How a box becomes a source. Whoever calls is nobody yet: what lets them in is the code, and that they hold the key they send.
 * What a request holds is written nowhere.
 */

/** A certificate request with an RSA key of 4,096 bits takes 2 KiB. */
const bodyBytesAtMost = 12 * 1024;

/**
 * Wrong codes. In all: 40 bits, guessed twice a second for the day that a code is good, are one chance in six million. A flood
 * from many addresses can keep boxes from enrolling for a minute at a time, and nobody from anything else.
 */
export const enrolmentLimits = {
  address: { failures: 10, windowMs: 60_000 },
  all: { failures: 120, windowMs: 60_000 },
} as const;

const statuses: Record<EnrolmentFault, 403 | 422 | 429> = {
  'code-unknown': 403,
  'code-expired': 403,
  'code-used': 403,
  'request-malformed': 422,
  'request-unsigned': 422,
  'too-many-tries': 429,
};
const details: Record<EnrolmentFault, string> = {
  'code-unknown': 'No such code waits to be used: compare it, or ask for a new one.',
  'code-expired': 'The code is too old: ask for a new one.',
  'code-used': 'Another box has used the code: ask for a new one.',
  'request-malformed': 'The request is not what an enrolment asks for.',
  'request-unsigned': 'The certificate request is not signed with the key it names.',
  'too-many-tries': 'Too many wrong codes were tried; wait a little.',
};

export function enrolmentRoutes(app: Web, deps: ApiDeps, config: ApiConfig): void {
  const { records, authority, clock, log } = deps;
  const attempts = createAttempts(clock);

  app.post(
    '/api/v1/enrolments',
    {
      bodyLimit: bodyBytesAtMost,
      // so that what is wrong with a request gets its own code
      attachValidation: true,
      schema: {
        summary: 'Become the source that a code is for',
        description:
          'Send the code together with a certificate request (PKCS #10, PEM) signed with the key of the box: EC P-256 or P-384, Ed25519, or RSA of 2,048 to 4,096 bits. The answer is a certificate for that key, or a token where `credential` asks for one. The same key may ask again for ten minutes, and gets a new one that replaces the one before.',
        tags: ['enrolment'],
        body: EnrolmentRequest,
        response: { 200: EnrolmentAnswer },
      },
    },
    async (request) => {
      const { ip: address } = request;
      const attempt = attempts([
        { key: `address ${address}`, limit: enrolmentLimits.address },
        { key: 'all', limit: enrolmentLimits.all },
      ]);
      // not one by one into the trail: that many refusals stand there before
      if ('refusedForSeconds' in attempt) throw refusalOf('too-many-tries', attempt.refusedForSeconds);
      const refuse = async (fault: EnrolmentFault, errors?: { pointer: string; detail: string }[]) => {
        await audit(records, { by: 'nobody', action: 'source-enrolled', outcome: fault, address });
        throw refusalOf(fault, undefined, errors);
      };
      try {
        if (request.validationError)
          return await refuse('request-malformed', pointersOf(request.validationError.validation));
        const { code, certificateRequest, credential } = request.body;
        const read = await readCertificateRequest(certificateRequest);
        if (typeof read === 'string') return await refuse(`request-${read}`);
        const wish = { code, keyFingerprint: read.keyFingerprint, now: clock.now(), address };
        const issue = async (source: SourceId) => {
          const issued = await authority?.issueFor(source, certificateRequest);
          if (!issued || typeof issued === 'string') throw new Error('a request that was read before is none');
          return issued;
        };
        const redeemed = await redeemCode(records, wish, authority && credential === 'certificate' ? issue : undefined);
        if ('fault' in redeemed) return await refuse(redeemed.fault);
        attempt.forgive();
        log.info('a source was enrolled', { source: redeemed.source });
        return answerOf(redeemed, config.mqttUrl, authority?.certificate);
      } catch (fault) {
        // an outage of ours is no wrong code
        if (!(fault instanceof Refusal)) attempt.forgive();
        throw fault;
      }
    },
  );
}

/** @param authority whom the box trusts when it calls. */
export function answerOf(
  given: Exclude<Redemption, { fault: unknown }>,
  mqttUrl: string,
  authority: string | undefined,
): EnrolmentAnswer {
  const { source } = given;
  if ('token' in given) return { v: 1, source, mqttUrl, credential: { kind: 'token', token: given.token, authority } };
  if (authority === undefined) throw new Error('a certificate was issued by no authority');
  const { certificate, notAfter } = given.issued;
  return { v: 1, source, mqttUrl, credential: { kind: 'certificate', certificate, authority, notAfter } };
}

function refusalOf(
  fault: EnrolmentFault,
  retryAfterSeconds?: number,
  errors?: { pointer: string; detail: string }[],
): Refusal {
  return new Refusal({ status: statuses[fault], code: fault, detail: details[fault], errors }, retryAfterSeconds);
}
