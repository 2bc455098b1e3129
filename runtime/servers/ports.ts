import { createServer } from 'node:net';
import { SetupFault } from '#domain/errors.ts';
import type { Config } from '../config.ts';
import type { Role } from '../roles.ts';

/**
 * Asked before anything is started, so that a taken port is a sentence and not half a start.
 * @param variable that changes the port. @throws SetupFault
 */
export async function requireFreePort(variable: string, port: number, host: string): Promise<void> {
  const fault = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
  if (!fault) return;
  const faults: Record<string, string> = {
    EADDRINUSE: `${variable}: port ${port} is taken by another program; set ${variable} to a free one.`,
    EACCES: `${variable}: port ${port} is reserved for root; set ${variable} to one from 1024 on.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine; set HTTP_HOST to one that is.`,
  };
  throw new SetupFault(faults[fault.code ?? ''] ?? `${variable}: port ${port} cannot be used (${fault.code}).`);
}

/** Every port on which the parts of this process listen themselves. @throws SetupFault */
export async function requireFreePorts(config: Config, here: ReadonlySet<Role>): Promise<void> {
  if (here.has('api')) {
    await requireFreePort('HTTP_PORT', config.HTTP_PORT, config.HTTP_HOST);
    if (config.HTTPS_PORT) await requireFreePort('HTTPS_PORT', config.HTTPS_PORT, config.HTTPS_HOST);
  }
  if (here.has('broker')) {
    await requireFreePort('MQTT_PORT', config.MQTT_PORT, '127.0.0.1');
    await requireFreePort('MQTTS_PORT', config.MQTTS_PORT, config.MQTTS_HOST);
  }
}
