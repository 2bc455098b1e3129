import type { RuleEntry } from '#domain/rule-book.ts';
import type { Within } from './connect.ts';

/** The book as the rules service wrote it at its start. */
export async function readRuleBook(db: Within): Promise<RuleEntry[]> {
  return (await db.selectFrom('rule_book').select('entry').orderBy('rule').execute()).map((row) => row.entry);
}
