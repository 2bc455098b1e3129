import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Mail } from '#domain/views.ts';
import { MailList } from '../answers.ts';
import { notFound } from '../problems.ts';
import type { ApiConfig, Web } from '../web.ts';

/** The neighbourhood's mail catch-all, so that a page can be seen without a mail server. Absent where none is attached. */

const mailsAtMost = 100;
const filesAtMost = 5_000;
const mailBytesAtMost = 256 * 1024;

export function mailboxRoutes(app: Web, { mailboxDir }: ApiConfig): void {
  app.get(
    '/api/v1/mailbox',
    {
      schema: {
        summary: 'The latest mails that the neighbourhood caught, newest first',
        tags: ['neighbourhood'],
        response: { 200: MailList },
      },
    },
    async () => {
      if (mailboxDir === undefined) throw notFound();
      return { mails: await latestMails(mailboxDir) };
    },
  );
}

async function latestMails(folder: string): Promise<Mail[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).slice(0, filesAtMost);
  const files = await Promise.all(
    names.map(async (name) => {
      const status = await stat(join(folder, name)).catch(() => undefined);
      return status?.isFile() && status.size <= mailBytesAtMost ? [{ name, writtenAt: status.mtimeMs }] : [];
    }),
  );
  const newest = files
    .flat()
    .sort((a, b) => b.writtenAt - a.writtenAt)
    .slice(0, mailsAtMost);
  const mails = await Promise.all(newest.map(({ name }) => readMail(join(folder, name))));
  return mails.flat().sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

/** Nothing for a file that is half written, or just gone: it comes with the next look. */
async function readMail(path: string): Promise<Mail[]> {
  try {
    const mail = Mail.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return mail.success ? [mail.data] : [];
  } catch {
    return [];
  }
}
