import { z } from 'zod';

/** A source is a gateway, or a device that speaks MQTT itself. Its id stands in topics, so it names nobody. */
export const SourceId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'a source id is 1 to 64 of a-z, 0-9 and "-"')
  .brand<'SourceId'>();
export type SourceId = z.infer<typeof SourceId>;

/** A measuring device: its Bluetooth address (upper case, colons) or an id of its own. */
export const DeviceId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}$/, 'a device id is 1 to 64 of letters, digits and ": . _ -"')
  .brand<'DeviceId'>();
export type DeviceId = z.infer<typeof DeviceId>;

/** The first 32 hexadecimal digits of the SHA-256 of `identityOf(reading)`: the same measurement has the same id for ever. */
export const ReadingId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'a reading id is 32 hexadecimal digits')
  .brand<'ReadingId'>();
export type ReadingId = z.infer<typeof ReadingId>;

export const PatientId = z.uuid().brand<'PatientId'>();
export type PatientId = z.infer<typeof PatientId>;
export const TeamId = z.uuid().brand<'TeamId'>();
export type TeamId = z.infer<typeof TeamId>;
export const ClinicianId = z.uuid().brand<'ClinicianId'>();
export type ClinicianId = z.infer<typeof ClinicianId>;
export const AlertId = z.uuid().brand<'AlertId'>();
export type AlertId = z.infer<typeof AlertId>;
export const TaskId = z.uuid().brand<'TaskId'>();
export type TaskId = z.infer<typeof TaskId>;
export const PageId = z.uuid().brand<'PageId'>();
export type PageId = z.infer<typeof PageId>;
