import { describe, expect, it } from 'vitest';
import { profiles } from '../../gateway-agent/profiles/catalogue.ts';
import { hintsFor, pairingHints } from '../../gateway-agent/profiles/pairing-hints.ts';

describe('what to press on a device', () => {
  it.each(profiles.map(({ name }) => name))('is said for every %s, whatever it calls itself', (profile) => {
    expect(hintsFor({ profiles: [profile] })).toHaveLength(1);
    expect(hintsFor({ name: 'NOBODY-KNOWS-ME', profiles: [profile] })).toHaveLength(1);
  });

  it.each(pairingHints.map((hint) => [hint.says.en, hint] as const))('%s', (_, { profile, says, source }) => {
    expect(profiles.map(({ name }) => name)).toContain(profile);
    expect(says.en).toMatch(/^[A-Z].*\.$/);
    expect(says.zh).toMatch(/[\u4e00-\u9fff].*。$/);
    expect(source.length).toBeGreaterThan(10);
  });

  it('is of the model where its name tells it', () => {
    expect(hintsFor({ name: 'A&D_UA-651BLE_00A1', profiles: ['blood-pressure'] })[0]!.says.en).toContain('"Pr"');
    expect(hintsFor({ name: 'BLEsmart_0000021F0123456789AB', profiles: ['blood-pressure'] })[0]!.says.en).toContain(
      '3 s',
    );
    expect(hintsFor({ name: 'meter+12345678', profiles: ['glucose'] })[0]!.says.en).toContain('six digits');
  });
});
