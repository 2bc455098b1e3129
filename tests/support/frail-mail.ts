import type { AddressInfo, Socket } from 'node:net';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

/** The moments of handing over a mail, in their order. `taken`: it has been read whole, and not yet answered. */
export const mailMoments = ['connected', 'recipient', 'half-read', 'taken', 'answered'] as const;
export type MailMoment = (typeof mailMoments)[number];

export type FrailMail = {
  url: string;
  /** The texts of mails that were read whole, whether or not anybody was told so. */
  taken: string[];
  /** Once, when the moment comes: the conversation waits until it is over. */
  strikeAt(moment: MailMoment, blow: () => Promise<void>): Promise<void>;
  /** Open ones, and mails that came whole and stand in no list yet. */
  conversations(): number;
  /** As if it were killed: every connection breaks, and nobody listens until `begin`. */
  kill(): Promise<void>;
  begin(): Promise<void>;
};

/** A real SMTP server on loopback in whose conversations something may happen at a moment. */
export async function startFrailMail(): Promise<FrailMail> {
  const taken: string[] = [];
  let planned: { moment: MailMoment; blow: () => Promise<void>; struck: () => void } | undefined;
  let server: SMTPServer;
  const sockets = new Set<Socket>();
  let parsing = 0;

  const pass = async (moment: MailMoment): Promise<void> => {
    if (planned?.moment !== moment) return;
    const { blow, struck } = planned;
    planned = undefined;
    await blow();
    struck();
  };

  const begin = async (port = 0): Promise<void> => {
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      onConnect: (_, done) => void pass('connected').then(() => done()),
      onRcptTo: (_, __, done) => void pass('recipient').then(() => done()),
      onData: (stream, _, done) => {
        const pieces: Buffer[] = [];
        let half: Promise<void> | undefined;
        stream.on('data', (piece: Buffer) => {
          pieces.push(piece);
          half ??= pass('half-read');
        });
        stream.on('end', async () => {
          parsing += 1;
          await half;
          taken.push((await simpleParser(Buffer.concat(pieces))).text ?? '');
          parsing -= 1;
          await pass('taken');
          done();
          await pass('answered');
        });
      },
    });
    server.on('error', () => {});
    server.server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  };
  await begin();
  const { port } = server!.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    taken,
    strikeAt: (moment, blow) =>
      new Promise((struck) => {
        planned = { moment, blow, struck };
      }),
    conversations: () => sockets.size + parsing,
    kill: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.server.close(() => resolve()));
    },
    begin: () => begin(port),
  };
}
