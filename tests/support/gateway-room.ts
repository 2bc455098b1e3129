import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { vitalIn } from '#domain/reading.ts';
import { type Clock, systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { seededRandom, systemRandom } from '#runtime/random.ts';
import { createGatewayAgent, type GatewayAgent, type GatewayConfig } from '../../gateway-agent/agent.ts';
import { createDbusRadio } from '../../gateway-agent/radio/dbus-radio.ts';
import { createSimulatedBluez, type SimulatedBluez } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import {
  type BloodPressureCuff,
  type BloodPressureCuffConfig,
  createBloodPressureCuff,
} from '../../simulators/peripherals/blood-pressure-cuff.ts';
import { type ReceiptingServer, startReceiptingServer } from './receipting-server.ts';
import { secret, source } from './uplinks.ts';

/** Of the cuff that is meant where none is named. */
export const address = 'AA:BB:CC:00:00:01';

export type GatewayRoom = {
  bus: Bus;
  bluez: SimulatedBluez;
  server: ReceiptingServer;
  dataDir: string;
  /** Not started yet; whichever stands here is stopped after the test. */
  agent: GatewayAgent;
  agentWith(config?: Partial<GatewayConfig>, clock?: Clock): GatewayAgent;
  cuffWith(config?: Partial<BloodPressureCuffConfig>): BloodPressureCuff;
  /** Of all readings that the server has got. */
  systolics(): (number | undefined)[];
};

/** From a cuff to the far end of the uplink, every part on the way a real one; each test of the file that calls this has its own. */
export function gatewayRoom(): GatewayRoom {
  const room = {
    agentWith: (config = {}, clock = systemClock) =>
      createGatewayAgent(
        {
          radio: createDbusRadio({ clock, log: silentLog }, { adapter: 'hci0', busAddress: room.bus.address }),
          clock,
          random: systemRandom,
          log: silentLog,
        },
        {
          source,
          credential: { secret },
          mqttUrl: `mqtt://127.0.0.1:${room.server.port()}`,
          dataDir: room.dataDir,
          timeZone: 'UTC',
          devices: 'any',
          ...config,
        },
      ),
    cuffWith: (config = {}) =>
      createBloodPressureCuff(room.bluez, {
        adapter: 'hci0',
        address,
        model: 'UA-651BLE',
        connectMs: 5,
        discoverMs: 10,
        pairMs: 5,
        hangsUpAfterMs: 30,
        ...config,
      }),
    systolics: () => room.server.readings.map((reading) => vitalIn(reading, 'systolic')),
  } as GatewayRoom;
  beforeEach(async () => {
    room.dataDir = mkdtempSync(join(tmpdir(), 'hearthbeat-gateway-'));
    room.bus = await startBus();
    room.bluez = createSimulatedBluez(
      { clock: systemClock, random: seededRandom(1) },
      { busAddress: room.bus.address, adapters: ['hci0'], advertisingIntervalMs: 50, disconnectLingerMs: 20 },
    );
    await room.bluez.start();
    room.server = await startReceiptingServer(source, secret);
    room.agent = room.agentWith();
  });
  afterEach(async () => {
    await room.agent.stop();
    await room.server.down().catch(() => {});
    await room.bluez.stop();
    await room.bus.stop();
    rmSync(room.dataDir, { recursive: true, force: true });
  });
  return room;
}
