import { RadioFault, type RadioFaultCode } from '../radio/radio.ts';

/**
 * What BlueZ answered, in the radio's words. Names and texts as in BlueZ 5.66 (src/error.c, src/gatt-client.c); its messages hold
 * addresses at most, never values.
 */
export function faultOf(thrown: unknown, doing: string): RadioFault {
  if (thrown instanceof RadioFault) return thrown;
  const { type, text } = thrown as { type?: unknown; text?: unknown };
  const name = typeof type === 'string' ? type.replace('org.bluez.Error.', '') : '';
  const words = typeof text === 'string' ? text : thrown instanceof Error ? thrown.message : '';
  const said = `${doing}: ${name || 'failed'}${words ? ` (${words})` : ''}`;
  return new RadioFault(codeOf(name, words), said, thrown, attIn(words));
}

/** BlueZ names only the ATT errors for which it has no word of its own. */
function attIn(words: string): number | undefined {
  const [, hex] = /ATT error: 0x([0-9a-f]{2})/i.exec(words) ?? [];
  return hex === undefined ? undefined : Number.parseInt(hex, 16);
}

function codeOf(name: string, words: string): RadioFaultCode {
  if (
    /le-connection-abort|connection-canceled|ConnectionAttemptFailed|Software caused connection abort/.test(
      `${name} ${words}`,
    )
  )
    return 'not-reached';
  if (/not connected/i.test(words) || name === 'NotConnected') return 'link-lost';
  if (name.startsWith('Authentication')) return 'pairing-refused';
  if (name === 'NotPermitted' && /not paired/i.test(words)) return 'not-paired';
  if (name === 'InProgress') return 'busy';
  if (name === 'NotReady' || name.startsWith('org.freedesktop.DBus.Error.')) return 'radio-away';
  if (/Device not found/.test(words)) return 'not-advertising';
  return 'refused';
}

export const isError = (thrown: unknown, ...names: string[]): boolean =>
  names.some((name) => (thrown as { type?: unknown } | undefined)?.type === `org.bluez.Error.${name}`);
