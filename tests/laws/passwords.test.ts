import { argon2Sync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Outage } from '#domain/errors.ts';
import { hashPassword, verifyPassword } from '#runtime/records/passwords.ts';

describe('passwords of clinicians', () => {
  it('are kept as argon2id with 19 MiB, two passes and a salt of their own', async () => {
    const [one, two] = await Promise.all([hashPassword('same words'), hashPassword('same words')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(two);
  });

  it('fit themselves and nothing else', async () => {
    const hash = await hashPassword('Grüße 你好 🫀');
    expect(await verifyPassword('Grüße 你好 🫀', hash)).toBe(true);
    expect(await verifyPassword('Grüße 你好', hash)).toBe(false);
    expect(await verifyPassword('', hash)).toBe(false);
  });

  it('are the same whichever keyboard composed the letters', async () => {
    const hash = await hashPassword('caf\u00e9');
    expect(await verifyPassword('cafe\u0301', hash)).toBe(true);
  });

  it('that another program hashed with other costs still fit', async () => {
    const salt = Buffer.from('0123456789abcdef');
    const tag = argon2Sync('argon2id', {
      message: 'imported',
      nonce: salt,
      memory: 8192,
      passes: 3,
      parallelism: 2,
      tagLength: 32,
    });
    const bare = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
    expect(await verifyPassword('imported', `$argon2id$v=19$m=8192,t=3,p=2$${bare(salt)}$${bare(tag)}`)).toBe(true);
  });

  it.each([
    '',
    '!',
    'plain text',
    '$2b$12$abcdefghijklmnopqrstuuGdpXtFSyZ',
    '$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$argon2id$v=19$m=9999999,t=99,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$argon2id$v=19$m=0,t=0,p=0$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  ])('a stored text that is no such hash fits no password: %s', async (stored) => {
    expect(await verifyPassword(stored, stored)).toBe(false);
  });

  it('are hashed two at a time, and a queue without end is refused as an outage', async () => {
    const hash = await hashPassword('x');
    const all = await Promise.allSettled(Array.from({ length: 80 }, () => verifyPassword('x', hash)));
    const refused = all.filter((each) => each.status === 'rejected');
    expect(refused).toHaveLength(80 - 66);
    for (const each of refused) expect(each.reason).toMatchObject({ name: Outage.name, code: 'sign-in-busy' });
    expect(all.filter((each) => each.status === 'fulfilled').every((each) => each.value)).toBe(true);
    expect(await verifyPassword('x', hash)).toBe(true);
  });
});
