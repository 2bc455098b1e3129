import type { ClinicianId } from '#domain/ids.ts';
import type { RotaPerson } from '#domain/rota-views.ts';
import type { PersonRef } from '#domain/views.ts';
import { Refused } from '../api/request.ts';
import { useLanguage } from '../locales/language.ts';
import { useTell } from '../parts/tell.ts';
import { useZone } from '../parts/zone.ts';
import { dayAndTime, dayKey, timeOfDay, weekdayAndDay } from '../time/format.ts';

/** How the pages on call say who, where and why. */

const placeNames = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;
const channelNames = ['smtp', 'sms', 'ntfy', 'web-push', 'webhook', 'wecom', 'dingtalk', 'feishu'] as const;
const weekdayNames = ['1', '2', '3', '4', '5', '6', '7'] as const;

export function useNames() {
  const { t, say } = useLanguage();
  const numbered = (place: number) => placeNames[place] ?? '9';
  const day = (number: number) => weekdayNames[number - 1] ?? '1';
  const listed = (some: readonly string[]): string =>
    some.length < 2
      ? some.join('')
      : `${some.slice(0, -1).join(t('onCall.comma'))}${t('onCall.and')}${some.slice(-1).join('')}`;
  return {
    place: (place: number) => t(`onCall.place.${numbered(place)}`),
    shortPlace: (place: number) => t(`onCall.shortPlace.${numbered(place)}`),
    channel: (name: string): string => {
      const known = channelNames.find((one) => one === name);
      return known ? t(`onCall.channel.${known}`) : name;
    },
    weekday: (number: number) => t(`onCall.weekdays.${day(number)}`),
    fullWeekday: (number: number) => t(`onCall.fullWeekdays.${day(number)}`),
    /** `a, b and c` */
    listed,
    who: (id: ClinicianId, people: readonly PersonRef[]): string => {
      const person = people.find((one) => one.id === id);
      return person ? say(person.name) : '?';
    },
  };
}

const told = ['too-many', 'invalid', 'not-found', 'changed-meanwhile', 'not-permitted'] as const;

/** Why the server did not do it; whoever it names by an id is named. */
export function useFaultWords(people: readonly Pick<RotaPerson, 'id' | 'name'>[]) {
  const { t, say } = useLanguage();
  const { listed } = useNames();
  return (fault: unknown): string => {
    if (!(fault instanceof Refused)) return t('fault.notDone');
    if (fault.code === 'unreachable' || fault.code === 'not-in-team') {
      const ids = new Set(fault.errors.map(({ detail }) => detail));
      const names = people.flatMap(({ id, name }) => (ids.has(id) ? [say(name)] : []));
      return t(`onCall.fault.${fault.code}`, { who: listed(names) });
    }
    const code = told.find((one) => one === fault.code);
    return code ? t(`onCall.fault.${code}`) : t('fault.refused', { code: fault.code });
  };
}

/** Does something, and says in words why it was not done. @returns whether it was. */
export function useTrying(people: readonly Pick<RotaPerson, 'id' | 'name'>[]) {
  const tell = useTell();
  const faultWords = useFaultWords(people);
  return async (attempt: Promise<unknown>, done?: string): Promise<boolean> => {
    try {
      await attempt;
      if (done) tell.done(done);
      return true;
    } catch (fault) {
      if (fault instanceof Refused) tell.cannot(faultWords(fault));
      else tell.failed(fault);
      return false;
    }
  };
}

const dayMs = 86_400_000;

/** Whoever plans thinks in days of the week. By the clocks of the care team; instants are ms since 1970. */
export function useWhen() {
  const { language } = useLanguage();
  const zone = useZone();
  return {
    /** `Mon 23 Nov, 08:00` */
    moment: (at: number) => dayAndTime(at, language, zone),
    /** `Mon 23 Nov` */
    day: (at: number) => weekdayAndDay(at, language, zone),
    /** `Mon 23 Nov, 08:00 – 20:00`: the second day is left out where it is the first. */
    span: (from: number, to: number) => {
      const same = dayKey(from, zone) === dayKey(to, zone);
      return `${dayAndTime(from, language, zone)} – ${(same ? timeOfDay : dayAndTime)(to, language, zone)}`;
    },
    /** `20:00 – 08:00`, with the day where it is not clear which. */
    times: (from: number, to: number) =>
      `${timeOfDay(from, language, zone)} – ${(to - from <= dayMs ? timeOfDay : dayAndTime)(to, language, zone)}`,
  };
}
