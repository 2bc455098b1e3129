import type { Clock } from '#runtime/clock.ts';
import { type Characteristic, type Link, uuid16 } from '../bluez/air.ts';
import { AttFault } from '../bluez/faults.ts';
import { crc, withCrc } from './frames/cgm.ts';

/**
 * The serving side of the CGM Specific Ops Control Point 0x2AAC: interval, calibration, levels at which it alerts, start and stop of the
 * session. Op codes and answers after the Bluetooth SIG GATT Specification Supplement.
 */
export interface SensorSettings {
  readonly characteristic: Characteristic;
  intervalMinutes(): number;
  isCalibrated(): boolean;
  isStopped(): boolean;
}

export const specificOpsPoint = uuid16(0x2aac);

const op = {
  setInterval: 1,
  getInterval: 2,
  intervalIs: 3,
  setCalibration: 4,
  getCalibration: 5,
  calibrationIs: 6,
  resetAlert: 0x19,
  start: 0x1a,
  stop: 0x1b,
  answer: 0x1c,
} as const;
const answer = { success: 1, opCodeNotSupported: 2, invalidOperand: 3, notCompleted: 4 } as const;
/** Set, get, is: patient high, patient low, hypo, hyper, rate of decrease, rate of increase. */
const firstLevel = 0x07;
const lastLevel = 0x18;
const notSubscribed = 0xfd;

export function createSensorSettings({
  clock,
  e2eCrc,
  intervalMinutes,
  encrypted,
}: {
  clock: Clock;
  e2eCrc: boolean;
  intervalMinutes: number;
  encrypted: boolean | undefined;
}): SensorSettings {
  let interval = intervalMinutes;
  let calibration: Buffer | undefined;
  let stopped = false;
  const levels = new Map<number, Buffer>();

  function carryOut(opCode: number, operand: Buffer): Buffer {
    const says = (code: number) => Buffer.from([op.answer, opCode, code]);
    switch (opCode) {
      case op.setInterval:
        if (operand.length !== 1) return says(answer.invalidOperand);
        // 0 stops the notifications, 0xFF is the fastest it can
        if (operand[0] !== 0 && operand[0] !== 0xff) interval = operand[0]!;
        return says(answer.success);
      case op.getInterval:
        return Buffer.from([op.intervalIs, interval]);
      case op.setCalibration:
        if (operand.length !== 10) return says(answer.invalidOperand);
        calibration = operand;
        return says(answer.success);
      case op.getCalibration:
        return calibration ? Buffer.concat([Buffer.from([op.calibrationIs]), calibration]) : says(answer.notCompleted);
      case op.resetAlert:
        return says(answer.success);
      case op.start:
        stopped = false;
        return says(answer.success);
      case op.stop:
        stopped = true;
        return says(answer.success);
      default:
        return level(opCode, operand, says);
    }
  }

  function level(opCode: number, operand: Buffer, says: (code: number) => Buffer): Buffer {
    if (opCode < firstLevel || opCode > lastLevel) return says(answer.opCodeNotSupported);
    const which = Math.floor((opCode - firstLevel) / 3);
    const verb = (opCode - firstLevel) % 3;
    if (verb === 0 && operand.length === 2) {
      levels.set(which, operand);
      return says(answer.success);
    }
    const known = levels.get(which);
    if (verb === 1) return known ? Buffer.concat([Buffer.from([opCode + 1]), known]) : says(answer.notCompleted);
    return says(verb === 0 ? answer.invalidOperand : answer.opCodeNotSupported);
  }

  function write(request: Buffer, link: Link) {
    if (!link.isSubscribed(specificOpsPoint)) throw new AttFault(notSubscribed);
    if (e2eCrc && !hasCrc(request)) throw new AttFault(request.length < 3 ? missingCrc : invalidCrc);
    const body = e2eCrc ? request.subarray(0, -2) : request;
    const reply = withCrc(carryOut(body[0] ?? 0, Buffer.from(body.subarray(1))), e2eCrc);
    void clock.sleep(answersAfterMs).then(() => link.indicate(specificOpsPoint, reply));
  }

  return {
    characteristic: { uuid: specificOpsPoint, flags: ['write', 'indicate'], encrypted, write },
    intervalMinutes: () => interval,
    isCalibrated: () => calibration !== undefined,
    isStopped: () => stopped,
  };
}

const answersAfterMs = 10;
/** ATT errors of the CGM service. */
const missingCrc = 0x80;
const invalidCrc = 0x81;

const hasCrc = (bytes: Buffer): boolean =>
  bytes.length >= 3 && bytes.readUInt16LE(bytes.length - 2) === crc(bytes.subarray(0, -2));
