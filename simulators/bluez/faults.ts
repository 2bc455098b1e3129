/**
 * What bluetoothd answers when it refuses. Names and texts as in BlueZ 5.66 (src/error.c, create_gatt_dbus_error in
 * src/gatt-client.c), because a gateway tells faults apart by them.
 */
export class BluezFault extends Error {
  /** D-Bus error name, e.g. `org.bluez.Error.InProgress`. */
  readonly type: string;

  constructor(name: string, text: string) {
    super(text);
    this.name = 'BluezFault';
    this.type = `org.bluez.Error.${name}`;
  }
}

/** An ATT error that a peripheral answers with: Bluetooth Core Specification, Vol 3, Part F, 3.4.1.1; 0x80 and up are the profile's own. */
export class AttFault extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`ATT error 0x${code.toString(16)}`);
    this.name = 'AttFault';
    this.code = code;
  }
}

export const att = {
  readNotPermitted: 0x02,
  writeNotPermitted: 0x03,
  insufficientAuthentication: 0x05,
  requestNotSupported: 0x06,
  invalidLength: 0x0d,
  unlikely: 0x0e,
} as const;

export const refused = {
  notReady: () => new BluezFault('NotReady', 'Resource Not Ready'),
  inProgress: () => new BluezFault('InProgress', 'Operation already in progress'),
  writeInProgress: () => new BluezFault('InProgress', 'In Progress'),
  alreadyExists: () => new BluezFault('AlreadyExists', 'Already Exists'),
  doesNotExist: () => new BluezFault('DoesNotExist', 'Does Not Exist'),
  invalidArguments: () => new BluezFault('InvalidArguments', 'Invalid arguments in method call'),
  notSupported: () => new BluezFault('NotSupported', 'Operation is not supported'),
  notConnected: () => new BluezFault('Failed', 'Not connected'),
  writeNotPermitted: () => new BluezFault('NotPermitted', 'Write not permitted'),
  failed: (text: string) => new BluezFault('Failed', text),
  /** What a Connect ends with that found nobody, or was given up. */
  connectAborted: () => new BluezFault('Failed', 'le-connection-abort-by-local'),
  authenticationFailed: () => new BluezFault('AuthenticationFailed', 'Authentication Failed'),
  authenticationCanceled: () => new BluezFault('AuthenticationCanceled', 'Authentication Canceled'),
};

/** The D-Bus error for anything a method threw; undefined for what is a fault of this simulation itself. */
export function answerTo(thrown: unknown): { type: string; text: string } | undefined {
  if (thrown instanceof AttFault) return answerTo(faultOfAtt(thrown.code));
  if (thrown instanceof BluezFault) return { type: thrown.type, text: thrown.message };
  return undefined;
}

function faultOfAtt(code: number): BluezFault {
  switch (code) {
    case 0x02:
      return new BluezFault('NotPermitted', 'Read not permitted');
    case 0x03:
      return refused.writeNotPermitted();
    case 0x05:
    case 0x0c:
    case 0x0f:
      return new BluezFault('NotPermitted', 'Not paired');
    case 0x06:
      return refused.notSupported();
    case 0x07:
      return new BluezFault('InvalidArguments', 'Invalid offset');
    case 0x08:
      return new BluezFault('NotAuthorized', 'Operation Not Authorized');
    case 0x0d:
      return new BluezFault('InvalidArguments', 'Invalid Length');
    default:
      return refused.failed(`Operation failed with ATT error: 0x${code.toString(16).padStart(2, '0')}`);
  }
}
