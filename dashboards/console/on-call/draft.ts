import { useState } from 'react';

/** Something being changed, every step of which can be taken back until it is saved. */
export type Draft<T> = {
  value: T;
  changed: boolean;
  /** @param what a field's name: what is typed into one field is one step. */
  change: (next: T, what?: string) => void;
  undo: () => void;
  restart: (from: T) => void;
};

type Step<T> = { value: T; what: string | undefined };

export function useDraft<T>(start: T): Draft<T> {
  const [steps, setSteps] = useState<readonly Step<T>[]>([{ value: start, what: undefined }]);
  return {
    value: steps.at(-1)?.value ?? start,
    changed: steps.length > 1,
    change: (value, what) =>
      setSteps((before) => {
        const same = what !== undefined && before.length > 1 && before.at(-1)?.what === what;
        return [...(same ? before.slice(0, -1) : before), { value, what }];
      }),
    undo: () => setSteps((before) => (before.length > 1 ? before.slice(0, -1) : before)),
    restart: (from) => setSteps([{ value: from, what: undefined }]),
  };
}
