import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import { panelNames } from '#domain/vitals.ts';
import type { HomeDevice } from '#runtime/records/silence.ts';
import { type HomeFacts, shortAwayMs, whoIsSilent } from '../../rules/rounds/silence.ts';

/** Whose silence it is: a function of what is known of the home. */

const now = Date.UTC(2026, 7, 1, 12);
const hour = 3_600_000;
const lastAt = now - 48 * hour;

const anyPanels = fc.subarray([...panelNames.slice(0, 4)]);
const anySource: fc.Arbitrary<HomeDevice['source']> = fc.record({
  id: fc.constant(SourceId.parse('gw-1')),
  kind: fc.constantFrom('gateway', 'device'),
  deaf: fc.boolean(),
  awaySince: fc.option(fc.integer({ min: now - 72 * hour, max: now })),
  waiting: fc.boolean(),
});
const anyDevice: fc.Arbitrary<HomeDevice> = fc.record({
  panels: anyPanels,
  lastReadingAt: fc.option(fc.integer({ min: now - 90 * hour, max: now })),
  source: anySource,
  troubled: fc.boolean(),
});
const anyHome: fc.Arbitrary<HomeFacts> = fc.record({
  devices: fc.array(anyDevice, { maxLength: 4 }),
  platformTroubled: fc.boolean(),
});

const online: HomeDevice['source'] = {
  id: SourceId.parse('gw-1'),
  kind: 'gateway',
  deaf: false,
  awaySince: null,
  waiting: false,
};
const cuff = (more: Partial<HomeDevice> = {}): HomeDevice => ({
  panels: ['blood-pressure'],
  lastReadingAt: lastAt,
  source: online,
  troubled: false,
  ...more,
});
const scale = (more: Partial<HomeDevice> = {}): HomeDevice => cuff({ panels: ['body-weight'], ...more });
const asked = (devices: HomeDevice[], platformTroubled = false) =>
  whoIsSilent({ devices, platformTroubled }, ['blood-pressure'], lastAt, now);

describe('whose silence it is', () => {
  it.each([
    ['the patient, when all works and nobody measures', [cuff(), scale()], 'patient'],
    [
      'the gateway, when it is away',
      [cuff({ source: { ...online, awaySince: now - hour } }), scale({ source: { ...online, awaySince: now - hour } })],
      'gateway',
    ],
    ['the gateway, when its radio is down', [cuff({ source: { ...online, deaf: true } })], 'gateway'],
    ['the gateway, when it keeps readings back', [cuff({ source: { ...online, waiting: true } })], 'gateway'],
    ['the device, when it is in trouble', [cuff({ troubled: true })], 'device'],
    ['the device, when another one was heard meanwhile', [cuff(), scale({ lastReadingAt: now - hour })], 'device'],
    [
      'the device, when it speaks MQTT itself and is away',
      [cuff({ source: { ...online, kind: 'device', awaySince: now - hour } })],
      'device',
    ],
    [
      'nobody’s yet, when the gateway has been away for a moment',
      [cuff({ source: { ...online, awaySince: now - shortAwayMs + 1 } })],
      null,
    ],
    ['the patient, while one of two cuffs works', [cuff({ troubled: true }), cuff()], 'patient'],
    [
      'the gateway of the cuff that measured last, though an older cuff is within reach',
      [cuff({ source: { ...online, awaySince: now - hour } }), cuff({ lastReadingAt: lastAt - 90 * 24 * hour })],
      'gateway',
    ],
    [
      'the patient’s, who has another cuff than the one that is away',
      [cuff({ source: { ...online, awaySince: now - hour }, lastReadingAt: lastAt - 90 * 24 * hour }), cuff()],
      'patient',
    ],
    ['nobody’s, where there is no device any more', [], null],
  ] as const)('%s', (_, devices, silence) => expect(asked([...devices])).toBe(silence));

  it('is our own before all others', () => {
    fc.assert(
      fc.property(anyHome, anyPanels, (home, panels) => {
        expect(whoIsSilent({ ...home, platformTroubled: true }, panels, lastAt, now)).toBe('platform');
        expect(whoIsSilent({ ...home, platformTroubled: false }, panels, lastAt, now)).not.toBe('platform');
      }),
    );
  });

  it('is the patient’s only where a device that could measure it is there, reached and well', () => {
    fc.assert(
      fc.property(anyHome, anyPanels, (home, panels) => {
        if (whoIsSilent(home, panels, lastAt, now) !== 'patient') return;
        const well = ({ source, troubled }: HomeDevice) =>
          source.awaySince === null && !source.deaf && !source.waiting && !troubled;
        expect(home.devices.some(well)).toBe(true);
      }),
    );
  });

  it('does not hang on the order in which devices are told', () => {
    fc.assert(
      fc.property(anyHome, anyPanels, (home, panels) => {
        const turned = { ...home, devices: home.devices.toReversed() };
        expect(whoIsSilent(turned, panels, lastAt, now)).toBe(whoIsSilent(home, panels, lastAt, now));
      }),
    );
  });

  it('becomes the gateway’s or nobody’s, never the patient’s, when all sources go away', () => {
    fc.assert(
      fc.property(anyHome, anyPanels, fc.integer({ min: 0, max: 90 * hour }), (home, panels, ms) => {
        const away = (device: HomeDevice) => ({ ...device, source: { ...device.source, awaySince: now - ms } });
        const silence = whoIsSilent({ ...home, devices: home.devices.map(away) }, panels, lastAt, now);
        expect(silence).not.toBe('patient');
      }),
    );
  });
});
