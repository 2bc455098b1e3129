import { describe } from 'vitest';
import { createBluezRadio } from '../../gateway-agent/radio/bluez-radio.ts';
import { radioContract } from './radio.ts';
import { radioOutages } from './radio-outages.ts';
import { radioRaces } from './radio-races.ts';

describe('a radio on node-ble', () => radioContract(createBluezRadio));
describe('a radio on node-ble, with something broken below', () => radioOutages(createBluezRadio));
describe('a radio on node-ble, with several things at once', () => radioRaces(createBluezRadio));
