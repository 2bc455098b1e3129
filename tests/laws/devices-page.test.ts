import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { devicesPage } from '../../gateway-agent/devices-page.ts';

it('the page of supported devices is what the profiles declare', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/devices.md'), 'utf8')).toBe(devicesPage());
});
