import { describe } from 'vitest';
import { createDbusRadio } from '../../gateway-agent/radio/dbus-radio.ts';
import { radioContract } from './radio.ts';
import { radioOutages } from './radio-outages.ts';
import { radioRaces } from './radio-races.ts';

describe('a radio on D-Bus', () => radioContract(createDbusRadio));
describe('a radio on D-Bus, with something broken below', () => radioOutages(createDbusRadio));
describe('a radio on D-Bus, with several things at once', () => radioRaces(createDbusRadio));
