import type { Random } from '#runtime/random.ts';

/**
 * What every simulated device can do, whatever it measures, so that a soak can hold a mixed list of them. Each file of this folder that is
 * a device answers this and more: `measure` there takes the values of its own kind.
 */
export interface Simulated {
  /** Upper case with colons. */
  readonly address: string;
  /** The gateway's word for what it speaks, e.g. `blood-pressure`. */
  readonly profile: string;
  /** Somebody uses it as people do: it has something new to tell, and wakes. Values are likely ones, drawn from chance. */
  use(random: Random): Told;
  /** Its button is pressed: it advertises without having measured. */
  wake(): void;
  /** How much of what it told nobody has taken from it yet. A stream keeps nothing and has nothing pending. */
  pending(): number;
  /**
   * What it believes to have delivered since this was last asked, in that order: indications that were confirmed, notifications that
   * left over a link that stood. Told twice, it stands here twice. A stream lists nothing: no single frame of it must arrive.
   */
  takeHandedOver(): Told[];
  /** Out of range in the middle of whatever it does. */
  vanish(): void;
  /** Taken out of the simulation. */
  remove(): void;
}

export type Told = {
  /** The frames that say it, hexadecimal, in the order of sending; several where one measurement takes several. */
  frames: readonly string[];
  /**
   * What a gateway must make of it: a reading for the server, a frame kept aside (no value, a test that failed), or nothing to be kept one by
   * one (a second of a stream).
   */
  becomes: 'reading' | 'aside' | 'stream';
  /** The number that the device gave it, where it counts. Several records may stand in one notification. */
  sequence?: number;
  /** The last so many of its frames only add to it: without them it is the same reading, of which less is known. */
  additions?: number;
};
