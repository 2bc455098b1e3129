/**
 * An outage: something outside this process did not do its part.
 * Bad input is not an outage (it is a value with a reason), and a broken invariant is a plain Error that crashes.
 * The text must hold no secret, no health value and no name.
 */
export class Outage extends Error {
  readonly code: string;
  readonly retry: boolean;

  /** @param code kebab-case word for logs and metrics, e.g. 'vitals-store-away'. @param retry whether trying again may help. */
  constructor(code: string, message: string, options: { retry: boolean; cause?: unknown } = { retry: true }) {
    super(message, { cause: options.cause });
    this.name = 'Outage';
    this.code = code;
    this.retry = options.retry;
  }
}

/** A fault of set-up or configuration that a person must mend: its text is one sentence that says what to do. */
export class SetupFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SetupFault';
  }
}
