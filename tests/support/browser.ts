import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { builtConsole } from '../../runtime/setup/console.mjs';

/** The machine's own Chromium, and the console built for it. */

const programs = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export async function startBrowser(): Promise<Browser> {
  const executablePath = [process.env.CHROMIUM ?? '', ...programs].find((path) => path !== '' && existsSync(path));
  if (!executablePath)
    throw new Error('These tests need Chromium: install it (apt-get install chromium) or set CHROMIUM.');
  return chromium.launch({
    executablePath,
    args: [
      // the sandbox refuses to run as root
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--headless',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // all pages are of one site: a process for each costs more than the page
      '--renderer-process-limit=1',
    ],
  });
}

/** The one that `npm test` has built; else one of its own in `folder`. @returns where it lies */
export async function findConsole(folder: string): Promise<string> {
  const built = builtConsole();
  if (built) return built;
  const root = fileURLToPath(new URL('../../dashboards/console', import.meta.url));
  // tests say that they are tests, and React would then come as its makers use it: a third larger, and slow
  const mode = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    await build({ root, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
  } finally {
    process.env.NODE_ENV = mode;
  }
  return folder;
}

/** Whatever the browser complains about: faults of scripts, refusals of the content security policy, failed loads. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (fault) => complaints.push(`fault: ${fault.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  return complaints;
}
