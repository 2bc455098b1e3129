import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../support/run.ts';
import { until } from '../../support/until.ts';
import type { Contender } from './contender.ts';
import { allReadings, behindMosquitto, end } from './mosquitto.ts';
import type { Sink } from './sink.ts';

const version = '5.0.7';
const folder = join(import.meta.dirname, '../../../node_modules/.cache/node-red');
const program = join(folder, 'node_modules/node-red/red.js');
const installMs = 240_000;
const readyMs = 60_000;

/** Node-RED behind Mosquitto, joining 500 messages, or those of a tenth of a second, into one write: all with its own nodes. */
export async function beginNodeRed(): Promise<Contender | { absent: string }> {
  const fault = install();
  if (fault) return { absent: `Node-RED ${version} does not install here (${fault}).` };
  return behindMosquitto('Mosquitto, Node-RED', async (mqttPort, sink) => {
    const home = mkdtempSync(join(tmpdir(), 'hearthbeat-node-red-'));
    const port = await freePort();
    writeFileSync(join(home, 'flows.json'), JSON.stringify(flow(mqttPort, sink)));
    writeFileSync(
      join(home, 'settings.js'),
      `module.exports = { uiPort: ${port}, uiHost: '127.0.0.1', flowFile: 'flows.json', disableEditor: true, functionExternalModules: false, logging: { console: { level: 'info' } } };`,
    );
    const child = spawn(process.execPath, [program, '-u', home, '-s', join(home, 'settings.js')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said = `${said}${chunk}`.slice(-10_000);
      });
    await until(() => {
      if (child.exitCode !== null) throw new Error(`Node-RED ended:\n${said}`);
      return said.includes('Connected to broker');
    }, readyMs);
    return {
      child,
      stop: async () => {
        await end(child);
        rmSync(home, { recursive: true, force: true });
      },
    };

    function flow(mqttPort: number, sink: Sink) {
      const authorization = `Basic ${Buffer.from(`${sink.user}:${sink.password}`).toString('base64')}`;
      return [
        { id: 'tab', type: 'tab', label: 'bench' },
        {
          id: 'broker',
          type: 'mqtt-broker',
          broker: '127.0.0.1',
          port: String(mqttPort),
          clientid: 'node-red',
          protocolVersion: '4',
          keepalive: '60',
          cleansession: false,
          autoConnect: true,
        },
        {
          id: 'in',
          z: 'tab',
          ...somewhere,
          type: 'mqtt in',
          topic: allReadings,
          qos: '1',
          datatype: 'json',
          broker: 'broker',
          wires: [['lines']],
        },
        { id: 'lines', z: 'tab', ...somewhere, type: 'function', func: linesFunction, outputs: 1, wires: [['join']] },
        {
          id: 'join',
          z: 'tab',
          ...somewhere,
          type: 'join',
          mode: 'custom',
          build: 'string',
          property: 'payload',
          propertyType: 'msg',
          joiner: '\\n',
          joinerType: 'str',
          timeout: '0.1',
          count: '500',
          wires: [['head']],
        },
        {
          id: 'head',
          z: 'tab',
          ...somewhere,
          type: 'function',
          func: `return { payload: msg.payload, headers: { authorization: '${authorization}' } };`,
          outputs: 1,
          wires: [['post']],
        },
        {
          id: 'post',
          z: 'tab',
          ...somewhere,
          type: 'http request',
          method: 'POST',
          ret: 'txt',
          url: `${sink.url}/write?db=${sink.database}&precision=ms`,
          persist: true,
          wires: [[]],
        },
      ];
    }
  });
}

/** A node that stands nowhere counts as configuration. */
const somewhere = { x: 100, y: 100 };

/** As `linesIn`, in a function node. */
const linesFunction = `
const lines = [];
for (const { panel, device, values, takenAt } of msg.payload.readings)
  lines.push(panel + ',device=' + device + ' ' + values.map((v) => v.vital + '=' + v.value).join(',') + ' ' + Date.parse(takenAt));
for (const { panel, device, columns, start, stepMs } of msg.payload.series || []) {
  const at = Date.parse(start);
  for (let n = 0; n < columns[0].values.length; n++)
    lines.push(panel + ',device=' + device + ' ' + columns.map((c) => c.vital + '=' + c.values[n]).join(',') + ' ' + (at + n * stepMs));
}
return { payload: lines.join('\\n') };
`;

/** Into a folder of its own, beside what the project depends on. @returns why it did not work */
function install(): string | undefined {
  if (existsSync(program)) return undefined;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"name":"bench-node-red","private":true}\n');
  process.stderr.write(`Installing Node-RED ${version} into ${folder}\n`);
  const words = ['install', '--save-exact', '--ignore-scripts', '--no-audit', '--no-fund', `node-red@${version}`];
  const { status, stderr, error } = spawnSync('npm', words, { cwd: folder, encoding: 'utf8', timeout: installMs });
  if (status === 0 && existsSync(program)) return undefined;
  rmSync(folder, { recursive: true, force: true });
  return error?.message ?? stderr.split('\n').find((line) => line.includes('npm error')) ?? 'npm failed';
}
