import { faultsOfRota, type Rota } from '#domain/rota.ts';
import type { RotaPerson } from '#domain/rota-views.ts';

/** What keeps a rota from being saved, by where it is: `/layers/0/name`, as the API points to it. Pure. */

export type RotaFault =
  | 'name'
  | 'days'
  | 'time'
  | 'shift'
  | 'since'
  | 'untilBefore'
  | 'on'
  | 'twice'
  | 'layerGone'
  | 'unreachable'
  | 'stranger';

export function faultsIn({ layers, holidays }: Rota, people: readonly RotaPerson[]): Map<string, RotaFault> {
  const faults = new Map<string, RotaFault>();
  for (const [l, layer] of layers.entries()) {
    const at = `/layers/${l}`;
    if (layer.name.en.trim() === '') faults.set(`${at}/name`, 'name');
    if (layer.since === '') faults.set(`${at}/since`, 'since');
    if (layer.shifts.length === 0) faults.set(`${at}/shifts`, 'shift');
    for (const [s, shift] of layer.shifts.entries()) {
      if (shift.days.length === 0) faults.set(`${at}/shifts/${s}/days`, 'days');
      if (shift.from === '') faults.set(`${at}/shifts/${s}/from`, 'time');
      if (shift.to === '') faults.set(`${at}/shifts/${s}/to`, 'time');
    }
    for (const [p, place] of layer.places.entries())
      for (const [i, id] of place.people.entries()) {
        const person = people.find((one) => one.id === id);
        const where = `${at}/places/${p}/people/${i}`;
        if (!person?.mayServe) faults.set(where, 'stranger');
        else if (person.channels.length === 0) faults.set(where, 'unreachable');
      }
  }
  for (const [h, holiday] of holidays.entries()) {
    if (holiday.name.en.trim() === '') faults.set(`/holidays/${h}/name`, 'name');
    if (holiday.on === '') faults.set(`/holidays/${h}/on`, 'on');
  }
  for (const { pointer } of faultsOfRota({ layers, holidays })) {
    if (faults.has(pointer)) continue;
    if (pointer.endsWith('/until')) faults.set(pointer, 'untilBefore');
    else if (pointer.endsWith('/on')) faults.set(pointer, 'twice');
    else faults.set(pointer, 'layerGone');
  }
  return faults;
}
