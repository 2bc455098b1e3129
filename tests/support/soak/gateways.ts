import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock as clock } from '#runtime/clock.ts';
import { createLog, silentLog } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { createGatewayAgent } from '../../../gateway-agent/agent.ts';
import { openOutbox } from '../../../gateway-agent/outbox/outbox.ts';
import { chooseRadio, defaultRadio } from '../../../gateway-agent/radio/choose-radio.ts';
import type { Radio } from '../../../gateway-agent/radio/radio.ts';
import { type GatewaysAsk, type GatewaysOrder, type GatewaysReport, heardLog } from './words.ts';

/**
 * Several gateways, as one process, so that their memory is known and they can be killed: `node --expose-gc gateways.ts <GatewaysOrder>`.
 * SOAK_LOG=1 lets them tell what they do, for whoever looks for the cause of a loss.
 */
const log = process.env.SOAK_LOG ? createLog('debug') : silentLog;
const order: GatewaysOrder = JSON.parse(process.argv[2]!);

/** After the agent has heard a frame, it stands in this file, which survives the process: what it accepted it must not lose. */
function writingDown(radio: Radio, path: string): Radio {
  const file = openSync(path, 'a');
  return {
    ...radio,
    connect: (address, hear, ...rest) =>
      radio.connect(
        address,
        (heard) => {
          hear(heard);
          writeSync(file, `${clock.now()} ${address} ${heard.bytes.toString('hex')}\n`);
        },
        ...rest,
      ),
  };
}

const agents = await Promise.all(
  order.homes.map(async ({ busAddress, source, secret, mqttUrl, dataDir }) => {
    const outbox = openOutbox(clock, join(dataDir, 'outbox.sqlite'));
    for (const { address, user, code } of order.consents) outbox.notes.setConsent(address, { user, code });
    outbox.close();
    const radio = writingDown(
      await chooseRadio(defaultRadio, { clock, log }, { adapter: 'hci0', busAddress }),
      join(dataDir, heardLog),
    );
    const config = { source, credential: { secret }, mqttUrl, dataDir, timeZone: 'UTC', devices: 'any' } as const;
    const agent = createGatewayAgent({ radio, clock, random, log }, config);
    await agent.start();
    return agent;
  }),
);

process.on('message', async ({ ask }: GatewaysAsk) => {
  if (ask === 'stop') {
    await Promise.all(agents.map((agent) => agent.stop()));
    process.disconnect();
    return;
  }
  globalThis.gc!();
  const { heapUsed, rss } = process.memoryUsage();
  const waiting = agents.reduce((sum, agent) => sum + agent.waiting(), 0);
  const report: GatewaysReport = { waiting, heapBytes: heapUsed, residentBytes: rss };
  process.send!(report);
});
// a parent that died leaves nobody to stop for
process.on('disconnect', () => clock.after(0, () => process.exit(0)));
process.send!('ready');
