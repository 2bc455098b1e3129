import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { connection } from './connection.ts';
import { keys } from './queries.ts';
import { Refused, Unreachable } from './request.ts';

/**
 * Keeps answers, and notices two things in every one of them: whether the server is there, and whether the session still
 * lives. When it has ended the sign-in page takes the place of whatever was open, at the same address, and nothing of a patient
 * stays in memory.
 */
export function createQueryClient(): QueryClient {
  const heed = (fault: unknown) => {
    if (fault instanceof Unreachable) connection.unanswered();
    if (!(fault instanceof Refused)) return;
    connection.answered();
    if (fault.status === 401 && client.getQueryData(keys.session)) endSession(client);
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onSuccess: () => connection.answered(), onError: heed }),
    mutationCache: new MutationCache({ onSuccess: () => connection.answered(), onError: heed }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        gcTime: 5 * 60_000,
        // "offline" as the browser sees it says nothing about a server on the same network
        networkMode: 'always',
        refetchOnWindowFocus: true,
        retry: (failures, fault) => fault instanceof Unreachable && failures < 1,
        retryDelay: 1_000,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
  return client;
}

function endSession(client: QueryClient): void {
  client.setQueryData(keys.session, null);
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
  client.setQueryData(keys.ended, true);
}
