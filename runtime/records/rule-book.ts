import { RuleEntry } from '#domain/rule-book.ts';
import type { Records, Within } from './connect.ts';

/** The book as the rules service wrote it at its start. */
export async function readRuleBook(db: Within): Promise<RuleEntry[]> {
  return (await db.selectFrom('rule_book').select('entry').orderBy('rule').execute()).map((row) => row.entry);
}

/** Puts this book in the place of the one before. */
export async function writeRuleBook(records: Records, entries: readonly RuleEntry[]): Promise<void> {
  await records.transaction().execute(async (db) => {
    const names = entries.map((entry) => entry.rule);
    await db.deleteFrom('rule_book').where('rule', 'not in', names).execute();
    await db
      .insertInto('rule_book')
      .values(entries.map((entry) => ({ rule: entry.rule, entry: JSON.stringify(RuleEntry.parse(entry)) })))
      .onConflict((conflict) => conflict.column('rule').doUpdateSet((eb) => ({ entry: eb.ref('excluded.entry') })))
      .execute();
  });
}
