import { createHmac, timingSafeEqual } from 'node:crypto';
import { AlertId, ClinicianId } from '#domain/ids.ts';

/**
 * Links by which somebody who was paged acknowledges without signing in. A link holds for one person, one purpose and the alerts it
 * names, and ends; whoever has it can do no more than say that this person takes these alerts in hand.
 *
 * A token is base64url of: purpose (1 byte), when it ends (4 bytes, seconds since 1970), the clinician and each alert (16 bytes each),
 * and half an HMAC-SHA-256 of all that (16 bytes; RFC 2104, section 5: not less than half). Behind it stands a digit, the version: a
 * program that makes links of texts must not leave off a "-" or "_" at the end.
 */
export interface Links {
  /** @param now ms since 1970. At most `alertsAtMost`: the gravest should come first, others are left out. */
  acknowledgeUrl(alerts: readonly AlertId[], recipient: ClinicianId, now: number): string;
  /** What a token says; why it says nothing. */
  readAcknowledge(token: string, now: number): Acknowledgement | LinkFault;
}

export type Acknowledgement = { alerts: AlertId[]; recipient: ClinicianId; endsAt: number };
export type LinkFault = 'not-a-link' | 'expired';

/** As long as an acknowledgement holds: an older page speaks of another shift. */
export const linkHoldsMs = 12 * 3_600_000;
/** More would not be read, and the link has to fit into a message. */
export const alertsAtMost = 10;

const purposes = { acknowledge: 1 } as const;
const version = '1';
const idBytes = 16;
const headBytes = 5;
const macBytes = 16;

/** @param config.key at least 32 characters, of secrets.json. */
export function createLinks(config: { key: string; publicUrl: string }): Links {
  const base = config.publicUrl.replace(/\/$/, '');
  const macOf = (content: Buffer) =>
    createHmac('sha256', config.key).update('hearthbeat link ').update(content).digest().subarray(0, macBytes);

  return {
    acknowledgeUrl(alerts, recipient, now) {
      const head = Buffer.alloc(headBytes);
      head.writeUInt8(purposes.acknowledge, 0);
      head.writeUInt32BE(Math.floor((now + linkHoldsMs) / 1000), 1);
      const content = Buffer.concat([head, bytesOf(recipient), ...alerts.slice(0, alertsAtMost).map(bytesOf)]);
      return `${base}/a/${Buffer.concat([content, macOf(content)]).toString('base64url')}${version}`;
    },

    readAcknowledge(token, now) {
      if (!/^[A-Za-z0-9_-]+1$/.test(token)) return 'not-a-link';
      const bytes = Buffer.from(token.slice(0, -1), 'base64url');
      const alerts = (bytes.length - headBytes - idBytes - macBytes) / idBytes;
      if (!Number.isInteger(alerts) || alerts < 1 || alerts > alertsAtMost) return 'not-a-link';
      const content = bytes.subarray(0, -macBytes);
      if (!timingSafeEqual(macOf(content), bytes.subarray(-macBytes))) return 'not-a-link';
      if (content.readUInt8(0) !== purposes.acknowledge) return 'not-a-link';
      const endsAt = content.readUInt32BE(1) * 1000;
      if (endsAt <= now) return 'expired';
      const ids = Array.from({ length: alerts + 1 }, (_, n) => idAt(content, headBytes + n * idBytes));
      const [recipient, ...named] = ids;
      return { recipient: ClinicianId.parse(recipient), alerts: named.map((id) => AlertId.parse(id)), endsAt };
    },
  };
}

const bytesOf = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');

function idAt(content: Buffer, at: number): string {
  const hex = content.subarray(at, at + idBytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
