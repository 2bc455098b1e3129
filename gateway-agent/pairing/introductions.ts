import { DeviceId } from '#domain/ids.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Log } from '#runtime/log.ts';
import { type Home, HomeFull } from '../home.ts';
import type { ConsentNote } from '../outbox/device-notes.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Nearby } from '../radio/nearby.ts';
import type { Rest } from '../rest.ts';
import { createIntroduction, type Introduction, type IntroductionEnd, type IntroductionNews } from './introduction.ts';
import type { PasskeyDesk } from './passkeys.ts';

/** Whoever stands beside the device: hears how it goes, and gives what the device wants to know. Their `quit` ends it. */
export type Introducer = {
  tell: (news: IntroductionNews) => void;
  passkey: () => Promise<number | undefined>;
  /** As whom a scale with several users lets the gateway in. */
  consent?: ConsentNote;
  quit: AbortSignal;
};

/** Devices become devices of the home, one at a time. */
export type Introductions = {
  /** The one of this device, while it lasts. */
  of(device: string): Introduction | undefined;
  introduce(into: { home: Home; outbox: Outbox }, device: string, who: Introducer): Promise<IntroductionEnd>;
};

/** @param endVisit resolves when no visit to this device is under way any more. @param stopping ends all. */
export function createIntroductions(
  deps: { clock: Clock; log: Log; near: Nearby; rest: Rest; passkeys?: PasskeyDesk | undefined },
  { endVisit, stopping }: { endVisit: (device: string) => Promise<void>; stopping: AbortSignal },
): Introductions {
  const { clock, log, near, rest, passkeys } = deps;
  let current: Introduction | undefined;

  /** Before its first visit: what the device did while nobody stood there is no reason now. */
  const prepare = async ({ notes }: Outbox, device: string, consent: ConsentNote | undefined) => {
    // a visit that knows nothing of passkey and consent must not be taken for the first
    await endVisit(device);
    if (notes.of(device)?.refusesPairing) notes.note(device, { refusesPairing: undefined });
    if (consent) notes.setConsent(device, consent);
    rest.clear(device);
  };

  const welcome = (home: Home, outbox: Outbox, device: string): IntroductionEnd => {
    const neighbour = near.of(device);
    try {
      home.introduce({
        device: DeviceId.parse(device),
        ...(neighbour?.name === undefined ? {} : { name: neighbour.name }),
        profiles: neighbour?.profiles ?? [],
      });
    } catch (fault) {
      if (fault instanceof HomeFull) return { introduced: false, reason: 'home-full' };
      throw fault;
    }
    log.info('a device was introduced', { device });
    const trouble = outbox.notes.of(device)?.trouble;
    return { introduced: true, ...(trouble ? { trouble } : {}) };
  };

  return {
    of: (device) => (current?.device === device ? current : undefined),
    introduce: async ({ home, outbox }, device, { tell, passkey, consent, quit }) => {
      if (current) return { introduced: false, reason: 'busy' };
      const mine = createIntroduction(clock, device, { tell, passkey });
      current = mine;
      const leaveDesk = passkeys?.attend(device, mine.askPasskey);
      const signals = [quit, stopping];
      for (const signal of signals) signal.addEventListener('abort', mine.cancel, { once: true });
      try {
        if (signals.some((signal) => signal.aborted)) mine.cancel();
        else await prepare(outbox, device, consent);
        const end = await mine.end;
        return end.introduced ? welcome(home, outbox, device) : end;
      } finally {
        mine.cancel();
        current = undefined;
        leaveDesk?.();
        for (const signal of signals) signal.removeEventListener('abort', mine.cancel);
      }
    },
  };
}
