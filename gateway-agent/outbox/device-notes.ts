import type { Clock } from '#runtime/clock.ts';
import type { Cursor, Run } from '../profiles/racp.ts';
import type { ClockSetting } from '../timing.ts';
import type { OutboxFile } from './file.ts';

/**
 * What the gateway knows of each device from one visit to the next, in the same file as the outbox: so that how far a memory was fetched is
 * on disk together with the records, or not at all.
 */
export type DeviceNotes = {
  of(device: string): DeviceNote | undefined;
  /** Those noted last come first. */
  all(limit: number): DeviceNote[];
  /** Changes what is named; what is named and undefined is forgotten. Outage `outbox-full`: nothing changed. */
  note(device: string, changes: Partial<Omit<DeviceNote, 'device'>>): void;
  /** As whom the device lets the gateway in, from now on. May be said before the device was ever heard. */
  setConsent(device: string, consent: ConsentNote): void;
  /** Everything about it. Readings of it that wait are no notes. */
  forget(device: string): void;
};

export type DeviceNote = {
  device: string;
  model?: string;
  /** Percent. */
  battery?: number;
  /** Of its last advertisement, dBm. */
  rssi?: number;
  /** Its last word, ms since 1970. */
  heardAt?: number;
  /** How far its clock was ahead of this machine's, when it was last read or set. */
  clockOffsetMs?: number;
  /** The last settings of its clock, newest first: what it measured before one of them stands on the clock as it was. */
  clockSettings?: ClockSetting[];
  /** When it last refused to have its clock set. */
  clockRefusedAt?: number;
  /** Why it cannot be served, in a word. */
  trouble?: Trouble;
  refusesPairing?: boolean;
  consent?: ConsentNote;
  /** How far its memory was fetched, by profile. */
  fetched?: Record<string, Fetched>;
  /** When a stream of it last gave a reading, by characteristic. */
  streamedAt?: Record<string, number>;
};

/** As the dialogue of racp.ts left it; neither, after a memory that was empty. */
export type Fetched = { cursor?: Cursor; run?: Run };

/** @param user its number on the device. @param code 0 to 9999. */
export type ConsentNote = { user: number; code: number };

export const troubles = ['pairing-refused', 'wants-consent', 'memory-refused'] as const;
export type Trouble = (typeof troubles)[number];

/** Devices remembered, those noted last: of more, a home knows nothing but what it hears. */
export const notedAtMost = 64;

export const notesLayout = `
CREATE TABLE IF NOT EXISTS device_notes (device TEXT PRIMARY KEY, noted_at INTEGER NOT NULL, note TEXT NOT NULL);
`;

export function createDeviceNotes(clock: Clock, file: OutboxFile): DeviceNotes {
  const noteIn = (row: { note?: unknown } | undefined): DeviceNote | undefined =>
    row && (JSON.parse(String(row.note)) as DeviceNote);
  const of = (device: string) => noteIn(file.row('SELECT note FROM device_notes WHERE device = ?', device));

  const note: DeviceNotes['note'] = (device, changes) =>
    file.write(() => {
      const changed = JSON.stringify({ ...of(device), ...changes, device });
      file.run(
        'INSERT OR REPLACE INTO device_notes (device, noted_at, note) VALUES (?, ?, ?)',
        device,
        clock.now(),
        changed,
      );
      file.run(
        `DELETE FROM device_notes WHERE device IN
           (SELECT device FROM device_notes ORDER BY noted_at DESC, rowid DESC LIMIT -1 OFFSET ?)`,
        notedAtMost,
      );
    });

  return {
    of,
    all: (limit) =>
      file
        .rows('SELECT note FROM device_notes ORDER BY noted_at DESC, rowid DESC LIMIT ?', limit)
        .map((row) => noteIn(row)!),
    note,
    setConsent: (device, consent) => note(device, { consent, trouble: undefined }),
    forget: (device) => {
      file.write(() => file.run('DELETE FROM device_notes WHERE device = ?', device));
    },
  };
}
