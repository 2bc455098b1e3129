import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { connection } from './connection.ts';
import { keys } from './queries.ts';
import { Refused, Unreachable } from './request.ts';
import { endSession } from './session-end.ts';

/** Keeps answers, and notices two things in every one of them: whether the server is there, and whether the session still lives. */
export function createQueryClient(): QueryClient {
  const heed = (fault: unknown) => {
    if (fault instanceof Unreachable) connection.unanswered();
    if (!(fault instanceof Refused)) return;
    connection.answered();
    if (fault.status === 401 && client.getQueryData(keys.session)) endSession(client, false);
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
