import type { BenchSource } from './messages.ts';
import type { Sink } from './sink.ts';

/** A way from MQTT into InfluxDB. */
export type Contender = {
  name: string;
  /** Where the sources publish. */
  mqttPort: number;
  sink: Sink;
  /** All its processes, those of InfluxDB apart. */
  processes(): { own: { pid: number; name: string }[]; influx: { pid: number; name: string }[] };
  stop(): Promise<void>;
};

/** Begins one that lets these sources in; `absent`: a sentence that says why it cannot be had on this machine. */
export type Begin = (sources: readonly BenchSource[]) => Promise<Contender | { absent: string }>;
