import { request } from 'undici';
import type { Clock } from '../clock.ts';

/** Whoever watches from outside, and tells people when this stays away. */
export type Heartbeat = { beat(signal: AbortSignal): Promise<Beat> };
/** `fault`: a few fixed words; the address is a secret. */
export type Beat = { ok: true } | { ok: false; fault: string };

const usualLimitMs = 10_000;
const pausesMs = [2_000, 5_000];

export function createHeartbeat(
  { clock }: { clock: Clock },
  { url, method, limitMs = usualLimitMs }: { url: string; method: 'GET' | 'POST'; limitMs?: number },
): Heartbeat {
  const once = async (ended: AbortSignal): Promise<Beat> => {
    const late = new AbortController();
    const cancel = clock.after(limitMs, () => late.abort());
    try {
      const response = await request(url, {
        method,
        headers: { 'user-agent': 'Hearthbeat' },
        signal: AbortSignal.any([ended, late.signal]),
      });
      response.body.on('error', () => {});
      response.body.destroy();
      // a redirect leads to another host, and this address is a secret
      const { statusCode } = response;
      return statusCode >= 200 && statusCode < 300 ? { ok: true } : { ok: false, fault: `it answered ${statusCode}` };
    } catch {
      return { ok: false, fault: late.signal.aborted ? 'it did not answer in time' : 'it cannot be reached' };
    } finally {
      cancel();
    }
  };
  return {
    async beat(signal) {
      let beat = await once(signal);
      for (const pause of pausesMs) {
        if (beat.ok || signal.aborted) return beat;
        await clock.sleep(pause, signal).catch(() => {});
        if (!signal.aborted) beat = await once(signal);
      }
      return beat;
    },
  };
}
