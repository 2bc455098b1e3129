import { describe } from 'vitest';
import { createBluezRadio } from '../../gateway-agent/bluez-radio.ts';
import { createDbusRadio } from '../../gateway-agent/dbus-radio.ts';
import type { CreateRadio } from '../support/radio-room.ts';
import { radioContract } from './radio.ts';
import { radioOutages } from './radio-outages.ts';
import { radioRaces } from './radio-races.ts';

const adapters: [string, CreateRadio][] = [
  ['node-ble', createBluezRadio],
  ['D-Bus', createDbusRadio],
];

describe.each(adapters)('a radio on %s', (_name, createRadio) => radioContract(createRadio));

describe.each(adapters)('a radio on %s, with something broken below', (_name, createRadio) =>
  radioOutages(createRadio),
);

describe.each(adapters)('a radio on %s, with several things at once', (_name, createRadio) => radioRaces(createRadio));
