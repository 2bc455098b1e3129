import { z } from 'zod';
import { SetupFault } from '#domain/errors.ts';
import { channelVariables } from './config/channels.ts';
import {
  anyDays,
  canaryEvery,
  days,
  key,
  mebibytes,
  oneOf,
  port,
  seconds,
  text,
  url,
  type Variable,
} from './config/values.ts';

/**
 * All configuration of the platform: environment variables, parsed once by whoever starts it and handed on as a value.
 * The gateway in a home has its own, in gateway-agent/config.ts.
 */

/** What a person reads in `npm run config`. An undefined default means: not set. */
export const variables = {
  DATA_DIR: {
    schema: text,
    default: '.data',
    says: 'Folder for everything Hearthbeat keeps on this machine: secrets, journal, and the servers it starts itself.',
  },
  HTTP_HOST: { schema: text, default: '127.0.0.1', says: 'Address on which console and API listen.' },
  HTTP_PORT: { schema: port, default: '8080', says: 'Port of console and API.' },
  PUBLIC_URL: {
    schema: url('http', 'https'),
    default: undefined,
    says: 'Address under which people and boxes reach the platform; stands in pages. Default: http://127.0.0.1:HTTP_PORT.',
  },
  HTTPS_PORT: {
    schema: port,
    default: undefined,
    says: 'Port of console and API over TLS. Not set: only HTTP_PORT, for a proxy that ends TLS.',
  },
  HTTPS_HOST: { schema: text, default: '0.0.0.0', says: 'Address on which HTTPS_PORT listens.' },
  HTTPS_CERT_FILE: {
    schema: text,
    default: undefined,
    says: 'Certificate for HTTPS_PORT with its chain, PEM; read again as it changes. Not set: one of our own authority.',
  },
  HTTPS_KEY_FILE: { schema: text, default: undefined, says: 'Key of HTTPS_CERT_FILE, PEM without a passphrase.' },
  MQTT_PORT: { schema: port, default: '1883', says: 'Port for MQTT 3.1.1, unencrypted, on 127.0.0.1 only.' },
  MQTTS_PORT: { schema: port, default: '8883', says: 'Port for MQTT 3.1.1 over TLS.' },
  MQTTS_HOST: { schema: text, default: '127.0.0.1', says: 'Address on which MQTTS_PORT listens; 0.0.0.0 for homes.' },
  MQTT_PUBLIC_URL: {
    schema: url('mqtt', 'mqtts'),
    default: undefined,
    says: 'Where gateways are told to publish when they enrol. Default: mqtts://, the host of PUBLIC_URL, MQTTS_PORT.',
  },
  AUTHORITY_PASSPHRASE: {
    schema: key,
    default: undefined,
    says: 'Opens the key of our own authority. Not set: made at first start, see DATA_DIR/secrets.json.',
    secret: true,
  },
  AUTHORITY_PASSPHRASE_FILE: {
    schema: text,
    default: undefined,
    says: 'File that holds AUTHORITY_PASSPHRASE instead.',
  },
  AUTHORITY_FORMER_PASSPHRASE_FILE: {
    schema: text,
    default: undefined,
    says: 'For one start, when the passphrase changes: file that holds the former one.',
  },
  CERTIFICATE_DAYS: {
    schema: days,
    default: '90',
    says: 'How long the certificate of a box is good; boxes renew theirs when a third of it is left.',
  },
  DATABASE_URL: {
    schema: url('postgres', 'postgresql'),
    default: undefined,
    says: 'PostgreSQL of your own. Not set: one is started and supervised under DATA_DIR.',
    secret: true,
  },
  POSTGRES_PORT: { schema: port, default: '15432', says: 'Port of the PostgreSQL that Hearthbeat starts itself.' },
  INFLUX_URL: {
    schema: url('http', 'https'),
    default: undefined,
    says: 'InfluxDB 1.x, 2.x or 3.x of your own. Not set: a 1.x is started under DATA_DIR, where influxd is installed.',
  },
  INFLUX_TOKEN: {
    schema: text,
    default: undefined,
    says: 'Token at INFLUX_URL, for 2.x and 3.x. With one that may only read and write, make the databases yourself.',
    secret: true,
  },
  INFLUX_ORG: {
    schema: text,
    default: undefined,
    says: 'Organisation at an InfluxDB 2.x, where INFLUX_TOKEN sees several.',
  },
  INFLUX_USER: { schema: text, default: undefined, says: 'User name at an InfluxDB 1.x.' },
  INFLUX_PASSWORD: { schema: text, default: undefined, says: 'Password at an InfluxDB 1.x.', secret: true },
  INFLUX_DATABASE: {
    schema: text,
    default: 'vitals',
    says: 'InfluxDB database for readings; rollups: with _1h and _1d behind it.',
  },
  INFLUX_PORT: { schema: port, default: '18086', says: 'Port of the InfluxDB that Hearthbeat starts itself.' },
  RETENTION_READINGS_DAYS: {
    schema: anyDays,
    default: undefined,
    says: 'Days for which readings are kept; older ones are removed. Not set: for ever. The law may ask for 15 years or more.',
  },
  RETENTION_CONTINUOUS_DAYS: {
    schema: anyDays,
    default: undefined,
    says: 'The same for what is worn and measures all day, whose rollups stay. Not set: as RETENTION_READINGS_DAYS.',
  },
  RETENTION_ROLLUPS_DAYS: {
    schema: anyDays,
    default: undefined,
    says: 'Days for which rollups by hour and by day are kept, at least as long as what is worn. Not set: for ever.',
  },
  REDIS_URL: {
    schema: url('redis', 'rediss'),
    default: undefined,
    says: 'Redis for the job queue. Not set: the queue lives in PostgreSQL.',
    secret: true,
  },
  ...channelVariables,
  PAGE_GROUP_SECONDS: {
    schema: seconds,
    default: '60',
    says: 'For how long pages to one person wait for each other, so that many alerts are one message. The first critical one never waits.',
  },
  OPERATOR_EMAIL: {
    schema: z.email().describe('a mail address'),
    default: undefined,
    says: 'Who is told by mail, through SMTP_URL, when a part of the platform itself does not work. Not set: nobody.',
  },
  CANARY_SECONDS: {
    schema: canaryEvery,
    default: '300',
    says: 'How often the auditor sends a canary reading through the whole platform: 120 to 3600 seconds, or off.',
  },
  CANARY_MQTT_URL: {
    schema: url('mqtt', 'mqtts'),
    default: undefined,
    says: 'By which door the canary comes in. Default: MQTTS_PORT of this machine, as the homes do.',
  },
  HEARTBEAT_URL: {
    schema: url('http', 'https'),
    default: undefined,
    says: 'Asked every minute while the auditor finds all well; whoever is there tells people when it stays away. Not set: nobody outside watches.',
    secret: true,
  },
  HEARTBEAT_METHOD: { schema: oneOf('GET', 'POST'), default: 'GET', says: 'How HEARTBEAT_URL is asked: GET or POST.' },
  MAILBOX_DIR: {
    schema: text,
    default: undefined,
    says: "Folder of the neighbourhood's mail catch-all; set, the console shows its mail. Never set it in a hospital.",
  },
  JOURNAL_MIB: {
    schema: mebibytes,
    default: '4096',
    says: 'Most that readings may take on disk, in MiB, until they are recorded and judged; at it, sources keep new ones.',
  },
  LOG_LEVEL: {
    schema: oneOf('debug', 'info', 'warn', 'error'),
    default: 'info',
    says: 'How much is logged: debug, info, warn or error.',
  },
} as const satisfies Record<string, Variable>;

type Variables = typeof variables;
type Parsed = {
  [Name in keyof Variables]:
    | z.infer<Variables[Name]['schema']>
    | (Variables[Name]['default'] extends undefined ? undefined : never);
};

/** Keys as in the environment, so that a message, a log line and this file use one name. */
export type Config = Readonly<
  Omit<Parsed, 'PUBLIC_URL' | 'MQTT_PUBLIC_URL'> & { PUBLIC_URL: string; MQTT_PUBLIC_URL: string }
>;

/**
 * An empty variable counts as one that is not set.
 * @throws SetupFault naming each variable that is wrong, its value unless that is a secret, and what is allowed.
 */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const parsed: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, variable] of Object.entries<Variable>(variables)) {
    const given = environment[name] || variable.default;
    if (given === undefined) continue;
    const result = variable.schema.safeParse(given);
    if (result.success) parsed[name] = result.data;
    else faults.push(faultOf(name, variable, given));
  }
  faults.push(...sharedPorts(parsed));
  if (faults.length > 0) throw new SetupFault(faults.join('\n'));
  const config = parsed as Parsed;
  const publicUrl = config.PUBLIC_URL ?? `http://127.0.0.1:${config.HTTP_PORT}`;
  const { hostname } = new URL(publicUrl);
  return {
    ...config,
    PUBLIC_URL: publicUrl,
    MQTT_PUBLIC_URL: config.MQTT_PUBLIC_URL ?? `mqtts://${hostname}:${config.MQTTS_PORT}`,
  };
}

function faultOf(name: string, variable: Variable, given: string): string {
  const shown = variable.secret ? 'its value' : JSON.stringify(given);
  return `${name}: ${shown} is not ${variable.schema.description}.`;
}

function sharedPorts(parsed: Record<string, unknown>): string[] {
  const ports = Object.entries(parsed).filter(([name]) => name.endsWith('_PORT'));
  return ports.flatMap(([name, number], at) => {
    const first = ports.slice(0, at).find(([, other]) => other === number)?.[0];
    return first ? [`${name}: ${number} is the port of ${first} already; set one of them to another.`] : [];
  });
}
