import { writeFileSync } from 'node:fs';
import { type PanelName, panels, type Vital, vitals, vitalsOf } from '#domain/vitals.ts';
import { batteryUuids } from './profiles/battery.ts';
import { profiles, visited } from './profiles/catalogue.ts';
import { currentTimeUuids } from './profiles/current-time.ts';
import { deviceInformationUuids } from './profiles/device-information.ts';
import type { Profile } from './profiles/profile.ts';

/**
 * docs/devices.md, the devices that a gateway reads and those whose frames it understands, written from what the profiles declare: `node gateway-agent/devices-page.ts`.
 * A test keeps file and declarations equal.
 */
export function devicesPage(): string {
  const hex = (assigned: number) => `0x${assigned.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = [
    '# Devices',
    '',
    `**Read today: ${visited.map(({ title }) => title).join(' and ')}.** Every device that keeps to one of these standards is visited, whoever made it.`,
    'Of the other profiles here every frame is understood, but no gateway visits their devices yet: they must first be asked for their memory or',
    'for consent, or be listened to for a while, and a visit does not do that yet.',
    '',
    'Named are devices whose manners are known from captures or from the experience of other projects. This page is written from the profiles in',
    '`gateway-agent/profiles/` by `node gateway-agent/devices-page.ts`.',
    '',
    '| Profile | Service | Measures | Read today |',
    '|---|---|---|---|',
    ...profiles.map(
      (p) =>
        `| [${p.title}](#${anchorOf(p.title)}) | ${hex(p.service)} | ${panelsOf(p).map(nameOf).join(', ')} | ${visited.includes(p) ? 'yes' : 'not yet'} |`,
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
  const understood = measurements.map(({ name, characteristic, window, insteadOf }) => {
    const stream = window ? `; a stream, read as the median of ${window.lengthMs / 1000} steady seconds` : '';
    const instead = insteadOf === undefined ? '' : `; in place of ${hex(insteadOf)} where a device has both`;
    return `- understands ${name} ${hex(characteristic)}${stream}${instead}`;
  });
  return [
    `## ${title}`,
    '',
    ...(visited.includes(profile) ? [] : ['Not visited yet.', '']),
    ...panelsOf(profile).map(
      (panel) =>
        `- ${nameOf(panel)}: ${vitalsOf(panel)
          .map(
            (vital) =>
              `${vitals[vital].name.en.toLowerCase()} (${(vitals[vital] as Vital).unit}, LOINC ${vitals[vital].loinc})`,
          )
          .join(', ')}`,
    ),
    ...understood,
    ...reads.map(({ name, characteristic }) => `- understands ${name} ${hex(characteristic)}`),
    ...clocks.map(({ service, characteristic }) => `- clock: ${hex(characteristic)} in service ${hex(service)}`),
    ...(records
      ? [
          `- its memory is to be asked for at ${records.name} ${hex(records.characteristic)}, from the last known ${records.filter.replaceAll('-', ' ')} on`,
        ]
      : []),
    ...(consent
      ? [
          `- a user of it is to be asked for consent at ${consent.name} ${hex(consent.characteristic)}, where it has one`,
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
