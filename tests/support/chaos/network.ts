import { connect, createServer, type Socket } from 'node:net';

/** The line between the homes and the platform, which can be cut. */
export type Network = {
  port: number;
  /** Every connection is reset, and none comes about until `heal`. */
  cut(): void;
  /** Nothing goes either way until `heal`, and nobody is told. */
  freeze(): void;
  heal(): void;
  stop(): Promise<void>;
};

export async function startNetwork(targetPort: () => number): Promise<Network> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'whole' | 'cut' | 'frozen' = 'whole';
  let count = 0;
  const server = createServer((home) => {
    if (state === 'cut') return void home.resetAndDestroy();
    // an address for each, as homes have
    const from = `127.2.${(count >> 8) & 0xff}.${count++ & 0xff}`;
    const far = connect({ host: '127.0.0.1', port: targetPort(), localAddress: from, noDelay: true });
    home.setNoDelay(true);
    const pair = [home, far] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      home.resetAndDestroy();
      far.resetAndDestroy();
    };
    for (const [one, other] of [pair, [far, home] as const]) {
      one.on('data', (chunk) => void other.write(chunk));
      one.on('error', end);
      one.on('close', end);
    }
    if (state === 'frozen') stall(pair);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the network has no port');

  const stall = (pair: readonly [Socket, Socket]) => pair.forEach((socket) => void socket.pause());
  const resetAll = () => {
    for (const [home, far] of pairs) {
      home.resetAndDestroy();
      far.resetAndDestroy();
    }
  };
  return {
    port: address.port,
    cut: () => {
      state = 'cut';
      resetAll();
    },
    freeze: () => {
      state = 'frozen';
      pairs.forEach(stall);
    },
    heal: () => {
      state = 'whole';
      for (const pair of pairs) for (const socket of pair) socket.resume();
    },
    stop: async () => {
      state = 'cut';
      resetAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
