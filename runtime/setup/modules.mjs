import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './children.mjs';
import { requireWritable, root, SetupFault } from './machine.mjs';

const lockFile = join(root, 'package-lock.json');
const modules = join(root, 'node_modules');
const stamp = join(modules, '.hearthbeat-installed');

/** Installs the node modules when package-lock.json is not the one they were installed from. */
export async function installModules(progress) {
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  if (!installedByHand()) {
    for (const folder of [root, modules]) requireWritable(folder, 'the node modules are installed');
    await progress.step('Installing node modules (the first time takes a minute or two)', runNpmCi);
  }
  try {
    writeFileSync(stamp, wanted);
  } catch {
    // modules that somebody else installed for us: they are compared again at the next start
  }
}

/** Whoever has run npm himself is not made to wait again: what npm noted of it is what the lock file says. */
function installedByHand() {
  const noted = join(modules, '.package-lock.json');
  if (!existsSync(noted)) return false;
  const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const there = packagesOf(noted);
  return Object.entries(packagesOf(lockFile)).every(
    ([path, { version, optional }]) => path === '' || there[path]?.version === version || (optional && !there[path]),
  );
}

/** Without install scripts: no package of ours needs one, and none shall run unseen. */
async function runNpmCi() {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const [program, before] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const { code, output } = await runProgram([program, ...before, ...args]);
  if (code !== 0) throw new SetupFault(sentenceFor(output));
}

function sentenceFor(output) {
  const cause = /code (E[A-Z0-9]+)/.exec(output)?.[1] ?? /\b(E[A-Z]{4,})\b/.exec(output)?.[1] ?? 'no code';
  if (/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|FETCH_ERROR/.test(output)) {
    return `The npm registry cannot be reached (${cause}): check the network, or "npm config get registry", and begin again.`;
  }
  if (/ENOSPC/.test(output)) return 'The disk is full: make 1 GB of room and begin again.';
  if (/EACCES|EPERM|EROFS/.test(output)) {
    const path = /path:? '?([^'\n]+?)'?$/m.exec(output)?.[1] ?? "npm's cache";
    return `npm may not write to ${path} (${cause}): make it yours with chown, or set npm_config_cache to a folder of your own.`;
  }
  if (/EUSAGE/.test(output))
    return 'package-lock.json does not fit package.json: take both as they are in git, or run "npm install".';
  if (/spawn npm ENOENT/.test(output)) return 'npm was not found: install it beside Node and begin again.';
  return `npm could not install the node modules (${cause}): run "npm ci" to see its whole output.`;
}
