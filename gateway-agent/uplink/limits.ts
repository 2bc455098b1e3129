/** What the way to the server may take. */
export const uplinkLimits = {
  connectMs: 10_000,
  keepAliveS: 30,
  /** Readings in one message, and its bytes: the broker takes 64 KiB. */
  batch: 100,
  batchBytes: 48 * 1024,
  /** Readings sent and not receipted: the backlog waits then. The living never wait: the server judges what its broker has on disk. */
  unreceipted: 500,
  /** What was sent more often than this no longer counts among those: a reading that is never receipted must not hold up the others. */
  unreceiptedTries: 3,
  /** Readings of which it is known in memory that they were sent; of more the oldest are forgotten, and sent again some time. */
  remembered: 20_000,
  /** A reading with which the connection ended so often, when it was sent alone, no longer goes first on the next one. */
  aloneTries: 2,
  /** No receipt for so long: sent again, later each time. */
  receiptMs: 20_000,
  receiptMostMs: 10 * 60_000,
  /** For an answer of the broker. */
  pubackMs: 30_000,
  /** Heard so recently, a reading goes first. */
  liveMs: 15 * 60_000,
  backOff: { firstMs: 1_000, mostMs: 60_000 },
  /** The server that refuses this source is asked again at most so often: it was revoked, and a person must mend that. */
  refusedMostMs: 15 * 60_000,
  /** Status at least so often, and after a change at most so often. */
  statusMs: 5 * 60_000,
  statusPauseMs: 5_000,
  /** How often it looks for what is overdue, and for what has changed. */
  lookMs: 5_000,
  goodbyeMs: 2_000,
  /** The broker tells the time to whoever begins to listen; what is sent first waits so long for it. */
  timeMs: 3_000,
  /** A clock that is further from the server's is wrong: its readings are corrected, and people are told. */
  clockWithinMs: 60_000,
  /** What the server says of the time from outside of these years was never set. */
  serverYears: { from: Date.UTC(2026, 0, 1), to: Date.UTC(2100, 0, 1) },
  /** A clock goes on as time does: by more or less than this, somebody has set it. */
  stepMs: 10_000,
  /** Comparisons with the server's clock that are remembered. */
  comparisons: 8,
  /** Commands acted on at a time; more come again by themselves. */
  commands: 8,
};
export type UplinkLimits = typeof uplinkLimits;
