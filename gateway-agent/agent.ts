import { join } from 'node:path';
import type { Command } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { type Clock, instant, within } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Random } from '#runtime/random.ts';
import type { Health, Service } from '#runtime/service.ts';
import type { Announce } from './announcement.ts';
import { actOn } from './commands.ts';
import { type Home, type HomeDevice, openHome } from './home.ts';
import { fixed, type Papers } from './identity/papers.ts';
import type { Outbox } from './outbox/outbox.ts';
import { openOrSalvage } from './outbox/salvage.ts';
import type { IntroductionEnd } from './pairing/introduction.ts';
import { createIntroductions, type Introducer } from './pairing/introductions.ts';
import type { PasskeyDesk } from './pairing/passkeys.ts';
import { profiles } from './profiles/catalogue.ts';
import { createNearby, type Neighbour } from './radio/nearby.ts';
import type { Advertisement, Radio } from './radio/radio.ts';
import { sigUuid } from './radio/uuid.ts';
import { createRest } from './rest.ts';
import { type GatewayStatus, statusOf } from './status.ts';
import type { ConnectionTrouble, Credential } from './uplink/connection.ts';
import { createUplink, type Uplink } from './uplink/uplink.ts';
import { streamLimits } from './visit/limits.ts';
import { settleFrames } from './visit/settle.ts';
import { createStays } from './visit/stays.ts';
import { visit } from './visit/visit.ts';

/**
 * The gateway in a home: hears devices advertise, visits those that were introduced to it, keeps what they say in the outbox, and sends it up until
 * the server has receipted it. Nobody at home has to do anything.
 */
export type GatewayConfig = {
  source: SourceId;
  /** What this source signs in with for as long as it runs; or the certificate, which is renewed meanwhile. */
  credential: Credential | Papers;
  mqttUrl: string;
  /** Holds `outbox.sqlite` and `home.json`. */
  dataDir: string;
  /** IANA name of the zone in which the home's devices tell time; default: that of this machine. */
  timeZone?: string;
  /**
   * Devices to visit beside those that were introduced by `introduce`; a neighbour's cuff next door advertises, too, and whoever visits it empties its
   * memory. `any`: every device that speaks a profile we visit, for rooms in which all devices are ours.
   */
  devices?: readonly string[] | 'any';
  /** What the outbox may take of the disk; default `limits.bytes` of `outbox/layout.ts`. */
  outboxBytes?: number;
};

export type GatewayAgent = Service & {
  /** Tells what the platform asks for, besides acting on it; the answer takes the listener away. May be called before start. */
  onCommand(run: (command: Command) => void): () => void;
  /** Readings that wait for a receipt. */
  waiting(): number;
  /** How everything stands; for the one who looks after the box. */
  state(): GatewayState;
  /** Heard advertising within the last minutes, introduced or not. */
  nearby(): Neighbour[];
  /**
   * Makes a device one of this home: waits until it advertises, pairs and visits it, and remembers it. One at a time.
   * Rejects when the outbox cannot be written.
   */
  introduce(device: string, who: Introducer): Promise<IntroductionEnd>;
  /** It is no longer of this home, and its pairing is undone. What was heard from it stays and goes up. Rejects with a RadioFault. */
  dismiss(device: string): Promise<void>;
};

export type GatewayState = {
  source: string;
  mqttUrl: string;
  connected: boolean;
  /** Why not, where that is more than a server that is away. */
  trouble?: ConnectionTrouble['kind'];
  health: Health;
  /** Which devices are visited. */
  visits: 'any' | 'introduced';
  home: readonly HomeDevice[];
  /** How many frames and readings are kept aside on this box, by reason. */
  aside: { reason: string; count: number }[];
  /** As the platform gets it. */
  status: GatewayStatus;
};

export const agentLimits = {
  /** Devices visited at a time that have something to tell and go. A controller holds about seven links. */
  visits: 4,
  /** Beside them, those that are listened to for as long as they speak: worn oximeters, straps, sensors. Others never wait for these. */
  stays: { staying: 3, passing: 1 },
  /** Heard so long ago, a device no longer counts as near. */
  nearMs: 5 * 60_000,
  /** How the radio stands is looked at this often, and told when it has changed. */
  radioMs: 2_000,
  /** Frames that no visit could settle are looked at again this often, once they are as old as that. */
  tidyMs: 60_000,
  /** On stopping, visits have so long to take their leave before the radio is shut. */
  leaveMs: 3_000,
  stopMs: 15_000,
} as const;

/** This software was not written before; a clock that says so was never set. */
const clockSetAfter = Date.UTC(2026, 0, 1);

export function createGatewayAgent(
  deps: { radio: Radio; clock: Clock; random: Random; log: Log; passkeys?: PasskeyDesk; announce?: Announce },
  config: GatewayConfig,
): GatewayAgent {
  const { radio, clock, random, log, passkeys, announce } = deps;
  const zone = config.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const papers = 'current' in config.credential ? config.credential : undefined;
  const listeners = new Set<(command: Command) => void>();
  const visiting = new Map<string, { name: string; done: Promise<void>; quit: AbortController }>();
  const stays = createStays(agentLimits.stays);
  const rest = createRest(clock);
  const near = createNearby(clock);
  const stopping = new AbortController();
  const endVisit = async (address: string) => {
    visiting.get(address)?.quit.abort();
    await visiting.get(address)?.done;
  };
  const introductions = createIntroductions(
    { clock, log, near, rest, passkeys },
    { endVisit, stopping: stopping.signal },
  );
  let home: Home | undefined;
  let outbox: Outbox | undefined;
  let uplink: Uplink | undefined;
  let stopWatching = () => {};
  let stopTidying = () => {};
  let stopLooking = () => {};

  const status = () => statusOf(clock, { outbox, home, near, radio, uplink, papers, dataDir: config.dataDir });

  const isOurs = (address: string): boolean =>
    config.devices === 'any' ||
    config.devices?.includes(address) ||
    home?.has(address) === true ||
    introductions.of(address) !== undefined;

  const heard = (advertisement: Advertisement) => {
    const { address } = advertisement;
    const neighbour = near.hear(advertisement);
    if (!outbox || stopping.signal.aborted || visiting.has(address)) return;
    if (visiting.size - stays.taken() >= agentLimits.visits) return;
    if (!isOurs(address) || rest.isResting(address)) return;
    // what cannot be kept is not fetched: the device still has it
    if (!outbox.hasRoom()) return;
    // nor what could not be dated: small computers wake up in the past and learn the time from the network
    if (clock.now() < clockSetAfter) return;
    const on = outbox;
    const introducing = introductions.of(address);
    introducing?.visiting({
      ...(neighbour.name === undefined ? {} : { name: neighbour.name }),
      profiles: neighbour.profiles,
    });
    const quit = new AbortController();
    const streamEveryMs = () => (home?.seconds('stream') ?? streamLimits.everyMs / 1_000) * 1_000;
    const name = random.uuid();
    const options = {
      name,
      zone,
      kept: () => uplink?.nudge(),
      quit: quit.signal,
      ...(neighbour.rssi === undefined ? {} : { rssi: neighbour.rssi }),
      streamEveryMs,
      clockIsWrong: () => uplink?.clockIsWrong() ?? false,
      // whoever introduces a device waits for the end of its first visit
      ...(introducing ? {} : { stays }),
    };
    const made = visit({ radio, outbox: on, clock, random, log }, address, options).then((report) => {
      log.info('a device was visited', { device: address, ...report });
      rest.after(address, report.readings, report.backAfterMs);
      introducing?.visited(report);
      uplink?.tell();
    });
    const done = made
      .catch((fault) => {
        log.error('a visit could not be made, or what came of it not be told', faultDetails(fault));
        rest.after(address, 0);
      })
      .finally(() => visiting.delete(address));
    visiting.set(address, { name, done, quit });
  };

  /** What an earlier life, a full disk, or a link that was lost between two halves left unsettled: the latter may come again, whole, before `afterMs`. */
  const tidy = (afterMs: number) => {
    if (!outbox) return;
    try {
      const byVisit = Map.groupBy(outbox.unsettled(), (frame) => frame.visit);
      const underWay = new Set([...visiting.values()].map(({ name }) => name));
      for (const [name, frames] of byVisit) {
        if (underWay.has(name) || Math.abs(clock.now() - frames.at(-1)!.heardAt) < afterMs) continue;
        try {
          if (settleFrames(outbox, frames, true, zone).readings > 0) uplink?.nudge();
        } catch (fault) {
          log.warn('the frames of a visit could not be settled, they stay on disk', faultDetails(fault));
        }
      }
    } catch (fault) {
      log.warn('what is unsettled could not be read, it stays on disk', faultDetails(fault));
    }
  };

  const health = (): Health => {
    const heardBy = radio.health();
    if (!outbox) return { state: 'down', detail: 'not started' };
    if (clock.now() < clockSetAfter) return { state: 'down', detail: 'the clock of this machine is not set' };
    if (!outbox.hasRoom()) return { state: 'down', detail: 'the outbox is full' };
    if (heardBy.state !== 'ok') return { state: heardBy.state, detail: heardBy.detail };
    if (!config.devices && home?.devices().length === 0)
      return { state: 'degraded', detail: 'no device was introduced yet' };
    const { fill, bytes, mostBytes, waiting } = outbox.standing();
    if (fill !== 'ok') {
      const percent = Math.round((100 * bytes) / mostBytes);
      return { state: 'degraded', detail: `the outbox is ${percent} % full: ${waiting} readings wait for the server` };
    }
    if (uplink?.clockIsWrong()) return { state: 'degraded', detail: clockFault(uplink.clockOffsetMs() ?? 0) };
    const trouble = uplink?.trouble();
    if (trouble) return { state: 'degraded', detail: `${connectionTroubles[trouble.kind]} (${trouble.code})` };
    if (!uplink?.isConnected()) return { state: 'degraded', detail: 'not connected to the server' };
    const standing = papers?.standing();
    if (standing?.trouble)
      return {
        state: 'degraded',
        detail: `the certificate ends ${instant(standing.notAfter)} and could not be renewed (${standing.trouble})`,
      };
    return { state: 'ok' };
  };

  return {
    name: 'gateway-agent',
    start: async () => {
      home = openHome({ clock, log }, config.dataDir);
      outbox = openOrSalvage({ clock, log }, join(config.dataDir, 'outbox.sqlite'), config.outboxBytes);
      tidy(0);
      const { source, credential, mqttUrl } = config;
      const signIn = papers ?? fixed(credential as Credential);
      const statusMs = () => {
        const seconds = home?.seconds('status');
        return seconds === undefined ? undefined : seconds * 1_000;
      };
      uplink = createUplink({ outbox, clock, random, log }, { source, signIn, mqttUrl, status, statusMs });
      const acting = {
        home,
        isOurs,
        log,
        ...(announce ? { announce } : {}),
        tellListeners: (command: Command) => {
          for (const run of listeners) run(command);
          return listeners.size;
        },
        sendStatus: () => uplink?.tell(),
        intervalChanged: () => uplink?.tell(),
      };
      uplink.onCommand((command) => actOn(command, acting));
      papers?.begin({
        serverNow: () => clock.now() - (uplink?.clockOffsetMs() ?? 0),
        renewed: () => uplink?.signInAnew(),
        changed: () => uplink?.tell(),
      });
      stopTidying = clock.every(agentLimits.tidyMs, () => tidy(agentLimits.tidyMs));
      let toldRadio = radio.health().state;
      stopLooking = clock.every(agentLimits.radioMs, () => {
        const { state } = radio.health();
        if (state !== toldRadio) uplink?.tell();
        toldRadio = state;
      });
      stopWatching = radio.watch(
        profiles.map(({ service }) => sigUuid(service)),
        heard,
      );
    },
    stop: async () => {
      stopWatching();
      stopTidying();
      stopLooking();
      stopping.abort();
      for (const { quit } of visiting.values()) quit.abort();
      const left = Promise.all([...visiting.values()].map(({ done }) => done));
      await within(clock, agentLimits.leaveMs, left, () => new Error('late')).catch(() => {});
      await radio.close();
      await left;
      await papers?.end();
      await uplink?.close();
      outbox?.close();
      outbox = undefined;
      uplink = undefined;
    },
    health,
    onCommand: (run) => {
      listeners.add(run);
      return () => listeners.delete(run);
    },
    waiting: () => outbox?.count() ?? 0,
    state: () => ({
      source: config.source,
      mqttUrl: config.mqttUrl,
      connected: uplink?.isConnected() ?? false,
      ...(uplink?.trouble() ? { trouble: uplink.trouble()?.kind } : {}),
      health: health(),
      visits: config.devices === 'any' ? 'any' : 'introduced',
      home: home?.devices() ?? [],
      aside: outbox?.asideByReason() ?? [],
      status: status(),
    }),
    nearby: () => near.within(agentLimits.nearMs),
    introduce: async (device, who) => {
      if (!home || !outbox) throw new Error('the gateway was not started');
      const end = await introductions.introduce({ home, outbox }, device, who);
      uplink?.tell();
      return end;
    },
    dismiss: async (device) => {
      home?.dismiss(device);
      outbox?.notes.forget(device);
      rest.clear(device);
      uplink?.tell();
      await radio.forget(device);
    },
  };
}

const connectionTroubles: Record<ConnectionTrouble['kind'], string> = {
  refused: 'the server refuses this box: its access was withdrawn, replaced or has ended',
  untrusted: 'the server cannot prove that it is the one this box was enrolled with, nothing is sent to it',
};

const clockFault = (offsetMs: number): string => {
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  return `the clock of this machine is ${minutes} min ${offsetMs > 0 ? 'ahead' : 'behind'}`;
};
