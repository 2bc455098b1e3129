/**
 * Finds the items that a store refuses for good among those it takes: a batch that is refused is halved until what remains is
 * one refused item. `attempt` answers undefined when the whole part is durable, or the reason when something in it was refused;
 * it waits through outages itself. Items that went in with an earlier, larger part are written again: writing is idempotent.
 * One bad item among n costs about 2·log2(n) attempts.
 */
export async function isolateRefused<T>(
  items: readonly T[],
  attempt: (part: readonly T[]) => Promise<string | undefined>,
): Promise<{ item: T; reason: string }[]> {
  const [first] = items;
  if (first === undefined) return [];
  const reason = await attempt(items);
  if (reason === undefined) return [];
  if (items.length === 1) return [{ item: first, reason }];
  const middle = items.length >> 1;
  return [
    ...(await isolateRefused(items.slice(0, middle), attempt)),
    ...(await isolateRefused(items.slice(middle), attempt)),
  ];
}
