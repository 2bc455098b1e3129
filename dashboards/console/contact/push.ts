import { PushSubscription } from '#domain/contact.ts';

/** This browser as a place where pages arrive. */

export type PushFault = 'unsupported' | 'denied' | 'failed';

/** Asks its user, and then its push service. @param key of the platform, base64url */
export async function subscribeHere(key: string): Promise<PushSubscription | PushFault> {
  if (!('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window))
    return 'unsupported';
  if ((await Notification.requestPermission()) !== 'granted') return 'denied';
  try {
    await navigator.serviceWorker.register('/sw.js');
    const { pushManager } = await navigator.serviceWorker.ready;
    const wish = { userVisibleOnly: true, applicationServerKey: key };
    const subscription = await pushManager.subscribe(wish).catch(async () => {
      // one with another key stands in the way: the platform has been set up anew
      await (await pushManager.getSubscription())?.unsubscribe();
      return pushManager.subscribe(wish);
    });
    return PushSubscription.parse(subscription.toJSON());
  } catch {
    return 'failed';
  }
}
