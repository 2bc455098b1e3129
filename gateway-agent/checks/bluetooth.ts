import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#runtime/clock.ts';
import type { BluezBus, Objects } from '../bluez/bus.ts';
import { type Finding, finding } from './finding.ts';

/** The way from here to the antenna: switch, bus, bluetoothd, adapter. What is behind a thing that fails is not looked at. */
export async function checkBluetooth(
  clock: Clock,
  {
    adapter,
    busAddress,
    rfkillDir = '/sys/class/rfkill',
  }: { adapter: string; busAddress?: string; rfkillDir?: string },
): Promise<Finding[]> {
  const findings: Finding[] = [checkSwitch(rfkillDir)];
  const { openBluezBus } = await import('../bluez/bus.ts');
  let objects: Objects | undefined;
  let bus: BluezBus;
  try {
    bus = await openBluezBus(clock, busAddress, `/org/bluez/${adapter}`, (event) => {
      if (event.kind === 'everything') objects = event.objects;
    });
  } catch {
    return [
      ...findings,
      finding(
        'bus',
        'bad',
        { en: `cannot be reached (${busAddress ?? 'system bus'})`, zh: `无法连接(${busAddress ?? '系统总线'})` },
        {
          en: 'Install and start D-Bus: apt-get install dbus, then restart the box.',
          zh: '请安装并启动 D-Bus：apt-get install dbus，然后重启设备。',
        },
      ),
    ];
  }
  findings.push(finding('bus', 'good', { en: 'answers', zh: '正常' }));
  try {
    await bus.takeStock();
  } catch (fault) {
    return [...findings, bluetoothdFault(fault)];
  } finally {
    bus.close();
  }
  const version = await bluezVersion();
  findings.push(checkVersion(version));
  const values = objects?.[`/org/bluez/${adapter}`]?.['org.bluez.Adapter1'];
  const others = Object.keys(objects ?? {}).flatMap((path) => /^\/org\/bluez\/(hci\d+)$/.exec(path)?.[1] ?? []);
  return [...findings, checkAdapter(adapter, values, others)];
}

function bluetoothdFault(fault: unknown): Finding {
  const { type } = ((fault as { cause?: unknown }).cause ?? {}) as { type?: string };
  if (type?.endsWith('AccessDenied'))
    return finding(
      'bluetoothd',
      'bad',
      { en: 'the bus does not let this account speak to it', zh: '总线不允许当前账户访问蓝牙服务' },
      {
        en: 'Copy docs/gateway/hearthbeat-gateway.conf to /etc/dbus-1/system.d/ and restart the box, or say this with sudo.',
        zh: '请将 docs/gateway/hearthbeat-gateway.conf 复制到 /etc/dbus-1/system.d/ 后重启，或使用 sudo。',
      },
    );
  return finding(
    'bluetoothd',
    'bad',
    { en: 'does not run', zh: '未运行' },
    {
      en: 'Install and start it: apt-get install bluez, then systemctl enable --now bluetooth; see journalctl -u bluetooth if it ends again.',
      zh: '请安装并启动：apt-get install bluez，然后 systemctl enable --now bluetooth；若再次退出，请查看 journalctl -u bluetooth。',
    },
  );
}

/** The version whose manners the simulated bluetoothd keeps; older ones were never tried. */
const triedSince = 5.66;

function checkVersion(version: number | undefined): Finding {
  if (version === undefined)
    return finding('bluetoothd', 'good', { en: 'runs, its version is not known', zh: '运行中，版本未知' });
  const says = { en: `runs, version ${version}`, zh: `运行中，版本 ${version}` };
  if (version >= triedSince) return finding('bluetoothd', 'good', says);
  return finding('bluetoothd', 'doubtful', says, {
    en: `Versions before ${triedSince} were never tried: update the operating system.`,
    zh: `${triedSince} 之前的版本未经测试：请升级操作系统。`,
  });
}

function checkAdapter(adapter: string, values: Record<string, unknown> | undefined, others: string[]): Finding {
  if (!values)
    return finding(
      'adapter',
      'bad',
      { en: `there is no ${adapter}`, zh: `没有 ${adapter}` },
      others.length > 0
        ? {
            en: `Set BLUETOOTH_ADAPTER to ${others.join(' or ')}.`,
            zh: `请将 BLUETOOTH_ADAPTER 设为 ${others.join(' 或 ')}。`,
          }
        : {
            en: 'Plug in a Bluetooth adapter, or switch the built-in one on (on a Raspberry Pi remove dtoverlay=disable-bt from config.txt).',
            zh: '请插入蓝牙适配器，或启用内置蓝牙（树莓派：从 config.txt 中删除 dtoverlay=disable-bt）。',
          },
    );
  if (values.Powered !== true)
    return finding(
      'adapter',
      'doubtful',
      { en: `${adapter} is switched off`, zh: `${adapter} 未开启` },
      {
        en: 'The gateway switches it on when it runs; if it stays off: bluetoothctl power on, and see journalctl -u bluetooth.',
        zh: '网关运行时会自动开启；若仍未开启：执行 bluetoothctl power on，并查看 journalctl -u bluetooth。',
      },
    );
  return finding('adapter', 'good', {
    en: `${adapter} is on${values.Discovering === true ? ' and scans' : ''}`,
    zh: `${adapter} 已开启${values.Discovering === true ? '，正在扫描' : ''}`,
  });
}

/** Linux' own switches: `soft` by a program, `hard` by a slider on the case. */
function checkSwitch(folder: string): Finding {
  const read = (name: string, file: string) => {
    try {
      return readFileSync(join(folder, name, file), 'utf8').trim();
    } catch {
      return '';
    }
  };
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    // a kernel without
  }
  const bluetooth = names.filter((name) => read(name, 'type') === 'bluetooth');
  if (bluetooth.some((name) => read(name, 'hard') === '1'))
    return finding(
      'rfkill',
      'bad',
      { en: 'off by a switch on the case', zh: '被机身上的硬件开关关闭' },
      { en: 'Move the switch for wireless on the case, or its key.', zh: '请打开机身上的无线开关或按键。' },
    );
  if (bluetooth.some((name) => read(name, 'soft') === '1'))
    return finding(
      'rfkill',
      'bad',
      { en: 'off by a program', zh: '被软件关闭' },
      { en: 'Say: sudo rfkill unblock bluetooth.', zh: '请执行：sudo rfkill unblock bluetooth。' },
    );
  return bluetooth.length > 0
    ? finding('rfkill', 'good', { en: 'on', zh: '已打开' })
    : finding('rfkill', 'unknown', { en: 'this machine has none', zh: '本机没有无线开关' });
}

const programMs = 3_000;

/** bluetoothd has no word for its version on the bus; its programs have. */
async function bluezVersion(): Promise<number | undefined> {
  for (const program of ['bluetoothctl', '/usr/libexec/bluetooth/bluetoothd', '/usr/lib/bluetooth/bluetoothd']) {
    const text = await new Promise<string>((resolve) =>
      execFile(program, ['--version'], { timeout: programMs }, (_, out) => resolve(String(out ?? ''))),
    );
    const version = /\b(\d+\.\d+)\b/.exec(text)?.[1];
    if (version) return Number(version);
  }
  return undefined;
}
