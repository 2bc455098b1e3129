/** How long a visit takes, and what it holds meanwhile. */
export const visitLimits = {
  /** A&D cuffs switch off about a minute into a connection; whoever stays longer keeps others waiting. Fetching a memory is not counted. */
  wholeMs: 60_000,
  /** Nothing said for so long: it has said everything and does not hang up by itself. */
  idleMs: 20_000,
  /** The same for a device that speaks every few minutes: sensors do so every five, some every fifteen. */
  lastingIdleMs: 20 * 60_000,
  /** After a visit to such a device for which there was no place to stay: it keeps what it measures meanwhile. */
  lastingBackMs: 60_000,
  /** All of a memory: a sensor's two weeks, some thousand records, take a minute or two. */
  fetchMs: 10 * 60_000,
  /** A memory that told less than it had counted is asked so often in all. */
  fetchTries: 3,
  /** So long a device may take to say that it has stopped telling its memory, when the gateway must leave. */
  leaveMs: 1_000,
  /** For a question whose answer is indicated, where no profile names a time. */
  answerMs: 5_000,
  /** What the frames of a device hang on is asked for so often, before the visit is given up and its records stay where they are. */
  keptTries: 3,
  /** Frames held in memory while the disk refuses them; a cuff's memory holds a hundred or two. */
  unkept: 500,
  keepAgainMs: 1_000,
  /** What was heard is read together, when much comes at once. */
  settleEveryMs: 250,
  /** Frames that were read already and are remembered to understand the next, where a visit lasts for days. */
  remembered: 512,
  /** That a device was heard is noted so often while a visit lasts. */
  notedEveryMs: 60_000,
  /** Frames of a stream that nobody can read and that are kept aside, each visit: it may say the same every second. */
  strayFrames: 10,
} as const;

/** Streams: values that a device says every second for as long as it is worn. */
export const streamLimits = {
  /** Between two readings of a stream, unless somebody chooses otherwise. */
  everyMs: 60_000,
  /** Without a place to stay, a visit waits so long for a first steady while. */
  withinMs: 120_000,
  /** Where readings are further apart than this, nobody stays in between. */
  staysBelowMs: 5 * 60_000,
  /** A stream that is not steady for so long, because nobody wears what speaks, holds no place. */
  unsteadyMs: 10 * 60_000,
  /** Then, and after a first reading without a place, the others come first for so long. */
  backAfterMs: 30_000,
} as const;

export const clockLimits = {
  /** So far from ours a clock is set. Nearer, its readings are corrected and it is left alone: each setting is a step in what it measures. */
  setBeyondMs: 60_000,
  /** What sends by itself and has been silent for so long has sent what it held. */
  quietMs: 1_000,
  /** One that refused to be set is asked again after so long. */
  triedAgainMs: 7 * 24 * 3_600_000,
  /** Settings remembered. */
  settings: 4,
} as const;

/** A scale answers within seconds, or after its user has pressed something: the dialogue itself waits 30 s. */
export const consentLimits = { codes: 10_000 } as const;
