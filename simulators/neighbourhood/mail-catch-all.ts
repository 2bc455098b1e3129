import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import type { Mail } from '#domain/views.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';

/** So many messages are kept; the oldest go first. */
const keptAtMost = 200;
const largestMessage = 256 * 1024;

export type MailCatchAll = { port: number; stop(): Promise<void> };

/**
 * A real SMTP server on loopback that accepts every message and delivers none: each becomes a JSON file (a Mail) in `folder`,
 * which the console shows. It answers 250 only when the file is there.
 */
export async function startMailCatchAll(
  deps: { clock: Clock; random: Random },
  options: { folder: string; port: number; onMail?: (mail: Mail) => void },
): Promise<MailCatchAll> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    size: largestMessage,
    logger: false,
    onData(stream, session, done) {
      keep(
        deps,
        options.folder,
        stream,
        session.envelope.rcptTo.map((to) => to.address),
      ).then(
        (mail) => {
          done();
          options.onMail?.(mail);
        },
        () => done(new Error('the message could not be kept')),
      );
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  // a client that breaks off is its own trouble
  server.on('error', () => {});
  const address = server.server.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function keep(
  { clock, random }: { clock: Clock; random: Random },
  folder: string,
  stream: Parameters<typeof simpleParser>[0],
  to: string[],
): Promise<Mail> {
  const message = await simpleParser(stream);
  const at = instant(clock.now());
  const mail: Mail = {
    id: `${at.replaceAll(/[:.]/g, '-')}-${random.uuid().slice(0, 8)}`,
    at,
    from: message.from?.text ?? '',
    to,
    subject: message.subject ?? '',
    text: message.text ?? '',
  };
  await writeFile(join(folder, `${mail.id}.new`), JSON.stringify(mail), { mode: 0o600 });
  await rename(join(folder, `${mail.id}.new`), join(folder, `${mail.id}.json`));
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  for (const file of files.slice(0, -keptAtMost)) await rm(join(folder, file), { force: true });
  return mail;
}
