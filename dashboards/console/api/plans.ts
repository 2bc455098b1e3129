import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Backtest, type BacktestWish } from '#domain/backtest.ts';
import type { CarePlan } from '#domain/care-plan.ts';
import { PatientView } from '#domain/views.ts';
import { BacktestList, PlanChangeList, TeamParameters } from '#domain/views-plans.ts';
import { keys } from './queries.ts';
import { request } from './request.ts';

/** Care plans, the limits of teams, and what a change of them would have done. */

const root = 'plans';
const backtestsKey = [root, 'backtests'] as const;
/** While one is worked on; nobody tells the console how far it is. */
const lookEveryMs = 1_500;
const listEveryMs = 10_000;

export type Parameters = Record<string, number>;
/** Whose limits: one patient's, or all of a team's. */
export type Scope = { patient: string; team: string } | { patient?: undefined; team: string };

/** The part of a care plan that is put. */
export type PlanPut =
  | { part: 'programmes'; programmes: CarePlan['programmes'] }
  | { part: 'expected'; expected: CarePlan['expected'] }
  | { part: 'follow-up'; followUp: CarePlan['followUp'] }
  | { part: 'pause'; pause: CarePlan['pause'] };

export const standing = (put: PlanPut) => {
  switch (put.part) {
    case 'programmes':
      return put.programmes;
    case 'expected':
      return put.expected;
    case 'follow-up':
      return put.followUp;
    case 'pause':
      return put.pause;
  }
};

export function usePutPlan(patient: string) {
  const client = useQueryClient();
  return useMutation({
    /** `over`: what stood there when it was decided; what a colleague has set since stays. */
    mutationFn: ({ put: { part, ...body }, over }: { put: PlanPut; over: PlanPut }) =>
      request(`/patients/${patient}/care-plan/${part}`, PatientView, {
        method: 'PUT',
        body: { ...body, seen: standing(over) },
      }),
    onSettled: () => afterPlan(client, patient),
  });
}

const afterPlan = (client: ReturnType<typeof useQueryClient>, patient: string) =>
  Promise.all(
    [keys.patient(patient), keys.worklist, [root, 'changes']].map((queryKey) => client.invalidateQueries({ queryKey })),
  );

export const useTeamParameters = (team: string) =>
  useQuery({
    queryKey: [root, 'team', team],
    queryFn: ({ signal }) => request(`/teams/${team}/parameters`, TeamParameters, { signal }),
  });

const pathOf = (scope: Scope) =>
  scope.patient ? `/patients/${scope.patient}/care-plan` : `/teams/${scope.team}/parameters`;

export function useSetParameters(scope: Scope) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({
      rule,
      ...body
    }: {
      rule: string;
      parameters: Parameters;
      seen: Parameters;
      forecast?: string;
    }) => {
      if (scope.patient) await request(`${pathOf(scope)}/overrides/${rule}`, PatientView, { method: 'PUT', body });
      else await request(`${pathOf(scope)}/${rule}`, TeamParameters, { method: 'PUT', body });
    },
    onSettled: () =>
      scope.patient
        ? afterPlan(client, scope.patient)
        : Promise.all([[root], ['patient']].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
}

export const useChanges = (scope: Scope) =>
  useQuery({
    queryKey: [root, 'changes', scope.team, scope.patient ?? ''],
    queryFn: ({ signal }) => request(`${pathOf(scope)}/changes`, PlanChangeList, { signal }),
  });

export function useForecast(scope: Scope) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { rule: string; parameters: Parameters }) =>
      request(`${pathOf(scope)}/forecast`, Backtest, { method: 'POST', body }),
    onSettled: () => client.invalidateQueries({ queryKey: backtestsKey }),
  });
}

export const isUnderWay = ({ state }: Pick<Backtest, 'state'>): boolean => state === 'waiting' || state === 'running';

export const useBacktest = (id: string) =>
  useQuery({
    queryKey: [root, 'backtest', id],
    queryFn: ({ signal }) => request(`/backtests/${id}`, Backtest, { signal }),
    refetchInterval: ({ state }) => (state.data && !isUnderWay(state.data) ? false : lookEveryMs),
  });

export const useBacktests = () =>
  useQuery({
    queryKey: backtestsKey,
    queryFn: ({ signal }) => request('/backtests', BacktestList, { signal }),
    refetchInterval: ({ state }) => (state.data?.backtests.some(isUnderWay) ? lookEveryMs : listEveryMs),
  });

export type BacktestQuestion = Pick<BacktestWish, 'rules' | 'from' | 'to' | 'set' | 'people'> & { team: string };

export function useAskBacktest() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: BacktestQuestion) => request('/backtests', Backtest, { method: 'POST', body }),
    onSettled: () => client.invalidateQueries({ queryKey: backtestsKey }),
  });
}

export function useCancelBacktest() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => request(`/backtests/${id}/cancel`, Backtest, { method: 'POST', body: {} }),
    onSettled: () => client.invalidateQueries({ queryKey: [root] }),
  });
}

/** Of one that is done, as an address for a picture. */
export const plotPath = (id: string, language: string): string => `/api/v1/backtests/${id}/plot?language=${language}`;
