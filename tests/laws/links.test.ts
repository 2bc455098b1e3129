import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isQuiet } from '#domain/contact.ts';
import { AlertId, ClinicianId } from '#domain/ids.ts';
import { alertsAtMost, createLinks, linkHoldsMs } from '#runtime/links.ts';

const links = createLinks({ key: 'the key of the links of a test, long enough', publicUrl: 'https://h.example/' });
const now = Date.UTC(2026, 10, 22, 3, 0);
const alertIds = fc.array(
  fc.uuid({ version: 4 }).map((id) => AlertId.parse(id)),
  { minLength: 1, maxLength: alertsAtMost },
);
const clinicianId = fc.uuid({ version: 4 }).map((id) => ClinicianId.parse(id));
const tokenOf = (url: string) => url.slice('https://h.example/a/'.length);

describe('the link of a page', () => {
  it('says for whom and for which alerts it is, until it ends', () => {
    fc.assert(
      fc.property(alertIds, clinicianId, (alerts, recipient) => {
        const token = tokenOf(links.acknowledgeUrl(alerts, recipient, now));
        expect(links.readAcknowledge(token, now)).toMatchObject({ alerts, recipient });
        expect(links.readAcknowledge(token, now + linkHoldsMs - 1)).toMatchObject({ alerts, recipient });
        expect(links.readAcknowledge(token, now + linkHoldsMs)).toBe('expired');
      }),
    );
  });

  it('holds only what no mail program leaves off, and fits into a text message', () => {
    fc.assert(
      fc.property(alertIds, clinicianId, (alerts, recipient) => {
        const url = links.acknowledgeUrl(alerts, recipient, now);
        expect(url).toMatch(/^https:\/\/h\.example\/a\/[A-Za-z0-9_-]+[0-9]$/);
        expect(tokenOf(url).length).toBeLessThanOrEqual(300);
      }),
    );
    const [alert, recipient] = [fc.sample(alertIds, 1)[0]?.slice(0, 1) ?? [], fc.sample(clinicianId, 1)[0]];
    expect(tokenOf(links.acknowledgeUrl(alert, recipient!, now)).length).toBeLessThanOrEqual(80);
  });

  it('of which anything at all was changed is none, whoever else holds a key', () => {
    const others = createLinks({ key: 'another key of the links, as long as that', publicUrl: 'https://h.example' });
    fc.assert(
      fc.property(
        alertIds,
        clinicianId,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (alerts, recipient, at, change) => {
          const token = tokenOf(links.acknowledgeUrl(alerts, recipient, now));
          const bytes = Buffer.from(token.slice(0, -1), 'base64url');
          bytes[at % bytes.length]! ^= change;
          expect(links.readAcknowledge(`${bytes.toString('base64url')}1`, now)).toBe('not-a-link');
          expect(links.readAcknowledge(token.slice(0, -1), now)).toBe('not-a-link');
          expect(links.readAcknowledge(token.slice(0, -2), now)).toBe('not-a-link');
          expect(others.readAcknowledge(token, now)).toBe('not-a-link');
        },
      ),
    );
  });

  it('that is any text is none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(links.readAcknowledge(text, now)).toBe('not-a-link');
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 250 }), (bytes) => {
        expect(links.readAcknowledge(`${Buffer.from(bytes).toString('base64url')}1`, now)).toBe('not-a-link');
      }),
    );
  });

  it('leaves out what is more than anybody reads', () => {
    const many = fc.sample(fc.uuid({ version: 4 }), alertsAtMost + 5).map((id) => AlertId.parse(id));
    const token = tokenOf(links.acknowledgeUrl(many, ClinicianId.parse(many[0]), now));
    expect(links.readAcknowledge(token, now)).toMatchObject({ alerts: many.slice(0, alertsAtMost) });
  });
});

describe('quiet hours of somebody’s own', () => {
  const night = { from: '22:00', to: '06:30', timeZone: 'Asia/Shanghai' };
  const at = (time: string) => Date.parse(`2026-11-22T${time}:00+08:00`);

  it.each([
    ['21:59', false],
    ['22:00', true],
    ['23:59', true],
    ['00:00', true],
    ['06:29', true],
    ['06:30', false],
    ['12:00', false],
  ])('over midnight, at %s: %s', (time, quiet) => {
    expect(isQuiet(night, 'urgent', at(time))).toBe(quiet);
    expect(isQuiet(night, 'routine', at(time))).toBe(quiet);
  });

  it('hold within a day too, and never for what is critical', () => {
    const noon = { ...night, from: '12:00', to: '13:00' };
    expect(isQuiet(noon, 'urgent', at('12:30'))).toBe(true);
    expect(isQuiet(noon, 'urgent', at('13:00'))).toBe(false);
    expect(isQuiet(null, 'urgent', at('12:30'))).toBe(false);
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }), (when) => {
        expect(isQuiet(night, 'critical', when.getTime())).toBe(false);
      }),
    );
  });
});
