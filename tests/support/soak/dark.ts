import type { HandedOver } from './words.ts';

/** When SIGKILL was sent and when the process was gone, ms since 1970: one that waits for the disk does not die before. */
export type Kill = { at: number; goneAt: number };
/** Every time a frame was accepted, ms since 1970, by `<address> <hexadecimal>`. */
export type Accepted = ReadonlyMap<string, readonly number[]>;

/** Had its gateway heard all of it? The first frame tells the moment of measuring and is like no other; those behind it may be like others. */
export function wasAccepted(accepted: Accepted, one: HandedOver): boolean {
  const times = (frame: string) => accepted.get(`${one.address} ${frame}`) ?? [];
  return one.frames.every((frame, n) => times(frame).some((at) => n === 0 || Math.abs(at - one.at) < settledMs));
}

/**
 * bluetoothd confirms an indication before any client has read it from the bus. A gateway that is killed with some of them unread was told
 * and did not hear, and the device has deleted them: nothing in a home can mend that. What excuses a loss is told apart strictly: a gateway reads what
 * is told in order, so that nothing told later may have been accepted in the same life; and of what comes after the kill only what comes before
 * the system has noticed that nobody listens any more.
 */
export function darkness(
  handedOver: readonly HandedOver[],
  accepted: Accepted,
  homeOf: (address: string) => number,
  kills: readonly Kill[],
): (one: HandedOver) => { afterKillMs: number } | undefined {
  const heard = handedOver.flatMap((one) =>
    (accepted.get(`${one.address} ${one.frames[0]}`) ?? [])
      // told again, it was accepted when it was told before, too
      .filter((at) => at > one.at - aboutMs)
      .map((acceptedAt) => ({ home: homeOf(one.address), at: one.at, acceptedAt })),
  );
  const heardIn = Map.groupBy(heard, ({ home }) => home);
  return (one) => {
    const nth = kills.findIndex(({ goneAt }) => goneAt > one.at - unnoticedMs);
    const kill = kills[nth];
    if (!kill) return undefined;
    const since = kills[nth - 1]?.goneAt ?? 0;
    const laterHeard = (heardIn.get(homeOf(one.address)) ?? []).some(
      ({ at, acceptedAt }) => at > one.at + aboutMs && acceptedAt > since && acceptedAt < kill.goneAt,
    );
    return laterHeard ? undefined : { afterKillMs: one.at - kill.at };
  };
}

/** From the end of a process until the bus has told bluetoothd, and it has taken the client's subscriptions back; on a busy machine. */
const unnoticedMs = 500;
/** The moment at which something was told is known so nearly: an indication takes an interval, and is looked for every now and then. */
const aboutMs = 150;
/** From telling to accepting at most; on a busy machine. */
const settledMs = 3_000;
