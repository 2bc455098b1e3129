/** What the broker allows, before a source has proved itself and after; every one of them has a test that reaches it. */
export const brokerLimits = {
  /** Open sockets, signed in or not; one more is closed at once. */
  connections: 20_000,
  /** Of those, from one address over TLS. A hospital, or a provider that shares addresses, has many homes behind one. */
  connectionsPerAddress: 2_000,
  /** New connections from one address over TLS: so many in a row, then so many a second; one more is closed before its handshake. */
  newPerAddress: { atOnce: 500, perSecond: 50 },
  /** Sign-ins that failed from one address over TLS: beyond these, nobody from there is looked up who was not known to be right. */
  failedPerAddress: { atOnce: 60, perSecond: 1 },
  /** From the opening of a socket to the end of the TLS handshake. */
  handshakeMs: 10_000,
  /** From there to a whole CONNECT. */
  connectMs: 10_000,
  /** A source that does not take what is sent to it is disconnected after so long: aedes waits for it meanwhile. */
  drainMs: 3_000,
  firstPacketBytes: 4 * 1024,
  packetBytes: 64 * 1024,
  /**
   * What one source publishes: so many turns in a row, then so many a second; a message takes one turn for every
   * `turnBytes` begun. What comes faster waits for its acknowledgement, and its connection is not read meanwhile.
   */
  publishes: { atOnce: 400, perSecond: 200 },
  turnBytes: 4 * 1024,
  /** Packets other than PUBLISH on one connection. No client has reason for more: it is disconnected. */
  controls: { atOnce: 4_000, perSecond: 1_000 },
  /** Filters refused on one connection; one more ends it. It could be granted two: its receipts and its commands. */
  refusedFilters: 100,
  /** The broker drops its copy at once, but a source is not to send more as its status than the records should hold. */
  statusBytes: 48 * 1024,
  /** One answer to a command. */
  answerBytes: 1024,
  /** Received with QoS 2 and not yet released, for each source. */
  unreleased: 1_000,
  /** Between two looks whether a connected source was revoked or its proof replaced; with 30 s of believing, that takes at most 50 s. */
  lookAgainMs: 20_000,
  /** Between two looks for commands that someone wants to be sent. */
  commandsMs: 1_000,
  /** Between two sweeps of commands that were closed long ago. */
  sweepMs: 600_000,
  stopMs: 3_000,
};
export type BrokerLimits = typeof brokerLimits;
