import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import type { ServerCredentials } from '#runtime/authority/authority.ts';
import { systemClock as clock, instant } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { seededRandom } from '#runtime/random.ts';
import { issueCode } from '#runtime/records/enrolment-codes.ts';
import { registerSource } from '#runtime/records/sources.ts';
import { type Credentials, keepCredentials, readCredentials } from '../../gateway-agent/identity/credentials.ts';
import { enrolBox } from '../../gateway-agent/identity/enrolment.ts';
import { openPapers, type PaperLimits, type Papers, paperLimits } from '../../gateway-agent/identity/papers.ts';
import { type Outbox, openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import type { UplinkLimits } from '../../gateway-agent/uplink/limits.ts';
import { createUplink, type Uplink } from '../../gateway-agent/uplink/uplink.ts';
import { testApi } from './api.ts';
import { testAuthority } from './authorities.ts';
import { brokers } from './brokers.ts';

/** What an enrolled box has, and the parts of it that speak to the platform. */
export type CertifiedBox = {
  dataDir: string;
  source: SourceId;
  outbox: Outbox;
  papers: Papers;
  uplink: Uplink;
  /** As it stands on disk. */
  kept(): Credentials;
};

/** Of a certificate, from when it is given. It is dated back by an hour. */
const lifeMs = 20 * 60_000;
const soon = { backOff: { firstMs: 50, mostMs: 200 }, lookMs: 100 };

/** An authority, an API and brokers over TLS for the tests of a file, and boxes that enrol with them; boxes and brokers end with their test. */
export function certifiedBoxes() {
  const { openBroker, records } = brokers();
  const ends: (() => unknown)[] = [];
  let room: Awaited<ReturnType<typeof testAuthority>>;
  let served: ServerCredentials;
  let api: Awaited<ReturnType<typeof testApi>>;
  let made = 0;
  beforeAll(async () => {
    room = await testAuthority({ clientDays: lifeMs / 86_400_000 });
    served = await room.authority.serverCredentials(['127.0.0.1']);
    api = await testApi({
      database: { url: '', records: records() },
      deps: { authority: room.authority },
      config: { https: { host: '127.0.0.1', port: 0, ...served } },
    });
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  afterAll(async () => {
    await api.stop();
    await room.stop();
  });

  const enrol = async (url = api.base): Promise<{ dataDir: string; source: SourceId }> => {
    const dataDir = mkdtempSync(join(tmpdir(), 'hearthbeat-certified-'));
    ends.push(() => rmSync(dataDir, { recursive: true, force: true }));
    const source = SourceId.parse(`box-${++made}`);
    const { code } = await codeFor(source);
    const enrolled = await enrolBox(clock, { url: new URL(url), code, wants: 'certificate', dataDir });
    if ('fault' in enrolled) throw new Error(enrolled.fault);
    return { dataDir, source };
  };
  const codeFor = async (source: SourceId) => {
    await registerSource(records(), { id: source, kind: 'gateway' });
    return issueCode(records(), { source, by: 'operator:test', now: clock.now() });
  };

  return {
    records,
    api: () => api,
    httpsUrl: () => `https://127.0.0.1:${api.api.httpsPort()}`,
    authority: () => room.authority,
    served: () => served,
    enrol,
    codeFor,
    /** A broker over TLS that looks every moment whether its sessions are still good, and to which the API sends boxes. */
    async openDoor(tls = served) {
      const opened = await openBroker({ tls, limits: { lookAgainMs: 200 } });
      api.config.mqttUrl = `mqtts://127.0.0.1:${opened.tlsPort}`;
      return opened;
    },
    /** The box takes up what it has on disk. */
    begin(
      { dataDir, source }: { dataDir: string; source: SourceId },
      limits: { papers?: Partial<PaperLimits>; uplink?: Partial<UplinkLimits> } = {},
    ): CertifiedBox {
      const kept = () => readCredentials(dataDir)!;
      const deps = { clock, random: seededRandom(1), log };
      const outbox = openOutbox(clock, join(dataDir, 'outbox.sqlite'));
      const papers = openPapers(deps, dataDir, kept(), { ...paperLimits, ...limits.papers });
      const uplink = createUplink(
        { ...deps, outbox },
        { source, signIn: papers, mqttUrl: kept().mqttUrl, status: () => ({}), limits: { ...soon, ...limits.uplink } },
      );
      papers.begin({ serverNow: () => clock.now(), renewed: uplink.signInAnew, changed: () => {} });
      ends.push(async () => {
        await papers.end();
        await uplink.close();
        outbox.close();
      });
      return { dataDir, source, outbox, papers, uplink, kept };
    },
    /** In front of the API: a way on which answers get lost as long as `loses`. */
    async lossyWay(): Promise<{ url: string; lost(): number; loses(answers: boolean): void }> {
      let loses = true;
      let lost = 0;
      const server: Server = createServer((asked, answer) => {
        const on = request(`${api.base}${asked.url}`, { method: asked.method, headers: asked.headers }, (answered) => {
          if (!loses) return void answered.pipe(answer.writeHead(answered.statusCode!, answered.headers));
          answered.resume().once('end', () => {
            lost += 1;
            answer.destroy();
          });
        });
        asked.pipe(on);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      ends.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
      return {
        url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
        lost: () => lost,
        loses: (answers) => {
          loses = answers;
        },
      };
    },
  };
}

/** As if most of the time of its certificate were over. */
export function aged(dataDir: string): void {
  const kept = readCredentials(dataDir)!;
  keepCredentials(dataDir, { ...kept, enrolledAt: instant(clock.now() - 2.5 * lifeMs) });
}
