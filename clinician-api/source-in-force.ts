import type { DeviceId, SourceId } from '#domain/ids.ts';
import type { Records } from '#runtime/records/connect.ts';
import { findRegistrations } from '#runtime/records/devices.ts';
import { findSource, type Source } from '#runtime/records/sources.ts';
import { notFound, Refusal } from './problems.ts';

/** Through what devices may come. */

/** @throws Refusal where there is no such source, or it was shut out. */
export async function sourceInForce(records: Records, id: SourceId): Promise<Source> {
  const source = await findSource(records, id);
  if (!source) throw notFound();
  if (source.revokedAt) throw wasShutOut();
  return source;
}

/** @throws Refusal where the device is registered with another source: it is moved only by who says so, for somebody may measure with it there. */
export async function mustNotMove(records: Records, device: DeviceId, source: SourceId): Promise<void> {
  const before = (await findRegistrations(records, [device])).get(device)?.source;
  if (before !== undefined && before !== source)
    throw new Refusal({ status: 409, code: 'device-elsewhere', detail: `It is registered with ${before}.` });
}

export const wasShutOut = (): Refusal =>
  new Refusal({ status: 409, code: 'source-revoked', detail: 'It was shut out: register another one.' });
