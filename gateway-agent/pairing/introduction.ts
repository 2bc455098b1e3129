import type { Clock } from '#runtime/clock.ts';
import type { VisitReport } from '../visit/visit.ts';

/**
 * A device is introduced to the gateway: somebody stands beside it, has been told what to press, and waits. From its next advertisement on it is
 * visited like one of the home, which pairs it; whether that went well decides whether it becomes one. Decisions only: the agent visits.
 */
export type IntroductionNews =
  /** It has not been heard yet. */
  | { news: 'waiting' }
  /** It is heard, and being spoken to. */
  | { news: 'visiting'; name?: string; profiles: string[] }
  /** It shows six digits, and `passkeyWithinMs` remain to type them. */
  | { news: 'passkey-wanted' }
  /** That did not go well; at its next advertisement there is another attempt. */
  | { news: 'trying-again'; reason: string };

/**
 * `refused`: it would not pair. `passkey-refused`: the digits were not those it showed. `passkey-missing`: nobody typed them. `not-heard`: it never
 * advertised. `not-served`: it was heard, and no visit succeeded. `canceled`: whoever asked has gone. `busy`: another device is being introduced.
 * `home-full`: too many devices.
 */
export const introductionFaults = [
  'refused',
  'passkey-refused',
  'passkey-missing',
  'not-heard',
  'not-served',
  'canceled',
  'busy',
  'home-full',
] as const;
export type IntroductionFault = (typeof introductionFaults)[number];
/** `trouble`: why it cannot be served yet, in a word. */
export type IntroductionEnd = { introduced: true; trouble?: string } | { introduced: false; reason: IntroductionFault };

export const introductionLimits = {
  /** Somebody must find the device, read the hint and press a button. */
  wholeMs: 180_000,
  visits: 8,
  /** BlueZ gives up a pairing after 30 s. */
  passkeyWithinMs: 28_000,
} as const;

export type Introduction = {
  readonly device: string;
  readonly end: Promise<IntroductionEnd>;
  visiting(about: { name?: string; profiles: string[] }): void;
  visited(report: Pick<VisitReport, 'readings' | 'end' | 'paired'>): void;
  /** For the passkey desk. */
  askPasskey(): Promise<number | undefined>;
  cancel(): void;
};

/** @param passkey asks the one who stands there. */
export function createIntroduction(
  clock: Clock,
  device: string,
  { tell, passkey }: { tell: (news: IntroductionNews) => void; passkey: () => Promise<number | undefined> },
  wholeMs: number = introductionLimits.wholeMs,
): Introduction {
  const { promise: end, resolve } = Promise.withResolvers<IntroductionEnd>();
  let visits = 0;
  let refusals = 0;
  let asked: 'no' | 'typed' | 'nothing typed' = 'no';
  const fail = (reason: IntroductionFault) => finish({ introduced: false, reason });
  const stopWaiting = clock.after(wholeMs, () => fail(visits === 0 ? 'not-heard' : 'not-served'));
  const finish = (how: IntroductionEnd) => {
    stopWaiting();
    resolve(how);
  };
  tell({ news: 'waiting' });

  return {
    device,
    end,
    visiting: (about) => {
      asked = 'no';
      tell({ news: 'visiting', ...about });
    },
    visited: (report) => {
      visits++;
      if (served(report)) return finish({ introduced: true });
      if (report.end === 'pairing-refused') {
        refusals++;
        if (asked !== 'no') return fail(asked === 'typed' ? 'passkey-refused' : 'passkey-missing');
        // some refuse because they know no pairing at all: the next visit does without
        if (refusals > 1) return fail('refused');
      }
      if (visits >= introductionLimits.visits) return fail('not-served');
      tell({ news: 'trying-again', reason: report.end });
    },
    askPasskey: async () => {
      asked = 'nothing typed';
      tell({ news: 'passkey-wanted' });
      const digits = await passkey();
      if (digits !== undefined) asked = 'typed';
      return digits;
    },
    cancel: () => fail('canceled'),
  };
}

/** Many hang up the moment they are paired: those were served, too. */
const served = ({ readings, end, paired }: Pick<VisitReport, 'readings' | 'end' | 'paired'>): boolean =>
  readings > 0 || end === 'device' || end === 'gateway' || (paired && end === 'link-lost');
