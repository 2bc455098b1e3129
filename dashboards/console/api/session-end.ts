import type { QueryClient } from '@tanstack/react-query';
import { keys } from './queries.ts';

/**
 * Nobody is signed in any more: the sign-in page takes the place of whatever is open, at the same address, and nothing of a
 * patient stays in memory. @param expected false where it ended by itself, which the sign-in page then says.
 */
export function endSession(client: QueryClient, expected: boolean): void {
  client.setQueryData(keys.session, null);
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
  client.setQueryData(keys.ended, !expected);
}
