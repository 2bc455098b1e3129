/**
 * Whether PostgreSQL refused what it was given (SQLSTATE class 22, "data exception", and 23, "integrity constraint violation"),
 * which no repetition cures. Everything else that a statement fails with is taken for an outage: to wait too long loses nothing.
 */
export const isDataFault = (fault: unknown): boolean => {
  const code = (fault as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code);
};
