import { readFileSync, readdirSync } from 'node:fs';
import { privateInflux } from '../support/private-servers.ts';
const influx = await privateInflux();
const pid = readdirSync('/proc').filter((p) => /^\d+$/.test(p)).find((p) => { try { return readFileSync(`/proc/${p}/cmdline`, 'utf8').includes('influxd') && readFileSync(`/proc/${p}/environ`,'utf8') !== undefined && Number(p) > process.pid; } catch { return false; } });
const cpu = () => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' '); return (Number(f[11]) + Number(f[12])) * 10; };
const t0 = Date.now() * 1e6;
const full = (i: number) => `heart-rate,device=watch-${i % 1000},patient=8c2d0e0e-${String(i % 1000).padStart(4, '0')}-4d5d-8b4e-6f7a8b9c0d1e reading="0123456789abcdef0123456789ab${String(i).padStart(6,'0')}",source="gw-${i % 1000}",taken_at="2026-11-22T21:04:42.123Z",heard_at="2026-11-22T21:04:42.123Z",stored_at="2026-11-22T21:04:42.123Z",clock="source",marks="",flags="",decimals="",heart-rate=62 ${t0 + i * 1e6}`.replace(/ (\d+\.?\d*e\+\d+)$/, (_, n) => ` ${BigInt(Number(n))}`);
const packed = (i: number) => `heart-rate,device=watch-${i % 1000},patient=8c2d0e0e-${String(i % 1000).padStart(4, '0')}-4d5d-8b4e-6f7a8b9c0d1e told="0123456789abcdef0123456789ab${String(i).padStart(6,'0')}|gw-${i % 1000}|2026-11-22T21:04:42.123Z|2026-11-22T21:04:42.123Z|2026-11-22T21:04:42.123Z|source|||",heart-rate=62 ${BigInt(t0 + i * 1e6)}`;
const auth = `Basic ${Buffer.from(`${influx.user}:${influx.password}`).toString('base64')}`;
for (const [name, line] of [['full', full], ['packed', packed], ['full', full], ['packed', packed]] as const) {
  const bodies = Array.from({ length: 30 }, (_, b) => Array.from({ length: 2000 }, (_, k) => line(b * 2000 + k)).join('\n'));
  const c = cpu(); const t = performance.now();
  for (const body of bodies) { const r = await fetch(`${influx.url}/write?db=vitals&precision=ns`, { method: 'POST', headers: { authorization: auth }, body }); if (r.status !== 204) console.log(r.status, await r.text()); }
  console.log(name, 'ms per 2000', ((performance.now() - t) / 30).toFixed(1), 'influxd cpu µs per point', (((cpu() - c) * 1000) / 60000).toFixed(1));
}
await influx.stop();
