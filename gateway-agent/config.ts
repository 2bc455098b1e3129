import { z } from 'zod';
import { SetupFault } from '#domain/errors.ts';
import { DeviceId, SourceId } from '#domain/ids.ts';
import { defaultRadio, radioKinds } from './radio/choose-radio.ts';

/**
 * Configuration of one gateway: environment variables, parsed once by main.ts and handed on as a value. On a box of its own they stand in
 * /etc/hearthbeat/gateway.env, for the service and the command line alike.
 */

type Variable = { schema: z.ZodType; default: string | undefined; says: string; secret?: true };

const isZone = (name: string) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
};

export const variables = {
  GATEWAY_SOURCE: {
    schema: SourceId.optional(),
    default: undefined,
    says: 'The source id the platform gave this gateway. Not set: as this box was enrolled.',
  },
  GATEWAY_SECRET: {
    schema: z.string().min(16).optional(),
    default: undefined,
    says: 'The token that belongs to GATEWAY_SOURCE.',
    secret: true,
  },
  MQTT_URL: {
    schema: z.url({ protocol: /^mqtts?$/, error: 'must be a URL that starts with mqtt:// or mqtts://' }).optional(),
    default: undefined,
    says: 'Where the platform listens. Not set: as it said at the enrolment, else mqtt://127.0.0.1:1883.',
  },
  DATA_DIR: {
    schema: z.string().min(1),
    default: '.data/gateway',
    says: 'Folder of the outbox, the credentials and the list of devices. It must survive a restart.',
  },
  BLUETOOTH_ADAPTER: {
    schema: z.string().regex(/^hci\d+$/, 'must be hci and a number'),
    default: 'hci0',
    says: 'The Bluetooth adapter to listen with.',
  },
  GATEWAY_RADIO: {
    schema: z.enum(radioKinds),
    default: defaultRadio,
    says: 'How devices are spoken to: dbus, or node-ble should a device do better with it.',
  },
  BUS_ADDRESS: {
    schema: z.string().min(1).optional(),
    default: undefined,
    says: 'D-Bus address where org.bluez lives. Not set: the system bus.',
  },
  TIME_ZONE: {
    schema: z.string().refine(isZone, 'must be an IANA time zone, such as Asia/Shanghai').optional(),
    default: undefined,
    says: 'Zone in which the devices of this home tell time. Not set: the zone of this machine.',
  },
  DEVICES: {
    schema: z
      .union([
        z.literal('any'),
        z
          .string()
          .transform((text) => text.split(',').map((one) => one.trim().toUpperCase()))
          .pipe(z.array(DeviceId)),
      ])
      .optional(),
    default: undefined,
    says: "Bluetooth addresses, with commas between, of devices to visit beside those that were paired by command. any: every one with a known profile, the neighbours' too.",
  },
  DEAF_AFTER_HOURS: {
    schema: z
      .string()
      .regex(/^\d{1,4}(\.\d{1,4})?$/, 'must be a number of hours')
      .transform(Number)
      .refine((hours) => hours > 0, 'must be more than 0'),
    default: '26',
    says: 'Having heard nothing at all for so long, the gateway reports that it may be deaf. Every care plan has one measurement a day at least.',
  },
  GATEWAY_ANNOUNCE: {
    schema: z.string().startsWith('/', 'must be an absolute path').optional(),
    default: undefined,
    says: 'Program that asks at home for another measurement, by a lamp, a beep or a voice; the device is its only argument. Not set: nobody is asked.',
  },
  OUTBOX_MB: {
    schema: z
      .string()
      .regex(/^\d{1,6}$/, 'must be a whole number of megabytes')
      .transform(Number)
      .refine((megabytes) => megabytes >= 8, 'must be 8 or more'),
    default: '256',
    says: 'What the outbox may take of the disk, in MB; a reading that waits takes about 1 kB. An alarm is raised at 70 % of it.',
  },
  LOG_LEVEL: {
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    default: 'info',
    says: 'How much is logged: debug, info, warn or error.',
  },
} as const satisfies Record<string, Variable>;

export type Config = Readonly<{ [Name in keyof typeof variables]: z.infer<(typeof variables)[Name]['schema']> }>;

/** @throws SetupFault naming each variable that is wrong, what is wrong with it and what is allowed. Never prints a value of a secret. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const parsed: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, variable] of Object.entries<Variable>(variables)) {
    const given = environment[name];
    const text = given === undefined || given === '' ? variable.default : given;
    const result = variable.schema.safeParse(text);
    if (result.success) parsed[name] = result.data;
    else if (text === undefined) faults.push(`${name}: must be set. ${variable.says}`);
    else {
      const shown = variable.secret ? 'its value' : `"${text}"`;
      faults.push(
        `${name}: ${shown} is not allowed (${result.error.issues[0]?.message ?? 'invalid'}). ${variable.says}`,
      );
    }
  }
  for (const [one, other] of [
    ['GATEWAY_SOURCE', 'GATEWAY_SECRET'],
    ['GATEWAY_SECRET', 'GATEWAY_SOURCE'],
  ] as const)
    if (environment[other] && !environment[one]) faults.push(`${one}: must be set where ${other} is.`);
  if (faults.length > 0) throw new SetupFault(faults.join('\n'));
  return parsed as Config;
}
