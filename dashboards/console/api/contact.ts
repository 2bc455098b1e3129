import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ContactPointView, MyContact, type PushSubscription, type Quiet } from '#domain/contact.ts';
import { request, send } from './request.ts';

/** How one is reached oneself. */

const key = ['contact'] as const;
/** What became of a code or a trial is known within seconds. */
const everyMs = 3_000;

export const useContact = () =>
  useQuery({
    queryKey: key,
    queryFn: ({ signal }) => request('/contact', MyContact, { signal }),
    refetchInterval: everyMs,
  });

export type NewPoint = { label?: string } & (
  | { kind: 'email'; email: string }
  | { kind: 'phone'; number: string }
  | { kind: 'ntfy' }
  | { kind: 'web-push'; subscription: PushSubscription }
);

export const useAddPoint = () =>
  useChange((point: NewPoint) => send('/contact-points', { method: 'POST', body: point }));

export const useSetPoint = ({ id, label }: ContactPointView) =>
  useChange((wish: { confidential: boolean; quiet: Quiet | null }) =>
    send(`/contact-points/${id}`, { method: 'PUT', body: { label, ...wish } }),
  );

export const useVerifyPoint = (id: string) =>
  useChange((code: string) => send(`/contact-points/${id}/verify`, { method: 'POST', body: { code } }));

export const useSendTo = (id: string) =>
  useChange((what: 'code' | 'test') => send(`/contact-points/${id}/${what}`, { method: 'POST', body: {} }));

export const useRemovePoint = (id: string) => useChange(() => send(`/contact-points/${id}`, { method: 'DELETE' }));

export const useRestorePoint = (id: string) =>
  useChange(() => send(`/contact-points/${id}/restore`, { method: 'POST', body: {} }));

function useChange<Wish>(change: (wish: Wish) => Promise<void>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: change, onSettled: () => client.invalidateQueries({ queryKey: key }) });
}
