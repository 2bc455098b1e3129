import { connectAsync } from 'mqtt';
import { Agent, fetch } from 'undici';
import { linesIn } from './lines.ts';
import { allReadings } from './mosquitto.ts';
import type { Sink } from './sink.ts';

/**
 * The least that anybody writes behind a broker: parse, gather, post. It checks nothing, knows no patients, and loses what it has in hand when it is
 * killed, for MQTT.js acknowledges what it hands on.
 */
const { mqttPort, sink }: { mqttPort: number; sink: Sink } = JSON.parse(process.argv[2]!);
const linesPerPost = 5_000;
const postsAtOnce = 4;
const gatherMs = 20;

const dispatcher = new Agent({ connections: postsAtOnce, pipelining: 1 });
const authorization = `Basic ${Buffer.from(`${sink.user}:${sink.password}`).toString('base64')}`;
const url = `${sink.url}/write?db=${sink.database}&precision=ms`;
let waiting: string[] = [];
let posting = 0;

const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId: 'consumer', clean: false });
client.on('message', (_, payload) => {
  for (const line of linesIn(payload)) waiting.push(line);
});
setInterval(post, gatherMs);
process.on('disconnect', () => process.exit(0));
await client.subscribeAsync(allReadings, { qos: 1 });
process.send!('ready');

function post(): void {
  while (waiting.length > 0 && posting < postsAtOnce) {
    const lines = waiting.slice(0, linesPerPost);
    waiting = waiting.slice(linesPerPost);
    posting++;
    void fetch(url, { method: 'POST', headers: { authorization }, body: lines.join('\n'), dispatcher }).then(
      async (response) => {
        await response.text();
        if (!response.ok) throw new Error(`InfluxDB answered ${response.status}`);
        posting--;
        post();
      },
    );
  }
}
