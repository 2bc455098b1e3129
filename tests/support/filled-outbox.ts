import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '#runtime/clock.ts';
import { readingId } from '#runtime/reading-id.ts';
import type { NewReading } from '../../gateway-agent/interpret.ts';
import { openOutbox } from '../../gateway-agent/outbox/outbox.ts';

/**
 * An outbox file after months without a link: so many readings of these devices in turn, a minute apart, the last one heard at `until`.
 * Written in one transaction, which a gateway would take hours for.
 */
export function fillOutbox(path: string, count: number, devices: readonly string[], until: number): void {
  openOutbox(systemClock, path).close();
  const database = new DatabaseSync(path);
  database.exec('PRAGMA synchronous = OFF; BEGIN');
  const insert = database.prepare('INSERT INTO readings (ref, device, heard_at, message) VALUES (?, ?, ?, ?)');
  for (let n = 0; n < count; n++) {
    const at = until - (count - 1 - n) * 60_000;
    const device = devices[n % devices.length]!;
    const reading = {
      device: device as NewReading['device'],
      model: 'UA-651BLE',
      panel: 'blood-pressure',
      values: [
        { vital: 'systolic', value: 120 + (n % 30), unit: 'mm[Hg]' },
        { vital: 'diastolic', value: 80, unit: 'mm[Hg]' },
        { vital: 'pulse-rate', value: 70, unit: '/min' },
      ],
      sequence: n,
      takenAt: new Date(at).toISOString(),
      clock: 'source',
      heardAt: new Date(at).toISOString(),
      marks: [],
      raw: '1e78005000b400ea0708140c1e0046000100',
    } satisfies NewReading;
    const ref = readingId(reading);
    insert.run(ref, device, at, JSON.stringify({ ref, ...reading }));
  }
  database.exec('COMMIT');
  database.close();
}
