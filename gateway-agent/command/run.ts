import { type Clock, within } from '#runtime/clock.ts';
import { createLog, faultDetails } from '#runtime/log.ts';
import { agentLimits, createGatewayAgent } from '../agent.ts';
import { createAnnounce } from '../announcement.ts';
import { createControl } from '../control/server.ts';
import { identityOf } from '../identity/identity.ts';
import { openPapers } from '../identity/papers.ts';
import { createPasskeyDesk } from '../pairing/passkeys.ts';
import { chooseRadio } from '../radio/choose-radio.ts';
import { createSupervision } from '../supervision.ts';
import { exits, Misspoken, type Verb } from './verb.ts';

/** The agent as a process: SIGTERM or Ctrl-C ends it. */
export const run: Verb = {
  takes: '',
  says: {
    en: 'the gateway itself, until it is told to stop; a service runs it on a box of its own',
    zh: '运行网关本身，直到被停止；在专用设备上由系统服务运行',
  },
  run: async (words, { terminal, clock, random, config }) => {
    if (words.length > 0) throw new Misspoken();
    const identity = identityOf(config, terminal.language);
    const log = createLog(config.LOG_LEVEL).child({ service: 'gateway-agent' });
    const passkeys = createPasskeyDesk();
    const radio = await chooseRadio(
      config.GATEWAY_RADIO,
      { clock, log },
      {
        adapter: config.BLUETOOTH_ADAPTER,
        busAddress: config.BUS_ADDRESS,
        passkey: passkeys.passkey,
        deafAfterMs: config.DEAF_AFTER_HOURS * 3_600_000,
      },
    );
    const { source, mqttUrl, enrolled } = identity;
    const credential =
      enrolled?.credential.kind === 'certificate'
        ? openPapers({ clock, random, log }, config.DATA_DIR, enrolled)
        : identity.credential;
    const agent = createGatewayAgent(
      {
        radio,
        clock,
        random,
        log,
        passkeys,
        ...(config.GATEWAY_ANNOUNCE ? { announce: createAnnounce({ clock, log }, config.GATEWAY_ANNOUNCE) } : {}),
      },
      {
        source,
        credential,
        mqttUrl,
        dataDir: config.DATA_DIR,
        outboxBytes: config.OUTBOX_MB * 1024 * 1024,
        ...(config.TIME_ZONE ? { timeZone: config.TIME_ZONE } : {}),
        ...(config.DEVICES ? { devices: config.DEVICES } : {}),
      },
    );
    const control = createControl({ agent, clock, log }, config.DATA_DIR);
    const supervision = createSupervision({ clock, log }, process.env);
    // first the socket: who else runs on this folder must not be disturbed by us
    await control.start();
    try {
      await agent.start();
      log.info('the gateway is up', { source });
      supervision.start();
      const signal = await toldToEnd();
      log.info('the gateway stops', { signal });
      supervision.stop();
    } finally {
      await control.stop();
    }
    await inTime(clock, agent.stop()).catch((fault) => {
      log.error('the gateway did not stop in order', faultDetails(fault));
      process.exit(exits.ill);
    });
    // whatever a library still holds open
    process.exit(exits.well);
  },
};

const toldToEnd = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    process.on('SIGTERM', () => {});
    process.on('SIGINT', () => {});
  });

const inTime = (clock: Clock, stopping: Promise<void>) =>
  within(clock, agentLimits.stopMs, stopping, () => new Error('stopping took too long'));
