import type { Clock } from '#runtime/clock.ts';
import { type Characteristic, type Link, uuid16 } from '../bluez/air.ts';
import { AttFault } from '../bluez/faults.ts';
import { decodeDateTime, u16 } from './frames/fields.ts';

/**
 * The serving side of the Record Access Control Point 0x2A52 over any memory: report, delete, count and abort; all, up to, from, between, first
 * and last; by record number (a sequence number, or the minutes of a CGM) or by the time the user saw. After the Bluetooth SIG GATT
 * Specification Supplement and the answers of real meters (vectors of record-access.json). It shares nothing with the gateway's side.
 */
export interface RecordAccess {
  readonly characteristic: Characteristic;
  /** The link is gone: whatever was under way ends without a word. */
  linkLost(): void;
  isBusy(): boolean;
}

export type MemoryRecord = {
  /** u16 */
  number: number;
  /** `2026-08-11T20:27:00`; absent where the memory knows no such filter. */
  userTime?: string;
};

export type Memory<R extends MemoryRecord> = {
  /** Oldest first. */
  records(): readonly R[];
  /** Tells some of them, in this order; false when the link is gone. One after the other unless a frame holds several. */
  report(records: readonly R[], link: Link, quit: () => boolean): Promise<boolean>;
  remove(records: readonly R[]): void;
};

export type RecordAccessManners = {
  encrypted?: boolean;
  /** Everything that must be subscribed to beforehand, besides the control point itself. */
  mustHear?: readonly string[];
  /** TaiDoc meters tell the newest first. */
  newestFirst?: boolean;
  /** Not every device counts; one that does not says "op code not supported". */
  counts?: boolean;
  /** Some devices keep what they measured, whatever they are asked. */
  deletes?: boolean;
  /** Some know "all" only. */
  knowsFilters?: boolean;
  /** After the last record nothing comes. */
  omitsFinalAnswer?: boolean;
  /** Indicated before the true answer, such as a count of three bytes. */
  stubs?: readonly Buffer[];
  /** Busy for so many requests, from the first on. */
  busyFor?: number;
  /** From the request to the first record or the answer. */
  thinksMs?: number;
  /** 0x80 and 0x81 in devices before the Core Specification Supplement gave these 0xFE and 0xFD. */
  oldErrors?: boolean;
};

export const recordAccessPoint = uuid16(0x2a52);

const op = { report: 1, delete: 2, abort: 3, count: 4, countIs: 5, answer: 6 } as const;
const operator = { none: 0, all: 1, upTo: 2, from: 3, between: 4, first: 5, last: 6 } as const;
const filter = { number: 1, userTime: 2 } as const;
const response = {
  success: 1,
  opCodeNotSupported: 2,
  invalidOperator: 3,
  operatorNotSupported: 4,
  invalidOperand: 5,
  noRecords: 6,
  abortUnsuccessful: 7,
  operandNotSupported: 9,
  serverBusy: 10,
} as const;
type Response = (typeof response)[keyof typeof response];

export function createRecordAccess<R extends MemoryRecord>(
  { clock, onUse }: { clock: Clock; onUse: (link: Link) => void },
  memory: Memory<R>,
  manners: RecordAccessManners = {},
): RecordAccess {
  const { counts = true, deletes = true, knowsFilters = true, thinksMs = 10 } = manners;
  const errors = manners.oldErrors
    ? { inProgress: 0x80, notSubscribed: 0x81 }
    : { inProgress: 0xfe, notSubscribed: 0xfd };
  let procedure: { aborted: boolean } | null = null;
  let busyFor = manners.busyFor ?? 0;

  function write(request: Buffer, link: Link) {
    const needed = [recordAccessPoint, ...(manners.mustHear ?? [])];
    if (!needed.every((characteristic) => link.isSubscribed(characteristic))) throw new AttFault(errors.notSubscribed);
    onUse(link);
    if (request[0] === op.abort) return abort(request, link);
    if (procedure) throw new AttFault(errors.inProgress);
    const mine = { aborted: false };
    procedure = mine;
    void serve(request, link, mine).finally(() => {
      if (procedure === mine) procedure = null;
    });
  }

  function abort(request: Buffer, link: Link) {
    const wrong = request.length !== 2 || request[1] !== operator.none;
    const underWay = procedure;
    const answer = wrong ? response.invalidOperator : underWay ? response.success : response.abortUnsuccessful;
    if (underWay && !wrong) {
      underWay.aborted = true;
      procedure = null;
    }
    void indicate(link, answerFrame(op.abort, answer));
  }

  async function serve(request: Buffer, link: Link, mine: { aborted: boolean }) {
    await clock.sleep(thinksMs);
    const opCode = request[0] ?? 0;
    const answer = await carryOut(opCode, request, link, mine);
    if (mine.aborted || answer === undefined) return;
    for (const stub of manners.stubs ?? []) await indicate(link, stub);
    // who has heard the answer has confirmed it before the next request comes over the same link
    if (procedure === mine) procedure = null;
    await indicate(link, typeof answer === 'number' ? answerFrame(opCode, answer) : answer);
  }

  /** The answer, as a response or as a frame; undefined where nothing is to be said any more. */
  async function carryOut(
    opCode: number,
    request: Buffer,
    link: Link,
    mine: { aborted: boolean },
  ): Promise<Response | Buffer | undefined> {
    const known = opCode === op.report || (opCode === op.delete && deletes) || (opCode === op.count && counts);
    if (!known) return response.opCodeNotSupported;
    if (busyFor > 0) {
      busyFor--;
      return response.serverBusy;
    }
    const chosen = choose(memory.records(), request.subarray(1), knowsFilters);
    if (typeof chosen === 'number') return chosen;
    if (opCode === op.count) return Buffer.concat([Buffer.from([op.countIs, operator.none]), u16(chosen.length)]);
    if (chosen.length === 0) return response.noRecords;
    if (opCode === op.delete) {
      memory.remove(chosen);
      return response.success;
    }
    const ordered = manners.newestFirst ? [...chosen].reverse() : chosen;
    const isWhole = await memory.report(ordered, link, () => mine.aborted);
    onUse(link);
    return isWhole && !manners.omitsFinalAnswer ? response.success : undefined;
  }

  async function indicate(link: Link, frame: Buffer) {
    onUse(link);
    await link.indicate(recordAccessPoint, frame);
    onUse(link);
  }

  return {
    characteristic: {
      uuid: recordAccessPoint,
      flags: ['write', 'indicate'],
      encrypted: manners.encrypted ?? true,
      write,
    },
    linkLost: () => {
      if (procedure) procedure.aborted = true;
      procedure = null;
    },
    isBusy: () => procedure !== null,
  };
}

const answerFrame = (to: number, answer: Response): Buffer => Buffer.from([op.answer, operator.none, to, answer]);

/** Which records a request means, from its operator on; or why it means none. */
function choose<R extends MemoryRecord>(
  records: readonly R[],
  request: Buffer,
  knowsFilters: boolean,
): readonly R[] | Response {
  const [asked, ...rest] = request;
  const operand = Buffer.from(rest);
  switch (asked) {
    case operator.all:
    case operator.first:
    case operator.last:
      if (operand.length > 0) return response.invalidOperand;
      if (asked === operator.all) return records;
      return asked === operator.first ? records.slice(0, 1) : records.slice(-1);
    case operator.upTo:
    case operator.from:
    case operator.between:
      return knowsFilters ? byFilter(records, asked, operand) : response.operatorNotSupported;
    case operator.none:
    case undefined:
      return response.invalidOperator;
    default:
      return response.operatorNotSupported;
  }
}

function byFilter<R extends MemoryRecord>(
  records: readonly R[],
  asked: 2 | 3 | 4,
  operand: Buffer,
): readonly R[] | Response {
  const knowsTime = records.some((one) => one.userTime !== undefined);
  if (operand.length === 0) return response.invalidOperand;
  if (operand[0] !== filter.number && !(operand[0] === filter.userTime && knowsTime))
    return response.operandNotSupported;
  const isNumber = operand[0] === filter.number;
  const width = isNumber ? 2 : 7;
  const bounds = operand.subarray(1);
  if (bounds.length !== (asked === operator.between ? 2 : 1) * width) return response.invalidOperand;
  const boundAt = (at: number): number | string =>
    isNumber ? bounds.readUInt16LE(at) : decodeDateTime(bounds.subarray(at, at + width));
  const low = asked === operator.upTo ? undefined : boundAt(0);
  const high = asked === operator.from ? undefined : boundAt(asked === operator.between ? width : 0);
  if (low !== undefined && high !== undefined && low > high) return response.invalidOperand;
  return records.filter((one) => {
    const value = isNumber ? one.number : (one.userTime ?? '');
    return (low === undefined || value >= low) && (high === undefined || value <= high);
  });
}
