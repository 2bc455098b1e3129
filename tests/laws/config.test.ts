import { describe, expect, it } from 'vitest';
import { SetupFault } from '#domain/errors.ts';
import { readConfig, variables } from '#runtime/config.ts';

type Variable = { default: string | undefined; says: string; secret?: true };
const all = Object.entries<Variable & { schema: { description?: string } }>(variables);

const faultOf = (environment: Record<string, string>): string => {
  try {
    readConfig(environment);
  } catch (fault) {
    if (fault instanceof SetupFault) return fault.message;
    throw fault;
  }
  return 'no fault';
};

/** A value that no variable of its kind takes; undefined for plain texts, which take any. */
const wrong = (allowed: string) =>
  allowed === 'a text'
    ? undefined
    : allowed.startsWith('a text of')
      ? 'too-short'
      : allowed === 'a regular expression'
        ? '('
        : 'wrong-a7f3';

describe('every variable', () => {
  it('needs no value: an empty environment is a configuration', () => {
    const config = readConfig({});
    expect(config.HTTP_PORT).toBe(8080);
    expect(config.DATABASE_URL).toBeUndefined();
    expect(config.PUBLIC_URL).toBe('http://127.0.0.1:8080');
    expect(config.MQTT_PUBLIC_URL).toBe('mqtts://127.0.0.1:8883');
    expect(readConfig({ PUBLIC_URL: 'https://h.example', MQTTS_PORT: '8884' }).MQTT_PUBLIC_URL).toBe(
      'mqtts://h.example:8884',
    );
    expect(config.SMTP_CONFIDENTIAL).toBe(false);
  });

  it.each(all)('%s says what it is, and what is allowed', (_, variable) => {
    expect(variable.says).toMatch(/^\S.{15,}\.$/);
    expect(variable.schema.description).toMatch(/^(a|one) /);
  });

  it.each(all)('%s counts as not set when it is empty', (name, variable) => {
    expect(readConfig({ [name]: '' })).toEqual(readConfig({}));
    if (variable.default !== undefined) expect(readConfig({ [name]: variable.default })).toEqual(readConfig({}));
  });

  it.each(
    all.flatMap(([name, variable]) => {
      const value = wrong(variable.schema.description!);
      return value ? [{ name, variable, value }] : [];
    }),
  )('$name ends the start with its name, its fault and what is allowed', ({ name, variable, value }) => {
    const shown = variable.secret ? 'its value' : `"${value}"`;
    expect(faultOf({ [name]: value })).toBe(`${name}: ${shown} is not ${variable.schema.description}.`);
  });

  it.each(all.filter(([, variable]) => variable.secret))('%s is never printed', (name) => {
    expect(faultOf({ [name]: 'hunter2', HTTP_PORT: 'x' })).not.toContain('hunter2');
  });

  it.each(all.filter(([name]) => /PASSWORD|SECRET/.test(name) || /^(DATABASE|REDIS|SMTP)_URL$/.test(name)))(
    '%s is known as a secret',
    (_, variable) => expect(variable.secret).toBe(true),
  );
});

describe('ports', () => {
  it.each(['0', '65536', '-1', '80.5', '1e3', '0x50', ' 80', 'x'])('%j is none', (value) => {
    expect(faultOf({ HTTP_PORT: value })).toBe(`HTTP_PORT: ${JSON.stringify(value)} is not a number from 1 to 65535.`);
  });

  it('two servers cannot share one', () => {
    expect(faultOf({ MQTT_PORT: '8080' })).toBe(
      'MQTT_PORT: 8080 is the port of HTTP_PORT already; set one of them to another.',
    );
  });
});

it('all faults are told at once', () => {
  expect(faultOf({ HTTP_PORT: 'x', LOG_LEVEL: 'loud', REDIS_URL: 'http://example.org' }).split('\n')).toHaveLength(3);
});
