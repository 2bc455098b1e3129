import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

/** A fault that a person must mend: its message is one sentence that says what to do. The twin of domain/errors.ts. */
export class SetupFault extends Error {}

export const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');

const oldest = 20;
/** From here on Node runs TypeScript as it is without a warning. */
const able = [24, 12];

/** @throws SetupFault where Hearthbeat cannot run at all */
export function checkMachine() {
  const [major] = versionOf(process.versions.node);
  if (major < oldest) {
    throw new SetupFault(
      `Node ${process.versions.node} is too old: install Node ${oldest} or newer, then begin again.`,
    );
  }
  if (process.platform !== 'linux') {
    throw new SetupFault('Hearthbeat runs on Linux: on macOS or Windows use a virtual machine, a container or WSL 2.');
  }
  if (existsSync('/etc/alpine-release')) {
    throw new SetupFault('Hearthbeat needs a Linux with glibc: use Debian or Ubuntu instead of Alpine.');
  }
}

/** The Node that runs the platform: this one where it is able, else the one that npm installed. */
export function ableNode() {
  const [major, minor] = versionOf(process.versions.node);
  if (major > able[0] || (major === able[0] && minor >= able[1])) return process.execPath;
  const installed = join(root, 'node_modules/.bin/node');
  if (existsSync(installed)) return installed;
  throw new SetupFault(
    `npm has no Node ${able[0]} for this machine (${process.arch}): install Node ${able.join('.')} or newer yourself.`,
  );
}

/** @param what is to happen there, for the sentence */
export function requireWritable(folder, what) {
  try {
    if (existsSync(folder)) accessSync(folder, constants.W_OK);
  } catch {
    throw new SetupFault(`You may not write to ${folder}, where ${what}: clone Hearthbeat into a folder of your own.`);
  }
}

const versionOf = (text) => text.split('.').map(Number);
