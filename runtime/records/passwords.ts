import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Outage } from '#domain/errors.ts';

/**
 * Passwords of clinicians: argon2id, kept as a PHC string (`$argon2id$v=19$m=19456,t=2,p=1$salt$hash`).
 * The costs are the OWASP Password Storage Cheat Sheet's: 19 MiB, two passes, one lane; about 50 ms of one core.
 */
const cost = { memory: 19 * 1024, passes: 2, parallelism: 1 };
const saltBytes = 16;
const hashBytes = 32;

/**
 * Hashing takes cores and memory from everything else: so many at once in this process, and so many in the queue. Strangers
 * who try codes have a queue of their own, in which no clinician stands.
 */
const signIns = createQueue('sign-in-busy', { atOnce: 2, waitingAtMost: 64 });
const lookups = createQueue('enrolment-busy', { atOnce: 1, waitingAtMost: 16 });

/** A PHC string for `clinician.password_hash`. @throws Outage 'sign-in-busy' when too many wait already. */
export async function hashPassword(text: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await signIns({ message: normal(text), nonce: salt, tagLength: hashBytes, ...cost });
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Does the password fit? A text that is no hash of ours fits none. @throws Outage 'sign-in-busy' when too many wait already. */
export async function verifyPassword(text: string, stored: string): Promise<boolean> {
  const parsed = parsePhc(stored);
  if (!parsed) return false;
  const { hash, ...parameters } = parsed;
  return timingSafeEqual(await signIns({ message: normal(text), tagLength: hash.length, ...parameters }), hash);
}

/**
 * A slow hash, hexadecimal, of a short secret that must be found by its hash, so that it cannot have a salt of its own: whoever
 * holds a copy of the table pays the same for every guess. @param purpose at least eight characters; parts one kind of secret from another.
 * @throws Outage 'enrolment-busy' when too many wait already.
 */
export async function hashForLookup(secret: string, purpose: string): Promise<string> {
  const nonce = Buffer.from(purpose.padEnd(saltBytes));
  return (await lookups({ message: secret, nonce, tagLength: hashBytes, ...cost })).toString('hex');
}

/** The same password typed on two keyboards must be the same bytes (NIST SP 800-63B, 5.1.1.2: NFKC before hashing). */
const normal = (text: string): string => text.normalize('NFKC');
const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

function parsePhc(stored: string) {
  const [, memory, passes, parallelism, salt, hash] = phc.exec(stored) ?? [];
  if (!memory || !passes || !parallelism || !salt || !hash) return undefined;
  // a hash is ours, but a row can be restored from anywhere: nobody makes us compute for minutes
  if (Number(memory) > 256 * 1024 || Number(passes) > 10 || Number(parallelism) > 8) return undefined;
  if (Number(passes) < 1 || Number(parallelism) < 1 || Number(memory) < 8 * Number(parallelism)) return undefined;
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

function createQueue(busy: string, { atOnce, waitingAtMost }: { atOnce: number; waitingAtMost: number }) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (parameters: Argon2Parameters): Promise<Buffer> => {
    if (running < atOnce) running += 1;
    else if (waiting.length >= waitingAtMost) throw new Outage(busy, 'too much is being hashed');
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await promisify(argon2)('argon2id', parameters);
    } finally {
      // the place goes to the next in line without ever being free
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
