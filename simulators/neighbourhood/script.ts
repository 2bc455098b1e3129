import type { Mark } from '#domain/reading.ts';
import { furtherDevices } from './further-devices.ts';
import { type Resident, residents } from './people.ts';

/**
 * What happens in the neighbourhood in the first two minutes, in seconds after everything is ready. Afterwards life goes on:
 * somebody measures every three quarters of a minute. Each start gives the crisis to another person, so that the data of
 * earlier starts can be kept.
 */
export type Happening =
  | {
      at: number;
      who: Resident;
      kind: 'measures';
      systolic: number;
      diastolic: number;
      pulse: number;
      marks: Mark[];
      /** Shown to the visitor before it happens. */
      say: string;
    }
  | { at: number; who: Resident; kind: 'takes-off-watch'; say: string }
  | { at: number; who: Resident; kind: 'uses-further-device'; say: string };

const inCrisis = [1, 2, 3, 6, 8, 9];
const cuffs = residents.filter((r) => r.home.kind === 'cuff' && r.silentSinceDays === undefined);

/** A sensor works by itself. */
const usesFurther = cuffs.filter(({ home }) => home.further && home.further.kind !== 'glucose-sensor');

/** @param start 0 for the first start of this data folder, 1 for the second, … */
export function happenings(start: number): Happening[] {
  const crisis = residents[inCrisis[start % inCrisis.length]! - 1]!;
  const calm = cuffs.filter((r) => r !== crisis);
  const [artefact, morning] = [calm[(start + 2) % calm.length]!, calm[(start + 4) % calm.length]!];
  const wearer = residents.filter((r) => r.home.kind === 'wearable')[start % 2]!;
  const beside = usesFurther[start % usesFurther.length]!;
  const cuff = (who: Resident) => `the cuff of ${who.patient.name.en}`;
  const measures = (at: number, who: Resident, [systolic, diastolic, pulse]: number[], marks: Mark[], say: string) =>
    ({ at, who, kind: 'measures', systolic: systolic!, diastolic: diastolic!, pulse: pulse!, marks, say }) as const;
  return [
    measures(
      8,
      morning,
      [morning.usual.systolic, morning.usual.diastolic, morning.usual.pulse],
      [],
      `${cuff(morning)} will measure a usual value`,
    ),
    measures(
      20,
      crisis,
      [192, 121, 96],
      [],
      `${cuff(crisis)} will measure 192/121: nobody is paged yet, one value can be wrong`,
    ),
    {
      at: 30,
      who: wearer,
      kind: 'takes-off-watch',
      say: `${wearer.patient.name.en} takes the watch off, and shows as silent a minute later`,
    },
    measures(
      35,
      artefact,
      [204, 118, 88],
      ['body-movement', 'cuff-too-loose'],
      `${cuff(artefact)} will measure 204/118 with a loose cuff and movement: an artefact, it pages nobody`,
    ),
    {
      at: 45,
      who: beside,
      kind: 'uses-further-device',
      say: `the ${furtherDevices[beside.home.further!.kind].name.en} of ${beside.patient.name.en} will measure`,
    },
    measures(
      60,
      crisis,
      [188, 118, 94],
      [],
      `${cuff(crisis)} will measure 188/118: that confirms it, the doctor on call is paged and the nurse gets a task`,
    ),
    measures(
      75,
      artefact,
      [artefact.usual.systolic, artefact.usual.diastolic, artefact.usual.pulse],
      [],
      `${cuff(artefact)} will measure a usual value, as asked`,
    ),
  ];
}
