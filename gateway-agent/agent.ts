import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { type Clock, instant, within } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Random } from '#runtime/random.ts';
import type { Service } from '#runtime/service.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import { visited } from './profiles/catalogue.ts';
import type { Advertisement, Radio } from './radio.ts';
import { settleFrames, type VisitReport, visit } from './session.ts';
import { createUplink, type Uplink } from './uplink.ts';
import { sigUuid } from './uuid.ts';

/**
 * The gateway in a home: hears devices advertise, visits them, keeps what they say in the outbox, and sends it up until the server has
 * receipted it. Nobody at home has to do anything.
 */
export type GatewayConfig = {
  source: SourceId;
  /** The token this source was given. */
  secret: string;
  mqttUrl: string;
  /** Holds `outbox.sqlite`. */
  dataDir: string;
  /** IANA name of the zone in which the home's devices tell time; default: that of this machine. */
  timeZone?: string;
  /** Only these devices are visited; absent: every one that speaks a profile we visit. The server has the last word either way. */
  devices?: readonly string[];
};

export type GatewayAgent = Service & {
  /** `measure-again` and what may follow; the answer takes the listener away. May be called before start. */
  onCommand(run: (command: Command) => void): () => void;
  /** Readings that wait for a receipt. */
  waiting(): number;
};

export const agentLimits = {
  /** Devices visited at a time. A controller holds about seven links. */
  visits: 4,
  /** After a visit that brought nothing new, the device is left alone for longer each time: it may advertise for minutes. */
  rest: { firstMs: 1_000, mostMs: 30_000 },
  devicesRemembered: 256,
  /** Frames that no visit could settle are looked at again this often. */
  tidyMs: 60_000,
  /** On stopping, visits have so long to take their leave before the radio is shut. */
  leaveMs: 3_000,
  stopMs: 15_000,
} as const;

/** This software was not written before; a clock that says so was never set. */
const clockSetAfter = Date.UTC(2026, 0, 1);

const software = 'hearthbeat-gateway 0.1.0';

export function createGatewayAgent(
  { radio, clock, random, log }: { radio: Radio; clock: Clock; random: Random; log: Log },
  config: GatewayConfig,
): GatewayAgent {
  const zone = config.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const listeners = new Set<(command: Command) => void>();
  const visiting = new Map<string, Promise<void>>();
  const resting = new Map<string, { until: number; ms: number }>();
  const stopping = new AbortController();
  let outbox: Outbox | undefined;
  let uplink: Uplink | undefined;
  let stopWatching = () => {};
  let stopTidying = () => {};

  const status = () => ({
    at: instant(clock.now()),
    software,
    waiting: outbox?.count() ?? 0,
    devices: (outbox?.devices(64) ?? []).map(({ device, heardAt, battery }) => ({
      device,
      heardAt: instant(heardAt),
      ...(battery === undefined ? {} : { battery }),
    })),
  });

  const heard = ({ address }: Advertisement) => {
    if (!outbox || stopping.signal.aborted || visiting.has(address) || visiting.size >= agentLimits.visits) return;
    if (config.devices && !config.devices.includes(address)) return;
    if ((resting.get(address)?.until ?? 0) > clock.now()) return;
    // what cannot be kept is not fetched: the device still has it
    if (!outbox.hasRoom()) return;
    // nor what could not be dated: small computers wake up in the past and learn the time from the network
    if (clock.now() < clockSetAfter) return;
    const on = outbox;
    const options = { zone, kept: () => uplink?.nudge(), quit: stopping.signal };
    const done = visit({ radio, outbox: on, clock, random, log }, address, options).then((report) => {
      visiting.delete(address);
      log.info('a device was visited', { device: address, ...report });
      rest(address, report);
      uplink?.tell();
    });
    visiting.set(address, done);
  };

  const rest = (address: string, { readings }: VisitReport) => {
    const { firstMs, mostMs } = agentLimits.rest;
    const before = resting.get(address)?.ms ?? firstMs / 2;
    const ms = readings > 0 ? firstMs : Math.min(before * 2, mostMs);
    resting.delete(address);
    resting.set(address, { until: clock.now() + ms, ms });
    const oldest = resting.keys().next();
    if (resting.size > agentLimits.devicesRemembered && !oldest.done) resting.delete(oldest.value);
  };

  /** What an earlier life, or a full disk, left unsettled. */
  const tidy = () => {
    if (!outbox) return;
    try {
      const byVisit = Map.groupBy(outbox.unsettled(), (frame) => frame.visit);
      for (const frames of byVisit.values()) {
        if (frames.some((frame) => visiting.has(frame.device))) continue;
        const { readings } = settleFrames(outbox, frames, true, zone);
        if (readings > 0) uplink?.nudge();
      }
    } catch (fault) {
      log.warn('frames could not be settled, they stay on disk', faultDetails(fault));
    }
  };

  return {
    name: 'gateway-agent',
    start: async () => {
      outbox = openOrBegin(clock, join(config.dataDir, 'outbox.sqlite'), log);
      tidy();
      const { source, secret, mqttUrl } = config;
      uplink = createUplink({ outbox, clock, random, log }, { source, secret, mqttUrl, status });
      uplink.onCommand((command) => {
        for (const run of listeners) run(command);
      });
      stopTidying = clock.every(agentLimits.tidyMs, tidy);
      stopWatching = radio.watch(
        visited.map(({ service }) => sigUuid(service)),
        heard,
      );
    },
    stop: async () => {
      stopWatching();
      stopTidying();
      stopping.abort();
      const left = Promise.all(visiting.values());
      await within(clock, agentLimits.leaveMs, left, () => new Error('late')).catch(() => {});
      await radio.close();
      await left;
      await uplink?.close();
      outbox?.close();
      outbox = undefined;
      uplink = undefined;
    },
    health: () => {
      const heardBy = radio.health();
      if (!outbox) return { state: 'down', detail: 'not started' };
      if (clock.now() < clockSetAfter) return { state: 'down', detail: 'the clock of this machine is not set' };
      if (!outbox.hasRoom()) return { state: 'down', detail: 'the outbox is full' };
      if (heardBy.state !== 'ok') return { state: heardBy.state, detail: heardBy.detail };
      return uplink?.isConnected() ? { state: 'ok' } : { state: 'degraded', detail: 'not connected to the server' };
    },
    onCommand: (run) => {
      listeners.add(run);
      return () => listeners.delete(run);
    },
    waiting: () => outbox?.count() ?? 0,
  };
}

/**
 * A file that cannot be read must not silence the home: it is moved aside, for inspection, and a new one begun.
 */
function openOrBegin(clock: Clock, path: string, log: Log): Outbox {
  try {
    return openOutbox(clock, path);
  } catch (fault) {
    const code = (fault as { errcode?: number }).errcode;
    if (code !== 11 && code !== 26) throw fault; // SQLITE_CORRUPT, SQLITE_NOTADB
    const aside = `${path}.damaged-${clock.now()}`;
    log.error('the outbox is damaged: it was moved aside, and a new one begun', { aside });
    for (const end of ['', '-wal', '-shm'])
      try {
        renameSync(path + end, aside + end);
      } catch {
        // not every file of the three need be there
      }
    return openOutbox(clock, path);
  }
}
