import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { z } from 'zod';
import {
  AlertDetail,
  AlertView,
  Mail,
  PatientView,
  ReadingsView,
  SessionView,
  TaskView,
  Worklist,
} from '#domain/views.ts';
import type { PanelName } from '#domain/vitals.ts';
import { clock } from '../time/clock.ts';
import { Refused, request } from './request.ts';

/** What the console asks, and under which key the answer is kept. Live changes are matched to these keys in live.ts. */
export const keys = {
  session: ['session'] as const,
  /** Set when a session ended by itself, so that the sign-in page can say so. */
  ended: ['session', 'ended'] as const,
  worklist: ['worklist'] as const,
  patient: (id: string) => ['patient', id] as const,
  readings: (id: string) => ['readings', id] as const,
  alerts: ['alerts'] as const,
  alert: (id: string) => ['alert', id] as const,
  anyAlert: ['alert'] as const,
  tasks: ['tasks'] as const,
  mailbox: ['mailbox'] as const,
  sources: ['sources'] as const,
  source: (id: string) => ['source', id] as const,
  patientsFound: ['patients-found'] as const,
  quarantine: ['quarantine'] as const,
  audit: ['audit'] as const,
  erasures: ['erasures'] as const,
  platform: ['platform'] as const,
};

/** Who is signed in; null when nobody is. */
export const useSession = () =>
  useQuery({
    queryKey: keys.session,
    queryFn: async ({ signal }): Promise<SessionView | null> => {
      try {
        return await request('/session', SessionView, { signal });
      } catch (fault) {
        if (fault instanceof Refused && fault.status === 401) return null;
        throw fault;
      }
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Administrators see, and leave what is clinical to clinicians; the API holds them to it. */
export function useMayAct(): boolean {
  const role = useSession().data?.clinician.role;
  return role === 'nurse' || role === 'doctor';
}

export const useWorklist = () =>
  useQuery({ queryKey: keys.worklist, queryFn: ({ signal }) => request('/worklist', Worklist, { signal }) });

export const usePatient = (id: string) =>
  useQuery({
    queryKey: keys.patient(id),
    queryFn: ({ signal }) => request(`/patients/${id}`, PatientView, { signal }),
  });

export const hourMs = 3_600_000;
export const ranges = { '24h': 24 * hourMs, '7d': 7 * 24 * hourMs, '30d': 30 * 24 * hourMs, '90d': 90 * 24 * hourMs };
export type Range = keyof typeof ranges;

/** More rows than this serve nobody: beyond it the API answers windows. */
const readingsAtMost = 400;

export type RangedReadings = { from: number; to: number; view: ReadingsView };

/** The range ends now, at the moment of asking. Whether single readings or windows come is the API's choice. */
export const useReadings = (id: string, panel: PanelName, range: Range) =>
  useQuery({
    queryKey: [...keys.readings(id), panel, range],
    queryFn: async ({ signal }): Promise<RangedReadings> => {
      const to = clock.now();
      const from = to - ranges[range];
      const query = new URLSearchParams({
        panel,
        from: new Date(from).toISOString(),
        // a device clock may run ahead by some minutes: what it measured just now belongs here
        to: new Date(to + 10 * 60_000).toISOString(),
        resolution: 'auto',
        limit: String(readingsAtMost),
      });
      return { from, to, view: await request(`/patients/${id}/readings?${query}`, ReadingsView, { signal }) };
    },
    placeholderData: keepPreviousData,
  });

const AlertList = z.object({ alerts: z.array(AlertView) });
const TaskList = z.object({ tasks: z.array(TaskView) });
const Mailbox = z.object({ mails: z.array(Mail) });

export type AlertFilter = 'open' | 'acknowledged' | 'resolved';
const alertsPerPage = 50;

/** Newest first, page by page. */
export const useAlerts = (states: readonly AlertFilter[], patient?: string) =>
  useInfiniteQuery({
    queryKey: [...keys.alerts, states.join(','), patient ?? ''],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam }) => {
      const query = new URLSearchParams({ limit: String(alertsPerPage) });
      query.set('state', states.join(','));
      if (patient) query.set('patient', patient);
      if (pageParam) query.set('before', pageParam);
      return request(`/alerts?${query}`, AlertList, { signal });
    },
    getNextPageParam: (last) => (last.alerts.length < alertsPerPage ? undefined : last.alerts.at(-1)?.openedAt),
    placeholderData: keepPreviousData,
  });

export const useAlert = (id: string) =>
  useQuery({ queryKey: keys.alert(id), queryFn: ({ signal }) => request(`/alerts/${id}`, AlertDetail, { signal }) });

/** As many as the API gives at once. */
const tasksAtMost = 200;

export const useTasks = (query: { done: boolean; patient?: string; owner?: 'me'; overdue?: true }) =>
  useQuery({
    queryKey: [...keys.tasks, query.done, query.patient ?? '', query.owner ?? '', query.overdue ?? false],
    queryFn: ({ signal }) => {
      const search = new URLSearchParams({ done: String(query.done), limit: String(tasksAtMost) });
      if (query.patient) search.set('patient', query.patient);
      if (query.owner) search.set('owner', query.owner);
      if (query.overdue) search.set('overdue', 'true');
      return request(`/tasks?${search}`, TaskList, { signal });
    },
    placeholderData: keepPreviousData,
  });

export const useMailbox = () =>
  useQuery({ queryKey: keys.mailbox, queryFn: ({ signal }) => request('/mailbox', Mailbox, { signal }) });
