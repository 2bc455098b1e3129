/**
 * Shows pages that come through the push service of this browser, also while the console is closed. What they say is in
 * rules/channels/web-push.ts; it keeps nothing and fetches nothing.
 */

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  const page = event.data?.json() ?? {};
  const english = page.language !== 'zh';
  event.waitUntil(
    self.registration.showNotification(page.title ?? 'Hearthbeat', {
      body: page.body ?? '',
      lang: english ? 'en' : 'zh-CN',
      icon: '/favicon.svg',
      // the same page that comes twice is one, and rings again
      tag: page.tag,
      renotify: page.tag !== undefined,
      // what is critical stays until somebody has seen it
      requireInteraction: page.critical === true,
      actions: page.acknowledgeUrl ? [{ action: 'acknowledge', title: english ? 'Take in hand' : '确认接手' }] : [],
      data: { url: page.url, acknowledgeUrl: page.acknowledgeUrl },
    }),
  );
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const { url, acknowledgeUrl } = event.notification.data ?? {};
  const target = (event.action === 'acknowledge' && acknowledgeUrl) || url || '/';
  event.waitUntil(open(target));
});

/** A window that shows it already is brought to the front. */
async function open(url) {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const shown = windows.find((one) => one.url === url);
  return shown ? shown.focus() : self.clients.openWindow(url);
}
