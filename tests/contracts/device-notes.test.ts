import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { notedAtMost } from '../../gateway-agent/outbox/device-notes.ts';
import { type Outbox, openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import { heardFrame } from '../support/heard-frames.ts';

const device = 'AA:BB:CC:00:00:01';
let folder: string;
let outbox: Outbox;
const reopened = () => {
  outbox.close();
  outbox = openOutbox(systemClock, join(folder, 'outbox.sqlite'));
  return outbox;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearthbeat-notes-'));
  outbox = openOutbox(systemClock, join(folder, 'outbox.sqlite'));
});
afterEach(() => {
  outbox.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the notes about devices', () => {
  it('change what is named, forget what is named and undefined, and are there in the next life', () => {
    outbox.notes.note(device, { model: 'BM85', battery: 51, heardAt: 5, refusesPairing: true });
    outbox.notes.note(device, { battery: undefined, heardAt: 6 });
    expect(reopened().notes.of(device)).toEqual({ device, model: 'BM85', heardAt: 6, refusesPairing: true });
    expect(outbox.notes.all(9)).toHaveLength(1);
    outbox.notes.forget(device);
    expect(outbox.notes.of(device)).toBeUndefined();
  });

  it('take a consent before the device was ever heard, and are content with it', () => {
    outbox.notes.note(device, { trouble: 'wants-consent' });
    outbox.notes.setConsent(device, { user: 2, code: 1234 });
    expect(reopened().notes.of(device)).toEqual({ device, consent: { user: 2, code: 1234 } });
  });

  it('remember the devices noted last', () => {
    for (let n = 0; n <= notedAtMost; n++) outbox.notes.note(`device-${n}`, { heardAt: n });
    expect(outbox.notes.all(1_000)).toHaveLength(notedAtMost);
    expect(outbox.notes.of('device-0')).toBeUndefined();
    expect(outbox.notes.all(1)[0]!.device).toBe(`device-${notedAtMost}`);
  });

  it('are on disk together with what belongs to them, or not at all', () => {
    const fail = () =>
      outbox.together(() => {
        outbox.hear(heardFrame(1));
        outbox.notes.note(device, { battery: 9 });
        throw new Error('pulled the plug');
      });
    expect(fail).toThrow('pulled the plug');
    expect(reopened().unsettled()).toEqual([]);
    expect(outbox.notes.of(device)).toBeUndefined();
  });
});
