/**
 * PostgreSQL refuses two things that JSON may carry: the character NUL, and halves of surrogate pairs. Text from outside
 * goes through here before it goes into a text or jsonb column, so that no message can make a statement fail for ever.
 */
export const storableText = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd');

export const storableJson = (thing: object): string =>
  JSON.stringify(thing, (_, part) => (typeof part === 'string' ? storableText(part) : part));
