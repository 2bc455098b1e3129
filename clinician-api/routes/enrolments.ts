import { EnrolmentAnswer, type EnrolmentFault, EnrolmentRequest } from '#domain/enrolment.ts';
import { readCertificateRequest } from '#runtime/authority/certificate-request.ts';
import { redeemCode } from '#runtime/records/enrolment-codes.ts';
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

export function enrolmentRoutes(app: Web, { records, clock, log }: ApiDeps, config: ApiConfig): void {
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
          'Send the code together with a certificate request (PKCS #10, PEM) signed with the key of the box: EC P-256 or P-384, Ed25519, or RSA of 2,048 to 4,096 bits. The same key may ask again for ten minutes, and gets a new token that replaces the one before.',
        tags: ['enrolment'],
        body: EnrolmentRequest,
        response: { 200: EnrolmentAnswer },
      },
    },
    async (request) => {
      const attempt = attempts([
        { key: `address ${request.ip}`, limit: enrolmentLimits.address },
        { key: 'all', limit: enrolmentLimits.all },
      ]);
      if ('refusedForSeconds' in attempt) throw refusalOf('too-many-tries', attempt.refusedForSeconds);
      if (request.validationError)
        throw refusalOf('request-malformed', undefined, pointersOf(request.validationError.validation));
      const { code, certificateRequest } = request.body;
      try {
        const read = await readCertificateRequest(certificateRequest);
        if (typeof read === 'string') throw refusalOf(`request-${read}`);
        const redeemed = await redeemCode(records, { code, keyFingerprint: read.keyFingerprint, now: clock.now() });
        if ('fault' in redeemed) throw refusalOf(redeemed.fault);
        attempt.forgive();
        const { source, token } = redeemed;
        log.info('a source was enrolled', { source });
        return { v: 1 as const, source, mqttUrl: config.mqttUrl, credential: { kind: 'token' as const, token } };
      } catch (fault) {
        // an outage of ours is no wrong code
        if (!(fault instanceof Refusal)) attempt.forgive();
        throw fault;
      }
    },
  );
}

function refusalOf(
  fault: EnrolmentFault,
  retryAfterSeconds?: number,
  errors?: { pointer: string; detail: string }[],
): Refusal {
  return new Refusal({ status: statuses[fault], code: fault, detail: details[fault], errors }, retryAfterSeconds);
}
