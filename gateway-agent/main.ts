import { SetupFault } from '#domain/errors.ts';
import { systemClock, within } from '#runtime/clock.ts';
import { createLog, faultDetails } from '#runtime/log.ts';
import { systemRandom } from '#runtime/random.ts';
import { agentLimits, createGatewayAgent } from './agent.ts';
import { chooseRadio } from './choose-radio.ts';
import { readConfig } from './config.ts';

/** One gateway as a process: `node gateway-agent/main.ts`, configured by the environment; SIGTERM or Ctrl-C ends it. */
async function run(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config.LOG_LEVEL).child({ service: 'gateway-agent' });
  const clock = systemClock;
  const radio = await chooseRadio(
    config.GATEWAY_RADIO,
    { clock, log },
    { adapter: config.BLUETOOTH_ADAPTER, busAddress: config.BUS_ADDRESS },
  );
  const agent = createGatewayAgent(
    { radio, clock, random: systemRandom, log },
    {
      source: config.GATEWAY_SOURCE,
      secret: config.GATEWAY_SECRET,
      mqttUrl: config.MQTT_URL,
      dataDir: config.DATA_DIR,
      ...(config.TIME_ZONE ? { timeZone: config.TIME_ZONE } : {}),
      ...(config.DEVICES ? { devices: config.DEVICES } : {}),
    },
  );
  agent.onCommand((command) => log.info('the platform asks for something', { ...command }));
  await agent.start();
  log.info('the gateway is up', { source: config.GATEWAY_SOURCE });

  let ending = false;
  const end = (signal: NodeJS.Signals) => {
    if (ending) return;
    ending = true;
    log.info('the gateway stops', { signal });
    within(clock, agentLimits.stopMs, agent.stop(), () => new Error('stopping took too long')).then(
      () => process.exit(0),
      (fault) => {
        log.error('the gateway did not stop in order', faultDetails(fault));
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

run().catch((fault) => {
  console.error(fault instanceof SetupFault ? fault.message : fault);
  process.exit(1);
});
