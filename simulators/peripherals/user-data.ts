import { type GattService, type Link, uuid16 } from '../bluez/air.ts';
import { AttFault } from '../bluez/faults.ts';
import { u32 } from './frames/fields.ts';

/**
 * The User Data service 0x181C of a scale with several users. Over its control point 0x2A9F a gateway registers a user or gives the
 * code of one; until then the scale tells nobody anything. Answers come as indications.
 * Source: Bluetooth SIG GATT Specification Supplement; KristianP26/ble-scale-sync for the order of Beurer scales.
 */
export interface UserData {
  readonly service: GattService;
  /** Whose code was given on this link. */
  consented(link: Link): number | undefined;
  /** The link is gone, and the consent with it. */
  forget(): void;
  users(): readonly ScaleUser[];
}

/** @param index 1 and up. @param code 0 to 9999. */
export type ScaleUser = { index: number; code: number };

export const userControlPoint = uuid16(0x2a9f);
const userDataService = uuid16(0x181c);
const databaseChange = uuid16(0x2a99);
const userIndex = uuid16(0x2a9a);
const unknownUser = 0xff;
const op = { register: 1, consent: 2, response: 0x20 } as const;
const result = { success: 1, opCodeNotSupported: 2, invalidParameter: 3, failed: 4, notAuthorised: 5 } as const;
/** Core Specification Supplement: the configuration is not written. */
const notSubscribed = 0xfd;
const usersAtMost = 8;
const highestCode = 9_999;

/** @param isClockSet has the clock been set on this link? Beurer scales let nobody in before. */
export function createUserData(
  known: readonly ScaleUser[],
  {
    encrypted,
    isClockSet,
    onConsent,
  }: { encrypted: boolean | undefined; isClockSet: () => boolean; onConsent: () => void },
): UserData {
  const users = [...known];
  let consent: { link: Link; index: number } | undefined;

  async function answer(link: Link, bytes: readonly number[]) {
    await link.indicate(userControlPoint, Buffer.from(bytes));
    if (consent?.link === link) onConsent();
  }

  function request(bytes: Buffer, link: Link) {
    if (!link.isSubscribed(userControlPoint)) throw new AttFault(notSubscribed);
    const [word = 0] = bytes;
    const asks = { [op.register]: register, [op.consent]: giveCode }[word];
    void answer(link, [op.response, word, ...(asks ? asks(bytes, link) : [result.opCodeNotSupported])]);
  }

  function register(bytes: Buffer): number[] {
    if (bytes.length !== 3 || bytes.readUInt16LE(1) > highestCode) return [result.invalidParameter];
    const free = Array.from({ length: usersAtMost }, (_, n) => n + 1).find(
      (n) => !users.some(({ index }) => index === n),
    );
    if (free === undefined) return [result.failed];
    users.push({ index: free, code: bytes.readUInt16LE(1) });
    return [result.success, free];
  }

  function giveCode(bytes: Buffer, link: Link): number[] {
    if (bytes.length !== 4) return [result.invalidParameter];
    if (!isClockSet()) return [result.failed];
    const user = users.find(({ index, code }) => index === bytes[1] && code === bytes.readUInt16LE(2));
    if (!user) return [result.notAuthorised];
    consent = { link, index: user.index };
    return [result.success];
  }

  return {
    service: {
      uuid: userDataService,
      characteristics: [
        { uuid: userControlPoint, flags: ['write', 'indicate'], encrypted, write: request },
        { uuid: databaseChange, flags: ['read', 'write', 'notify'], encrypted, read: () => u32(0), write: () => {} },
        { uuid: userIndex, flags: ['read'], encrypted, read: () => Buffer.from([consent?.index ?? unknownUser]) },
      ],
    },
    consented: (link) => (consent?.link === link ? consent.index : undefined),
    forget: () => {
      consent = undefined;
    },
    users: () => users,
  };
}
