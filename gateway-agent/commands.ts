import type { Command, CommandAnswer } from '#domain/downward.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Announce } from './announcement.ts';
import type { Home } from './home.ts';

/** What became of a command; the uplink makes an answer of it. */
export type CommandOutcome = Pick<CommandAnswer, 'outcome' | 'reason'>;

const done: CommandOutcome = { outcome: 'done' };

/**
 * Acts on what the platform asks for. `measure-again` is done when somebody at home could be told: a listener took it, or the announcing program
 * ran; a gateway that cannot tell anybody says so (`nobody-to-ask`) rather than letting the platform believe that the patient was asked. So does one
 * that does not visit the device (`not-here`).
 */
export async function actOn(
  command: Command,
  deps: {
    home: Home;
    /** Whether the device is visited here. */
    isOurs: (device: string) => boolean;
    log: Log;
    announce?: Announce;
    /** Whoever listens in this process or at the control socket; their number. */
    tellListeners: (command: Command) => number;
    sendStatus: () => void;
    /** The interval that `home` holds was changed. */
    intervalChanged: () => void;
  },
): Promise<CommandOutcome> {
  const { home, isOurs, log, announce, tellListeners, sendStatus, intervalChanged } = deps;
  log.info('the platform asks for something', { command: command.command, id: command.id });
  // whoever is here cannot measure with what stands in another home
  if (command.command === 'measure-again' && !isOurs(command.device)) return { outcome: 'refused', reason: 'not-here' };
  const listeners = tellListeners(command);
  switch (command.command) {
    case 'measure-again': {
      const announced = announce ? await announce(command.device) : false;
      return announced || listeners > 0
        ? done
        : { outcome: 'refused', reason: announce ? 'announcement-failed' : 'nobody-to-ask' };
    }
    case 'send-status':
      sendStatus();
      return done;
    case 'set-interval':
      try {
        home.setSeconds(command.of, command.seconds);
      } catch (fault) {
        log.error('an interval could not be kept', faultDetails(fault));
        return { outcome: 'refused', reason: 'cannot-be-kept' };
      }
      intervalChanged();
      return done;
  }
}
