import { EnrolmentAnswer, type RenewalFault, RenewalRequest } from '#domain/enrolment.ts';
import { readCertificateRequest } from '#runtime/authority/certificate-request.ts';
import { provedFingerprint } from '#runtime/authority/renewal-proof.ts';
import { renewCertificate } from '#runtime/records/renewals.ts';
import { createAttempts } from '../attempts.ts';
import { notFound, pointersOf, Refusal } from '../problems.ts';
import type { ApiConfig, ApiDeps, Web } from '../web.ts';
import { answerOf } from './enrolments.ts';

/** How a source gets its next certificate: by the signature of the key that it has. What a request holds is written nowhere. */

/** Two PEMs with keys of 4,096 bits and a signature. */
const bodyBytesAtMost = 20 * 1024;

/** Refused tries. There is nothing to guess: the limits keep a caller from making us verify signatures all day. */
export const renewalLimits = {
  address: { failures: 20, windowMs: 60_000 },
  all: { failures: 600, windowMs: 60_000 },
} as const;
/** Renewals of one certificate, granted or not: a box that has gone wild asks for one after the other. */
export const renewalsOfOne = { failures: 10, windowMs: 3_600_000 } as const;

const statuses: Record<RenewalFault, 403 | 422 | 429> = {
  'certificate-unknown': 403,
  'certificate-ended': 403,
  'source-revoked': 403,
  'signature-wrong': 403,
  'request-malformed': 422,
  'request-unsigned': 422,
  'too-many-tries': 429,
};
const details: Record<RenewalFault, string> = {
  'certificate-unknown': 'This certificate is not in force here: enrol the box anew.',
  'certificate-ended': 'This certificate has ended: enrol the box anew.',
  'source-revoked': 'The source was revoked.',
  'signature-wrong': 'The request is not signed with the key of its certificate, or was signed at another time.',
  'request-malformed': 'The request is not what a renewal asks for.',
  'request-unsigned': 'The certificate request is not signed with the key it names.',
  'too-many-tries': 'Too many renewals were asked for; wait a little.',
};

export function renewalRoutes(app: Web, deps: ApiDeps, config: ApiConfig): void {
  const { records, authority, clock, log } = deps;
  const attempts = createAttempts(clock);
  const ofOne = createAttempts(clock);

  app.post(
    '/api/v1/renewals',
    {
      bodyLimit: bodyBytesAtMost,
      // so that what is wrong with a request gets its own code
      attachValidation: true,
      schema: {
        summary: 'Get the next certificate of a source',
        description:
          'Send the certificate that is in force, a certificate request (PKCS #10, PEM) for a new key, and a signature made with the key of that certificate. It stays in force until the new one was used, so whoever loses the answer asks again.',
        tags: ['enrolment'],
        body: RenewalRequest,
        response: { 200: EnrolmentAnswer },
      },
    },
    async (request) => {
      const attempt = attempts([
        { key: `address ${request.ip}`, limit: renewalLimits.address },
        { key: 'all', limit: renewalLimits.all },
      ]);
      if ('refusedForSeconds' in attempt) throw refusalOf('too-many-tries', attempt.refusedForSeconds);
      if (!authority) throw notFound();
      if (request.validationError)
        throw refusalOf('request-malformed', undefined, pointersOf(request.validationError.validation));
      try {
        const proved = provedFingerprint(request.body, clock.now());
        if (proved === 'malformed') throw refusalOf('request-malformed');
        if (proved === 'signature-wrong') throw refusalOf(proved);
        const { certificateRequest } = request.body;
        const read = await readCertificateRequest(certificateRequest);
        if (typeof read === 'string') throw refusalOf(`request-${read}`);
        const { fingerprint } = proved;
        const again = ofOne([{ key: fingerprint, limit: renewalsOfOne }]);
        if ('refusedForSeconds' in again) throw refusalOf('too-many-tries', again.refusedForSeconds);
        const renewed = await renewCertificate(
          records,
          { fingerprint, now: clock.now(), address: request.ip },
          async (source) => {
            const issued = await authority.issueFor(source, certificateRequest);
            if (typeof issued === 'string') throw new Error('a request that was read before is none');
            return issued;
          },
        );
        if ('fault' in renewed) throw refusalOf(renewed.fault);
        attempt.forgive();
        log.info('a source has a new certificate', { source: renewed.source });
        return answerOf(renewed, config.mqttUrl, authority.certificate);
      } catch (fault) {
        // an outage of ours is no wrong try
        if (!(fault instanceof Refusal)) attempt.forgive();
        throw fault;
      }
    },
  );
}

function refusalOf(
  fault: RenewalFault,
  retryAfterSeconds?: number,
  errors?: { pointer: string; detail: string }[],
): Refusal {
  return new Refusal({ status: statuses[fault], code: fault, detail: details[fault], errors }, retryAfterSeconds);
}
