import { createHash } from 'node:crypto';
import type { Refusal } from '#domain/admission.ts';
import type { SourceId } from '#domain/ids.ts';
import type { Within } from './connect.ts';
import { storableText } from './storable.ts';

/** What could not be admitted, kept whole for whoever looks into it. `detail` says what is wrong and quotes no value. */
export type Quarantined = {
  source: SourceId;
  /** ms since 1970. */
  receivedAt: number;
  reason: Refusal | 'refused-by-store';
  detail: string;
  ref: string | undefined;
  /** One reading as JSON, or a whole message that could not be read. */
  payload: Buffer;
};

/** The same refusal of the same thing from the same source is one row, however often it comes; the first time stays. */
export async function quarantine(db: Within, items: readonly Quarantined[]): Promise<void> {
  for (let i = 0; i < items.length; i += rowsPerStatement)
    await db
      .insertInto('quarantine')
      .values(items.slice(i, i + rowsPerStatement).map(rowOf))
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute();
}

const rowsPerStatement = 1_000;

const rowOf = (item: Quarantined) => ({
  key: createHash('sha256').update(`${item.source}|${item.reason}|`).update(item.payload).digest('hex'),
  source_id: item.source,
  received_at: new Date(item.receivedAt),
  reason: item.reason,
  detail: storableText(item.detail),
  ref: item.ref === undefined ? null : storableText(item.ref),
  payload: item.payload,
});
