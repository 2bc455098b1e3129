import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { z } from 'zod';
import {
  AuditVerdictView,
  AuditView,
  ErasureView,
  QuarantinePayload,
  QuarantineView,
  ReleaseView,
} from '#domain/administration.ts';
import { CodeGiven, PatientFound, type RevocationReason, SourceDetail, TokenGiven } from '#domain/homes.ts';
import { ComponentView, PlatformAlert } from '#domain/platform.ts';
import { SourceView } from '#domain/views.ts';
import { keys } from './queries.ts';
import { request, send } from './request.ts';

/** What the pages for administrators ask and do. Nothing is optimistic: what the page says has happened on the server. */

const lookEveryMs = 30_000;

const SourceList = z.object({ sources: z.array(SourceView), more: z.boolean() });
const PatientsFound = z.object({ patients: z.array(PatientFound), more: z.boolean() });
const QuarantineList = z.object({
  items: z.array(QuarantineView),
  next: z.string().nullable(),
  waiting: z.object({ items: z.int(), readings: z.int() }),
  gaveWay: z.int(),
});
const AuditList = z.object({ rows: z.array(AuditView), more: z.boolean() });
const ErasureList = z.object({ erasures: z.array(ErasureView) });
const AlertList = z.object({ alerts: z.array(PlatformAlert) });
const ComponentList = z.object({ components: z.array(ComponentView) });

const wordsOf = (query: Record<string, string | undefined>): string => {
  const given = Object.entries(query).flatMap(([name, value]) => (value ? [[name, value] as [string, string]] : []));
  return given.length > 0 ? `?${new URLSearchParams(given)}` : '';
};

const sourcesPerPage = 50;
export const useSources = (search: string) =>
  useInfiniteQuery({
    queryKey: [...keys.sources, search],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam }) =>
      request(`/sources${wordsOf({ search, after: pageParam, limit: String(sourcesPerPage) })}`, SourceList, {
        signal,
      }),
    getNextPageParam: (last) => (last.more && !search ? last.sources.at(-1)?.id : undefined),
    placeholderData: keepPreviousData,
  });

export const useSource = (id: string) =>
  useQuery({
    queryKey: keys.source(id),
    queryFn: ({ signal }) => request(`/sources/${id}`, SourceDetail, { signal }),
  });

export const usePatientsFound = (search: string) =>
  useQuery({
    queryKey: [...keys.patientsFound, search],
    queryFn: ({ signal }) => request(`/patients${wordsOf({ search })}`, PatientsFound, { signal }),
    enabled: search !== '',
    placeholderData: keepPreviousData,
  });

/** What changes homes. Whatever shows them is asked again afterwards. */
function useHomeChange<Wish, Given>(change: (wish: Wish) => Promise<Given>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.sources }),
        client.invalidateQueries({ queryKey: ['source'] }),
      ]),
  });
}

export const useAddSource = () =>
  useHomeChange((body: { kind: 'gateway' | 'device'; id?: string }) =>
    request('/sources', SourceDetail, { method: 'POST', body }),
  );
export const useGiveCode = () =>
  useHomeChange((source: string) => request(`/sources/${source}/codes`, CodeGiven, { method: 'POST', body: {} }));
export const useGiveToken = () =>
  useHomeChange((source: string) => request(`/sources/${source}/tokens`, TokenGiven, { method: 'POST', body: {} }));
export const useRevoke = () =>
  useHomeChange(({ source, fingerprint, reason }: { source: string; fingerprint?: string; reason: RevocationReason }) =>
    send(`/sources/${source}${fingerprint ? `/certificates/${fingerprint}` : ''}/revoke`, {
      method: 'POST',
      body: { reason },
    }),
  );
export const useRegisterDevice = () =>
  useHomeChange((wish: { source: string; device: string; model?: string; move?: boolean }) => {
    const { source, device, ...body } = wish;
    return send(`/sources/${source}/devices/${encodeURIComponent(device)}`, { method: 'PUT', body });
  });
export type Assignment = {
  device: string;
  source: string;
  patient: string;
  userSlot: number | null;
  from?: string;
  to: string | null;
};
export const useAssign = () => useHomeChange((body: Assignment) => send('/assignments', { method: 'POST', body }));
export const useEndAssignment = () =>
  useHomeChange(({ id, how }: { id: string; how: 'end' | 'undo' }) =>
    send(`/assignments/${id}/${how}`, { method: 'POST', body: {} }),
  );

export type QuarantineFilter = { source?: string; device?: string; reason?: string; state?: string; from?: string };
export const useQuarantine = (filter: QuarantineFilter) =>
  useInfiniteQuery({
    queryKey: [...keys.quarantine, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam }) =>
      request(`/quarantine${wordsOf({ ...filter, after: pageParam })}`, QuarantineList, { signal }),
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  });

/** A look that is audited: asked once, on a click, and kept by nobody. */
export const useShowQuarantined = () =>
  useMutation({ mutationFn: (key: string) => request(`/quarantine/${key}`, QuarantinePayload), gcTime: 0 });

export const useRelease = () => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { key: string } | { source: string; device?: string; reason?: string }) =>
      request('/quarantine/release', ReleaseView, { method: 'POST', body }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.quarantine }),
  });
};

export type AuditFilter = { action?: string; source?: string; device?: string };
export const useAudit = (filter: AuditFilter) =>
  useInfiniteQuery({
    queryKey: [...keys.audit, filter],
    initialPageParam: undefined as number | undefined,
    queryFn: ({ signal, pageParam }) =>
      request(
        `/audit${wordsOf({ ...filter, before: pageParam === undefined ? undefined : String(pageParam) })}`,
        AuditList,
        {
          signal,
        },
      ),
    getNextPageParam: (last) => (last.more ? last.rows.at(-1)?.seq : undefined),
    placeholderData: keepPreviousData,
  });

export const useVerifyAudit = () => useMutation({ mutationFn: () => request('/audit/verification', AuditVerdictView) });

export const useErasures = () =>
  useQuery({
    queryKey: keys.erasures,
    queryFn: ({ signal }) => request('/erasures', ErasureList, { signal }),
    refetchInterval: lookEveryMs,
  });

export const useErase = () => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wish: { patient: string; reason: string; keepUntil: string | null }) =>
      request('/erasures', ErasureView, { method: 'POST', body: { ...wish, confirm: wish.patient } }),
    onSettled: () => client.invalidateQueries(),
  });
};

/** Open ones, for the banner and the page. */
export const usePlatformAlerts = (state: 'open' | 'all') =>
  useQuery({
    queryKey: [...keys.platform, 'alerts', state],
    queryFn: ({ signal }) => request(`/platform-alerts?state=${state}`, AlertList, { signal }),
    refetchInterval: lookEveryMs,
  });

export const useComponents = () =>
  useQuery({
    queryKey: [...keys.platform, 'components'],
    queryFn: ({ signal }) => request('/platform', ComponentList, { signal }),
    refetchInterval: lookEveryMs,
  });
