import type { AddressInfo } from 'node:net';
import { SetupFault } from '#domain/errors.ts';
import type { Service } from '#runtime/service.ts';
import { createApp } from './app.ts';
import { listenSecurely } from './https.ts';
import { createLive } from './live.ts';
import type { ApiConfig, ApiDeps, Web } from './web.ts';

/**
 * What care teams see and do: console and API on one address, and over TLS on another where that is wished.
 * `port()` and `httpsPort()` are the real ones, after `start()`. @throws SetupFault from `start` when an address is taken.
 */
export function createApi(
  deps: ApiDeps,
  config: ApiConfig,
): Service & { port(): number; httpsPort(): number | undefined } {
  const live = createLive(deps, config);
  let app: Web | undefined;
  let port = config.port;
  let secure: Awaited<ReturnType<typeof listenSecurely>> | undefined;

  return {
    name: 'clinician-api',
    port: () => port,
    httpsPort: () => secure?.port,
    start: async () => {
      const created = await createApp(deps, config, live);
      app = created.app;
      try {
        await app.listen({ host: config.host, port: config.port });
      } catch (fault) {
        app = undefined;
        if ((fault as { code?: string }).code === 'EADDRINUSE')
          throw new SetupFault(
            `Port ${config.port} is taken by another program: stop it, or set HTTP_PORT to a free port.`,
          );
        throw fault;
      }
      port = (app.server.address() as AddressInfo).port;
      if (config.https) secure = await listenSecurely(app, config.https);
      live.start();
    },
    stop: async () => {
      await live.stop();
      await secure?.stop();
      secure = undefined;
      await app?.close();
      app = undefined;
    },
    health: () => {
      if (!app?.server.listening) return { state: 'down', trouble: 'not-running', detail: 'not listening' };
      return live.connected()
        ? { state: 'ok' }
        : { state: 'degraded', trouble: 'live-interrupted', detail: 'live changes are interrupted' };
    },
  };
}
