import type { FrameHeard, Profile, Telling } from './profile.ts';
import { tellStream } from './stable-window.ts';

/** What the frames of one visit to one device say, in the order in which it can be said. Pure; frames of other profiles are passed over. */
export function tell(profile: Profile, frames: readonly FrameHeard[], over: boolean): Telling[] {
  if (profile.gather) return profile.gather(frames, over);
  return profile.measurements
    .flatMap(({ characteristic, decode, window }) => {
      const mine = frames.flatMap((frame, index) =>
        frame.characteristic === characteristic
          ? [{ index, at: frame.at, decoded: decode(frame.bytes, frame.model) }]
          : [],
      );
      if (window) return tellStream(mine, window);
      return mine.flatMap(({ index, decoded }) => ('part' in decoded ? [] : [{ of: [index], told: decoded }]));
    })
    .sort((a, b) => a.of.at(-1)! - b.of.at(-1)!);
}
