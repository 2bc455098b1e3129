import { readFileSync } from 'node:fs';
import { SetupFault } from '#domain/errors.ts';

/** Whom a server runs as. Undefined everywhere means: as this process, which is not root. */
export type Account = { name: string; uid: number; gid: number };

/** PostgreSQL refuses to run as root, and no server has to: root hands each to the first of these accounts there is. */
const unprivileged = ['postgres', 'nobody'];

/** @throws SetupFault when this process is root and the machine has no unprivileged account of a known name. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n').map(accountOf);
  for (const name of unprivileged) {
    const found = accounts.find((account) => account.name === name && account.uid > 0);
    if (found) return found;
  }
  throw new SetupFault(
    `PostgreSQL does not run as root and this machine has no account ${unprivileged.join(' or ')}: make one with "useradd --system postgres", or start Hearthbeat as an ordinary user.`,
  );
}

function accountOf(line: string): Account {
  const [name = '', , uid, gid] = line.split(':');
  return { name, uid: Number(uid), gid: Number(gid) };
}
