import type { Evidence } from '#domain/alert.ts';
import type { ReadingId } from '#domain/ids.ts';
import { artefactMarks, type Mark, marks } from '#domain/reading.ts';
import { type PanelName, type VitalName, vitals, vitalsOf } from '#domain/vitals.ts';
import type { JudgedReading } from '../rule.ts';

/**
 * Readings of one panel, packed into bytes: some seventy for one of blood pressure, where an object takes about a thousand. Oldest first by when they
 * were taken, those of one moment by their ids. What is kept is the latest by that order, so that it does not matter in which order they came.
 */
export type Records = { panel: PanelName; stride: number; bytes: DataView; count: number };

/** Bytes of a record: taken, heard, received (ms since 1970), the id, marks by their place in the catalogue, device, flags, day, values. */
const at = { taken: 0, heard: 8, received: 16, id: 24, marksLow: 40, marksHigh: 44, device: 46, flags: 47, day: 48 };
const headBytes = 52;
const lateFlag = 1;
const artefactFlag = 2;
/** Values are kept to a thousandth; devices give one or two digits after the point. */
const steps = 1000;
const absent = -(2 ** 31);
const dayMs = 86_400_000;

export const createRecords = (panel: PanelName): Records => {
  const stride = headBytes + 4 * vitalsOf(panel).length;
  return { panel, stride, bytes: new DataView(new ArrayBuffer(4 * stride)), count: 0 };
};

export const bytesOfRecords = ({ bytes }: Records): number => bytes.byteLength;

/** When it was taken, ms since 1970. Many rules ask it of one reading, and reading the text takes longer than some of them do. */
export function momentOf(evidence: Evidence): number {
  if (evidence !== asked) {
    asked = evidence;
    moment = Date.parse(evidence.takenAt);
  }
  return moment;
}
let asked: Evidence | undefined;
let moment = Number.NaN;

/** Answers false when it is there already or too old to be kept. @param device its place in the history. */
export function insertRecord(
  records: Records,
  reading: JudgedReading,
  receivedAt: number,
  device: number,
  kept: { days: number; records: number },
): boolean {
  const { evidence } = reading;
  const taken = momentOf(evidence);
  if (records.count > 0 && taken < takenAt(records, records.count - 1) - kept.days * dayMs) return false;
  const place = placeFor(records, taken, evidence.reading);
  if (place < 0 || (place === 0 && records.count >= kept.records)) return false;
  open(records, place);
  write(records, place, reading, taken, receivedAt, device);
  const oldest = takenAt(records, records.count - 1) - kept.days * dayMs;
  let old = Math.max(0, records.count - kept.records);
  while (takenAt(records, old) < oldest) old++;
  if (old > 0) drop(records, old);
  return true;
}

/** Of what is worn: of several in one slot the last, and one that is no artefact before one that is. */
export function insertLastOfSlot(
  records: Records,
  slotMs: number,
  reading: JudgedReading,
  receivedAt: number,
  device: number,
  kept: { days: number; records: number },
): boolean {
  const taken = momentOf(reading.evidence);
  const slot = Math.floor(taken / slotMs);
  for (let i = records.count - 1; i >= 0; i--) {
    const there = takenAt(records, i);
    const slotThere = Math.floor(there / slotMs);
    if (slotThere > slot) continue;
    if (slotThere < slot) break;
    const better =
      Number(isArtefact(records, i)) - Number(isMarkedArtefact(reading.evidence)) ||
      taken - there ||
      -compareIds(records, i, reading.evidence.reading);
    if (better <= 0) return false;
    write(records, i, reading, taken, receivedAt, device);
    return true;
  }
  return insertRecord(records, reading, receivedAt, device, kept);
}

export const takenAt = (records: Records, i: number): number => records.bytes.getFloat64(i * records.stride + at.taken);
export const receivedAt = (records: Records, i: number): number =>
  records.bytes.getFloat64(i * records.stride + at.received);
/** The patient's own calendar day, counted from 1970. */
export const dayOf = (records: Records, i: number): number => records.bytes.getUint16(i * records.stride + at.day);
export const deviceOf = (records: Records, i: number): number => records.bytes.getUint8(i * records.stride + at.device);
export const isLate = (records: Records, i: number): boolean =>
  (records.bytes.getUint8(i * records.stride + at.flags) & lateFlag) !== 0;
/** Whether any mark says that the values may be an artefact. */
export const isArtefact = (records: Records, i: number): boolean =>
  (records.bytes.getUint8(i * records.stride + at.flags) & artefactFlag) !== 0;

/** @param column the place of the vital in `vitalsOf(panel)`. NaN when it was not measured. */
export function valueAt(records: Records, i: number, column: number): number {
  const value = records.bytes.getInt32(i * records.stride + headBytes + 4 * column);
  return value === absent ? Number.NaN : value / steps;
}

/** @param mark its place in the catalogue of marks. */
export const hasMark = (records: Records, i: number, mark: number): boolean =>
  mark < 32
    ? ((records.bytes.getUint32(i * records.stride + at.marksLow) >>> mark) & 1) === 1
    : ((records.bytes.getUint16(i * records.stride + at.marksHigh) >>> (mark - 32)) & 1) === 1;

export const placeOfMark = (mark: Mark): number => marks.indexOf(mark);

export function idAt(records: Records, i: number): ReadingId {
  let id = '';
  for (let byte = 0; byte < 16; byte++)
    id += records.bytes
      .getUint8(i * records.stride + at.id + byte)
      .toString(16)
      .padStart(2, '0');
  return id as ReadingId;
}

/** The reading as it can stand in an alert; the digits in which its values were written are not kept. */
export function evidenceAt(records: Records, i: number): Evidence {
  const values = vitalsOf(records.panel).flatMap((vital, column) => {
    const value = valueAt(records, i, column);
    return Number.isNaN(value) ? [] : [{ vital, value, unit: vitals[vital].ucum }];
  });
  return {
    reading: idAt(records, i),
    panel: records.panel,
    takenAt: new Date(takenAt(records, i)).toISOString(),
    heardAt: new Date(records.bytes.getFloat64(i * records.stride + at.heard)).toISOString(),
    storedAt: new Date(receivedAt(records, i)).toISOString(),
    values,
    marks: marks.filter((_, mark) => hasMark(records, i, mark)),
  };
}

/** The last one that was taken at `until` or before, -1 when there is none. */
export function lastUntil(records: Records, until: number): number {
  let i = records.count - 1;
  while (i >= 0 && takenAt(records, i) > until) i--;
  return i;
}

/** The column of a vital, -1 when the panel has it not. */
export const columnOf = ({ panel }: Records, vital: VitalName): number => vitalsOf(panel).indexOf(vital);

/** Where a reading stands, or -1. */
export function findRecord(records: Records, taken: number, id: ReadingId): number {
  for (let i = records.count - 1; i >= 0 && takenAt(records, i) >= taken; i--)
    if (takenAt(records, i) === taken && compareIds(records, i, id) === 0) return i;
  return -1;
}

/** Nearly always at the end. Negative when it is there already. */
function placeFor(records: Records, taken: number, id: ReadingId): number {
  for (let i = records.count - 1; i >= 0; i--) {
    const there = takenAt(records, i);
    if (there < taken) return i + 1;
    if (there > taken) continue;
    const order = compareIds(records, i, id);
    if (order === 0) return -1;
    if (order < 0) return i + 1;
  }
  return 0;
}

/** Below 0 when the record's id comes before the other. */
function compareIds({ bytes, stride }: Records, i: number, id: ReadingId): number {
  for (let word = 0; word < 4; word++) {
    const difference = bytes.getUint32(i * stride + at.id + 4 * word) - wordOf(id, word);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Eight hexadecimal digits in lower case of an id, without making a text of them. */
function wordOf(id: string, word: number): number {
  let bits = 0;
  for (let n = 8 * word; n < 8 * word + 8; n++) {
    const code = id.charCodeAt(n);
    bits = (bits << 4) | (code <= 57 ? code - 48 : code - 87);
  }
  return bits >>> 0;
}

/** Room for one more record at this place. */
function open(records: Records, place: number): void {
  const { stride, count } = records;
  if ((count + 1) * stride > records.bytes.byteLength) {
    // a quarter more: doubling would leave a third of all memory empty
    const grown = new Uint8Array((count + Math.max(4, count >> 2)) * stride);
    grown.set(new Uint8Array(records.bytes.buffer, 0, count * stride));
    records.bytes = new DataView(grown.buffer);
  }
  if (place < count)
    new Uint8Array(records.bytes.buffer).copyWithin((place + 1) * stride, place * stride, count * stride);
  records.count++;
}

function drop(records: Records, oldest: number): void {
  new Uint8Array(records.bytes.buffer).copyWithin(0, oldest * records.stride, records.count * records.stride);
  records.count -= oldest;
}

function write(
  { panel, stride, bytes }: Records,
  i: number,
  { evidence, late, day }: JudgedReading,
  taken: number,
  received: number,
  device: number,
): void {
  const start = i * stride;
  bytes.setFloat64(start + at.taken, taken);
  bytes.setFloat64(start + at.heard, Date.parse(evidence.heardAt));
  bytes.setFloat64(start + at.received, received);
  for (let word = 0; word < 4; word++) bytes.setUint32(start + at.id + 4 * word, wordOf(evidence.reading, word));
  let [low, high] = [0, 0];
  const flags = (late ? lateFlag : 0) | (isMarkedArtefact(evidence) ? artefactFlag : 0);
  for (const mark of evidence.marks) {
    const place = placeOfMark(mark);
    if (place < 32) low |= 1 << place;
    else high |= 1 << (place - 32);
  }
  bytes.setUint32(start + at.marksLow, low >>> 0);
  bytes.setUint16(start + at.marksHigh, high);
  bytes.setUint8(start + at.device, device);
  bytes.setUint8(start + at.flags, flags);
  bytes.setUint16(start + at.day, day);
  const names = vitalsOf(panel);
  for (let column = 0; column < names.length; column++) {
    const value = measured(evidence, names[column]!);
    bytes.setInt32(start + headBytes + 4 * column, value === undefined ? absent : Math.round(value * steps));
  }
}

const isMarkedArtefact = ({ marks }: Evidence): boolean => marks.some((mark) => artefactMarks.includes(mark));

const measured = ({ values }: Evidence, vital: VitalName): number | undefined => {
  for (let i = 0; i < values.length; i++) if (values[i]!.vital === vital) return values[i]!.value;
  return undefined;
};
