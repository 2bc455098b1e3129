import type { Within } from './connect.ts';

/**
 * What must happen when. `key` names the entry for ever: putting the same key again changes nothing, done or not.
 * `subject` and `step` are all an entry carries: whoever runs it looks again at how things stand. `dueAt` is ms since 1970.
 */
export type AgendaEntry = { key: string; kind: string; subject: string; step: number; dueAt: number };

export async function putEntry(db: Within, entry: AgendaEntry): Promise<void> {
  await db
    .insertInto('agenda')
    .values({
      key: entry.key,
      kind: entry.kind,
      subject: entry.subject,
      step: entry.step,
      due_at: new Date(entry.dueAt),
    })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
}

/** Undone entries of these kinds that are due before `until`, those due first first. */
export async function entriesDueBefore(
  db: Within,
  kinds: readonly string[],
  query: { until: number; attemptsAtMost: number; limit: number },
): Promise<{ key: string; dueAt: number }[]> {
  if (kinds.length === 0) return [];
  const rows = await db
    .selectFrom('agenda')
    .select(['key', 'due_at'])
    .where('done_at', 'is', null)
    .where('kind', 'in', kinds)
    .where('due_at', '<', new Date(query.until))
    .where('attempts', '<', query.attemptsAtMost)
    .orderBy('due_at')
    .limit(query.limit)
    .execute();
  return rows.map((row) => ({ key: row.key, dueAt: row.due_at.getTime() }));
}

/** Undefined when it is done, unknown, or of another kind. */
export async function findUndoneEntry(
  db: Within,
  key: string,
  kinds: readonly string[],
): Promise<AgendaEntry | undefined> {
  const row = await db
    .selectFrom('agenda')
    .selectAll()
    .where('key', '=', key)
    .where('kind', 'in', kinds)
    .where('done_at', 'is', null)
    .executeTakeFirst();
  return row && { key, kind: row.kind, subject: row.subject, step: row.step, dueAt: row.due_at.getTime() };
}

/**
 * Takes an entry in hand until `leaseUntil`: its due time moves there, so that it comes again should we die, and nobody else
 * takes it meanwhile. Answers how often it has been tried, this time included; undefined when somebody was quicker.
 */
export async function claimEntry(db: Within, entry: AgendaEntry, leaseUntil: number): Promise<number | undefined> {
  const row = await db
    .updateTable('agenda')
    .set((eb) => ({ due_at: new Date(leaseUntil), attempts: eb('attempts', '+', 1) }))
    .where('key', '=', entry.key)
    .where('done_at', 'is', null)
    .where('due_at', '=', new Date(entry.dueAt))
    .returning('attempts')
    .executeTakeFirst();
  return row?.attempts;
}

export async function finishEntry(db: Within, key: string, now: number): Promise<void> {
  await db
    .updateTable('agenda')
    .set({ done_at: new Date(now), fault: null })
    .where('key', '=', key)
    .execute();
}

/** @param fault a few words without values or names. */
export async function postponeEntry(db: Within, key: string, fault: string, until: number): Promise<void> {
  await db
    .updateTable('agenda')
    .set({ due_at: new Date(until), fault })
    .where('key', '=', key)
    .where('done_at', 'is', null)
    .execute();
}

/** Entries that should have been done before `before`, and those that failed so often that nobody tries any more. */
export async function agendaArrears(
  db: Within,
  query: { before: number; attemptsAtMost: number },
): Promise<{ overdue: number; givenUp: number }> {
  const row = await db
    .selectFrom('agenda')
    .select((eb) => [
      eb.fn.countAll<string>().filterWhere('attempts', '<', query.attemptsAtMost).as('overdue'),
      eb.fn.countAll<string>().filterWhere('attempts', '>=', query.attemptsAtMost).as('given_up'),
    ])
    .where('done_at', 'is', null)
    .where('due_at', '<', new Date(query.before))
    .executeTakeFirstOrThrow();
  return { overdue: Number(row.overdue), givenUp: Number(row.given_up) };
}

/** Forgets what was done before `before`. */
export async function forgetDoneEntries(db: Within, before: number, limit: number): Promise<void> {
  await db
    .deleteFrom('agenda')
    .where('key', 'in', (eb) =>
      eb.selectFrom('agenda').select('key').where('done_at', '<', new Date(before)).limit(limit),
    )
    .execute();
}
