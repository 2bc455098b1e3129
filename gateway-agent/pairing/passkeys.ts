/**
 * Where the six digits come from that some devices show when they are paired: from whoever is pairing that very device at this moment, and
 * from nobody else. Handed to the radio, which asks, and to the introduction, which attends.
 */
export interface PasskeyDesk {
  /** For the radio. Undefined at once when nobody attends to this device. */
  passkey(address: string): Promise<number | undefined>;
  /** The answer leaves the desk. Whoever comes later takes the place. */
  attend(address: string, ask: () => Promise<number | undefined>): () => void;
}

export function createPasskeyDesk(): PasskeyDesk {
  let attending: { address: string; ask: () => Promise<number | undefined> } | undefined;
  return {
    passkey: async (address) => (attending?.address === address ? attending.ask() : undefined),
    attend: (address, ask) => {
      const mine = { address, ask };
      attending = mine;
      return () => {
        if (attending === mine) attending = undefined;
      };
    },
  };
}
