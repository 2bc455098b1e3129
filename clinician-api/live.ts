import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import { type Change, listen } from '#runtime/records/changes.ts';
import type { Records } from '#runtime/records/connect.ts';
import type { Listening } from '#runtime/records/listening.ts';
import { checkSession, type SignedIn } from '#runtime/records/sessions.ts';

/**
 * Live changes for everybody who looks at a screen: one listener on PostgreSQL, one stream of server-sent events per tab.
 * A stream carries the changes of its clinician's teams, and ids only; it lives as long as the session does.
 */

const keepAliveMs = 15_000;
/** Whoever is disabled, signed out elsewhere or moved to another team is noticed within so long. */
const recheckMs = 30_000;
const streamsPerSession = 8;
const streamsAtMost = 2_000;
/** A tab that has not taken so much is dropped: it reconnects and looks again. About 1,000 changes. */
const unsentBytesAtMost = 256 * 1024;

export type Live = {
  start(): void;
  stop(): Promise<void>;
  connected(): boolean;
  /** Takes the reply over and streams until the session ends. */
  open(signedIn: SignedIn, reply: FastifyReply): 'opened' | 'too-many-streams';
  /** Ends the streams of a session that was closed. */
  end(session: string | undefined): void;
};

type Stream = { session: string; teams: Set<string>; response: ServerResponse };

export function createLive(
  { records, clock, log }: { records: Records; clock: Clock; log: Log },
  { databaseUrl }: { databaseUrl: string },
): Live {
  const streams = new Set<Stream>();
  let listening: Listening | undefined;
  let stopTimers: (() => void)[] = [];
  let rechecking = false;

  const send = (stream: Stream, text: string) => {
    stream.response.write(text);
    if (stream.response.writableLength > unsentBytesAtMost) stream.response.destroy();
  };
  const tell = (change: Change) => {
    const text = `event: change\ndata: ${JSON.stringify(change)}\n\n`;
    for (const stream of streams) if (stream.teams.has(change.team)) send(stream, text);
  };
  const tellGap = () => {
    for (const stream of streams) send(stream, 'event: gap\ndata: {}\n\n');
  };
  const endWhere = (ends: (stream: Stream) => boolean) => {
    for (const stream of streams) if (ends(stream)) stream.response.end();
  };

  /** While the database is away nothing is told either, so streams may wait for its answer. */
  const recheck = async () => {
    if (rechecking) return;
    rechecking = true;
    try {
      for (const session of new Set([...streams].map((stream) => stream.session))) {
        const signedIn = await checkSession(records, session, clock.now());
        if (!signedIn) endWhere((stream) => stream.session === session);
        else
          for (const stream of streams)
            if (stream.session === session) stream.teams = new Set(signedIn.teams.map((team) => team.id));
      }
    } catch (fault) {
      log.warn('Sessions of live streams could not be checked', faultDetails(fault));
    } finally {
      rechecking = false;
    }
  };

  return {
    start: () => {
      listening = listen(databaseUrl, clock, tell, tellGap);
      stopTimers = [
        clock.every(keepAliveMs, () => {
          for (const stream of streams) send(stream, ': still here\n\n');
        }),
        clock.every(recheckMs, () => void recheck()),
      ];
    },
    stop: async () => {
      for (const stop of stopTimers) stop();
      endWhere(() => true);
      await listening?.stop();
    },
    connected: () => listening?.connected() ?? false,
    end: (session) => endWhere((stream) => stream.session === session),
    open: (signedIn, reply) => {
      const mine = [...streams].filter((stream) => stream.session === signedIn.session);
      if (mine.length >= streamsPerSession || streams.size >= streamsAtMost) return 'too-many-streams';
      const response = reply.raw;
      const stream: Stream = {
        session: signedIn.session,
        teams: new Set(signedIn.teams.map((team) => team.id)),
        response,
      };
      reply.hijack();
      response.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // a proxy that collects the stream would make it late
        'x-accel-buffering': 'no',
      });
      streams.add(stream);
      response.on('close', () => streams.delete(stream));
      response.on('error', () => streams.delete(stream));
      response.write('retry: 2000\n\n');
      return 'opened';
    },
  };
}
