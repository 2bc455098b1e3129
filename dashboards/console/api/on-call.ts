import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Severity } from '#domain/alert.ts';
import type { Policies } from '#domain/escalation.ts';
import { ResponseTimes } from '#domain/response-times.ts';
import { type Cover, Override, type Rota } from '#domain/rota.ts';
import { OnCallView, PoliciesView, Rehearsal, RotaView } from '#domain/rota-views.ts';
import { request } from './request.ts';

/** Who is on call in a care team, whom its alerts call, and how soon calls were answered. */

const root = 'on-call';
/** Nobody tells the console of a change here; who is on call changes by the clock. */
const lookEveryMs = 60_000;

export const useRota = (team: string) =>
  useQuery({
    queryKey: [root, team, 'rota'],
    queryFn: ({ signal }) => request(`/teams/${team}/rota`, RotaView, { signal }),
    refetchInterval: lookEveryMs,
  });

/** @param from ms since 1970, like `to`. */
export const useOnCall = (team: string, from: number, to: number) =>
  useQuery({
    queryKey: [root, team, 'calendar', from, to],
    queryFn: ({ signal }) => {
      const span = new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
      return request(`/teams/${team}/on-call?${span}`, OnCallView, { signal });
    },
    refetchInterval: lookEveryMs,
    placeholderData: keepPreviousData,
  });

export const usePolicies = (team: string) =>
  useQuery({
    queryKey: [root, team, 'policies'],
    queryFn: ({ signal }) => request(`/teams/${team}/policies`, PoliciesView, { signal }),
    refetchInterval: lookEveryMs,
  });

export const useResponseTimes = (days: number, now: () => number) =>
  useQuery({
    queryKey: [root, 'response-times', days],
    queryFn: ({ signal }) => {
      const to = now();
      const span = new URLSearchParams({
        from: new Date(to - days * 86_400_000).toISOString(),
        to: new Date(to).toISOString(),
      });
      return request(`/response-times?${span}`, ResponseTimes, { signal });
    },
    refetchInterval: lookEveryMs,
    placeholderData: keepPreviousData,
  });

export const useSaveRota = (team: string) =>
  useChange((body: { version: number; rota: Rota }) =>
    request(`/teams/${team}/rota`, RotaView, { method: 'PUT', body }),
  );

export const useSavePolicies = (team: string) =>
  useChange((body: { version: number; policies: Policies }) =>
    request(`/teams/${team}/policies`, PoliciesView, { method: 'PUT', body }),
  );

export const useAddCover = (team: string) =>
  useChange((body: Cover) => request(`/teams/${team}/overrides`, Override, { method: 'POST', body }));

export const useTakeCoverAway = (team: string) =>
  useChange((id: string) => request(`/teams/${team}/overrides/${id}`, Override, { method: 'DELETE' }));

export const useRestoreCover = (team: string) =>
  useChange((id: string) => request(`/teams/${team}/overrides/${id}/restore`, Override, { method: 'POST', body: {} }));

/** Calls nobody. `policies`: those to be tried; the ones in force where they are not given. */
export const useRehearse = (team: string) =>
  useMutation({
    mutationFn: (body: { at: string; severity: Severity; policies?: Policies }) =>
      request(`/teams/${team}/policies/rehearsal`, Rehearsal, { method: 'POST', body }),
  });

function useChange<Wish, Given>(change: (wish: Wish) => Promise<Given>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: change, onSettled: () => client.invalidateQueries({ queryKey: [root] }) });
}
