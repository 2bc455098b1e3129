import { writeFileSync } from 'node:fs';
import { type PanelName, panels, type Vital, vitals, vitalsOf } from '#domain/vitals.ts';
import { batteryUuids } from './profiles/battery.ts';
import { profiles } from './profiles/catalogue.ts';
import { currentTimeUuids } from './profiles/current-time.ts';
import { deviceInformationUuids } from './profiles/device-information.ts';
import type { Profile } from './profiles/profile.ts';

/**
 * docs/devices.md, the devices that a gateway reads, written from what the profiles declare: `node gateway-agent/devices-page.ts`.
 * A test keeps file and declarations equal.
 */
export function devicesPage(): string {
  const hex = (assigned: number) => `0x${assigned.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = [
    '# Devices',
    '',
    'Every device that keeps to one of these standards is read over Bluetooth, whoever made it: it is visited when it is heard, what it sends by itself is',
    'heard, its memory is asked for what is new, scales are asked in the name of one of their users, and what is worn is listened to for as long as it',
    'speaks. A clock that can be set is set, and what was measured before stays where it was.',
    '',
    'Named are devices whose manners are known from captures or from the experience of other projects. This page is written from the profiles in',
    '`gateway-agent/profiles/` by `node gateway-agent/devices-page.ts`.',
    '',
    '| Profile | Service | Measures |',
    '|---|---|---|',
    ...profiles.map(
      (p) => `| [${p.title}](#${anchorOf(p.title)}) | ${hex(p.service)} | ${panelsOf(p).map(nameOf).join(', ')} |`,
    ),
    '',
    `Beside these, of every device that is visited and has them: Device Information ${hex(deviceInformationUuids.service)}, Battery ${hex(batteryUuids.service)}, and`,
    `Current Time ${hex(currentTimeUuids.service)}.`,
    '',
    ...profiles.flatMap((p) => sectionOf(p, hex)),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function sectionOf(profile: Profile, hex: (assigned: number) => string): string[] {
  const { title, measurements, reads, clocks, records, consent, quirks, devices } = profile;
  const heard = measurements.map(({ name, characteristic, window, insteadOf, lasting }) => {
    const stream = window
      ? `; a stream, read as the median of ${window.lengthMs / 1000} steady seconds, at most every ${window.everyMs / 1000} seconds`
      : lasting
        ? '; listened to for as long as the device is near'
        : '';
    const instead = insteadOf === undefined ? '' : `; in place of ${hex(insteadOf)} where a device has both`;
    return `- hears ${name} ${hex(characteristic)}${stream}${instead}`;
  });
  return [
    `## ${title}`,
    '',
    ...panelsOf(profile).map(
      (panel) =>
        `- ${nameOf(panel)}: ${vitalsOf(panel)
          .map(
            (vital) =>
              `${vitals[vital].name.en.toLowerCase()} (${(vitals[vital] as Vital).unit}, LOINC ${vitals[vital].loinc})`,
          )
          .join(', ')}`,
    ),
    ...heard,
    ...reads.map(
      ({ name, characteristic, kept }) => `- ${kept ? 'asks for' : 'understands'} ${name} ${hex(characteristic)}`,
    ),
    ...clocks.map(
      ({ service, characteristic, encode }) =>
        `- clock: ${hex(characteristic)} in service ${hex(service)}, read${encode ? ', and set where the device allows it' : ' and never set'}`,
    ),
    ...(records
      ? [
          `- its memory is asked for at ${records.name} ${hex(records.characteristic)}, from the last known ${records.filter.replaceAll('-', ' ')} on`,
        ]
      : []),
    ...(consent
      ? [
          `- where it has ${consent.name} ${hex(consent.characteristic)}, it is asked as the user that was chosen for it, else as a new one`,
        ]
      : []),
    '',
    '| Device | Good to know | From |',
    '|---|---|---|',
    ...devices.map(({ name, says, source }) => `| ${name} | ${says} | ${source} |`),
    '',
    ...(quirks.length === 0
      ? []
      : [
          '| Models | Do otherwise | From |',
          '|---|---|---|',
          ...quirks.map(
            ({ models, says, source }) => `| \`${models.source.replaceAll('|', '\\|')}\` | ${says} | ${source} |`,
          ),
          '',
        ]),
  ];
}

/** What its examples give, in the order of the catalogue. */
const panelsOf = (profile: Profile): PanelName[] => {
  const given = profile.examples.flatMap(({ gives }) => gives);
  return (Object.keys(panels) as PanelName[]).filter((panel) =>
    given.some((told) => 'measured' in told && told.measured.panel === panel),
  );
};

const nameOf = (panel: PanelName): string => panels[panel].name.en.toLowerCase();
const anchorOf = (title: string): string => title.toLowerCase().replaceAll(' ', '-');

if (import.meta.main) writeFileSync(new URL('../docs/devices.md', import.meta.url), devicesPage());
