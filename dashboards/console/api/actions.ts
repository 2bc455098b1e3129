import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Outcome } from '#domain/alert.ts';
import { SessionView } from '#domain/views.ts';
import { keys } from './queries.ts';
import { Refused, request, send } from './request.ts';
import { endSession } from './session-end.ts';

/**
 * What people do. Nothing here is optimistic: "acknowledged" on a screen must mean that the server stopped the paging.
 */

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (who: { email: string; password: string }) =>
      request('/session', SessionView, { method: 'POST', body: who }),
    onSuccess: (session) => client.setQueryData(keys.session, session),
  });
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => send('/session', { method: 'DELETE' }),
    onSuccess: () => endSession(client, true),
  });
}

/** What became of an action: done, or somebody else was first. */
export type Upshot = 'done' | { first: Refused['first'] };

/** `raisedAt`: which call is answered, where the page shows it; one that came since goes on calling. */
export function useAcknowledge() {
  const afterwards = useAfterwards();
  return useMutation({
    mutationFn: ({ alert, ...body }: { alert: string; raisedAt?: string; note?: string }) =>
      upshotOf(send(`/alerts/${alert}/acknowledge`, { method: 'POST', body })),
    onSettled: (_done, _fault, { alert }) => afterwards(alert),
  });
}

export function useResolve() {
  const afterwards = useAfterwards();
  return useMutation({
    mutationFn: ({ alert, ...body }: { alert: string; raisedAt: string; outcome: Outcome; note?: string }) =>
      upshotOf(send(`/alerts/${alert}/resolve`, { method: 'POST', body })),
    onSettled: (_done, _fault, { alert }) => afterwards(alert),
  });
}

/** Gives an alert that is in hand to a colleague; by naming oneself it is taken over. */
export function useHandOver() {
  const afterwards = useAfterwards();
  return useMutation({
    mutationFn: ({ alert, ...body }: { alert: string; to: string; note?: string }) =>
      upshotOf(send(`/alerts/${alert}/hand-over`, { method: 'POST', body })),
    onSettled: (_done, _fault, { alert }) => afterwards(alert),
  });
}

export function useSnooze() {
  const afterwards = useAfterwards();
  return useMutation({
    mutationFn: ({ alert, ...body }: { alert: string; raisedAt: string; minutes: number; note?: string }) =>
      send(`/alerts/${alert}/snooze`, { method: 'POST', body }),
    onSettled: (_done, _fault, { alert }) => afterwards(alert),
  });
}

export function useUnsnooze() {
  const afterwards = useAfterwards();
  return useMutation({
    mutationFn: (alert: string) => send(`/alerts/${alert}/unsnooze`, { method: 'POST', body: {} }),
    onSettled: (_done, _fault, alert) => afterwards(alert),
  });
}

/** Asks a home to measure once more; what becomes of it stands with the patient's devices. */
export function useMeasureAgain(patient: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (device: string) =>
      send(`/patients/${patient}/commands`, { method: 'POST', body: { command: 'measure-again', device } }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.patient(patient) }),
  });
}

export async function upshotOf(asked: Promise<void>): Promise<Upshot> {
  try {
    await asked;
    return 'done';
  } catch (fault) {
    if (fault instanceof Refused && fault.status === 409 && fault.code !== 'called-anew') return { first: fault.first };
    throw fault;
  }
}

/** Asks again for whatever the action may have changed, without waiting for the live changes to say so. */
export function useAfterwards() {
  const client = useQueryClient();
  return async (alert?: string) => {
    const changed = [keys.worklist, keys.alerts, keys.tasks, alert ? keys.alert(alert) : keys.anyAlert];
    await Promise.all(changed.map((queryKey) => client.invalidateQueries({ queryKey })));
  };
}
