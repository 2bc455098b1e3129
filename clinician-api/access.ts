import type { Role } from '#domain/people.ts';

/**
 * Who may use which route: the one place that decides it. A route that does not stand here is never registered (see app.ts),
 * so nothing is open by omission. Which patients somebody may see is not a matter of roles: every query is bounded by the
 * care teams of whoever asks.
 *
 * `anyone`: no session needed. `loopback`: callers on this machine. Else: signed in, with one of these roles.
 */
export type Access = 'anyone' | 'loopback' | readonly Role[];

const everybody: Access = ['nurse', 'doctor', 'administrator'];
const clinical: Access = ['nurse', 'doctor'];
const doctors: Access = ['doctor'];
const administrators: Access = ['administrator'];
const planners: Access = ['doctor', 'administrator'];

export const accessTable: Readonly<Record<string, Access>> = {
  'POST /api/v1/session': 'anyone',
  'GET /api/v1/session': everybody,
  'DELETE /api/v1/session': everybody,
  'GET /api/v1/worklist': everybody,
  'GET /api/v1/patients/:id': everybody,
  'GET /api/v1/patients/:id/readings': everybody,
  'POST /api/v1/patients/:id/commands': clinical,
  'PUT /api/v1/patients/:id/care-plan/overrides/:rule': doctors,
  'PUT /api/v1/patients/:id/care-plan/programmes': doctors,
  'PUT /api/v1/patients/:id/care-plan/expected': clinical,
  'PUT /api/v1/patients/:id/care-plan/follow-up': clinical,
  'PUT /api/v1/patients/:id/care-plan/pause': clinical,
  'GET /api/v1/patients/:id/care-plan/changes': everybody,
  'POST /api/v1/patients/:id/care-plan/forecast': doctors,
  'GET /api/v1/teams/:id/rota': everybody,
  'PUT /api/v1/teams/:id/rota': planners,
  'GET /api/v1/teams/:id/on-call': everybody,
  'POST /api/v1/teams/:id/overrides': everybody,
  'DELETE /api/v1/teams/:id/overrides/:override': everybody,
  'POST /api/v1/teams/:id/overrides/:override/restore': everybody,
  'GET /api/v1/teams/:id/policies': everybody,
  'PUT /api/v1/teams/:id/policies': planners,
  'POST /api/v1/teams/:id/policies/rehearsal': everybody,
  'GET /api/v1/teams/:id/parameters': everybody,
  'PUT /api/v1/teams/:id/parameters/:rule': doctors,
  'GET /api/v1/teams/:id/parameters/changes': everybody,
  'POST /api/v1/teams/:id/parameters/forecast': doctors,
  // changes nothing that anybody is cared for by
  'GET /api/v1/backtests': planners,
  'POST /api/v1/backtests': planners,
  'GET /api/v1/backtests/:id': planners,
  'GET /api/v1/backtests/:id/plot': planners,
  'POST /api/v1/backtests/:id/cancel': planners,
  'GET /api/v1/alerts': everybody,
  'GET /api/v1/alerts/:id': everybody,
  'POST /api/v1/alerts/:id/acknowledge': clinical,
  'POST /api/v1/alerts/:id/hand-over': clinical,
  'POST /api/v1/alerts/:id/snooze': clinical,
  'POST /api/v1/alerts/:id/unsnooze': clinical,
  'POST /api/v1/alerts/:id/resolve': clinical,
  'GET /api/v1/response-times': everybody,
  'GET /api/v1/tasks': everybody,
  'GET /api/v1/tasks/:id': everybody,
  'POST /api/v1/patients/:id/tasks': clinical,
  'POST /api/v1/tasks/:id/take': clinical,
  'POST /api/v1/tasks/:id/give-back': clinical,
  'POST /api/v1/tasks/:id/hand-over': clinical,
  'POST /api/v1/tasks/:id/move': clinical,
  'POST /api/v1/tasks/:id/checklist': clinical,
  'POST /api/v1/tasks/:id/complete': clinical,
  'POST /api/v1/tasks/:id/reopen': clinical,
  'GET /api/v1/contact': clinical,
  'POST /api/v1/contact-points': clinical,
  'PUT /api/v1/contact-points/:point': clinical,
  'DELETE /api/v1/contact-points/:point': clinical,
  'POST /api/v1/contact-points/:point/verify': clinical,
  'POST /api/v1/contact-points/:point/code': clinical,
  'POST /api/v1/contact-points/:point/test': clinical,
  'POST /api/v1/contact-points/:point/restore': clinical,
  'GET /api/v1/reachability': administrators,
  // whoever has the link of a page: it says who they are
  'GET /a/:token': 'anyone',
  'POST /a/:token': 'anyone',
  'GET /api/v1/changes': everybody,
  'GET /api/v1/mailbox': everybody,
  'GET /api/v1/sources': administrators,
  'POST /api/v1/sources': administrators,
  'GET /api/v1/sources/:source': administrators,
  'POST /api/v1/sources/:source/codes': administrators,
  'POST /api/v1/sources/:source/tokens': administrators,
  'POST /api/v1/sources/:source/revoke': administrators,
  'POST /api/v1/sources/:source/certificates/:fingerprint/revoke': administrators,
  'PUT /api/v1/sources/:source/devices/:device': administrators,
  'GET /api/v1/patients': administrators,
  'POST /api/v1/assignments': administrators,
  'POST /api/v1/assignments/:assignment/end': administrators,
  'POST /api/v1/assignments/:assignment/undo': administrators,
  'GET /api/v1/quarantine': administrators,
  'GET /api/v1/quarantine/:key': administrators,
  'POST /api/v1/quarantine/release': administrators,
  'GET /api/v1/audit': administrators,
  'GET /api/v1/audit/verification': administrators,
  'GET /api/v1/erasures': administrators,
  'POST /api/v1/erasures': administrators,
  'GET /api/v1/platform': administrators,
  'GET /api/v1/platform-alerts': administrators,
  // a box that has nothing yet but a code
  'POST /api/v1/enrolments': 'anyone',
  // a box that proves itself with the key of its certificate
  'POST /api/v1/renewals': 'anyone',
  'GET /api/openapi.json': 'anyone',
  'GET /health/live': 'anyone',
  'GET /health/ready': 'anyone',
  'GET /metrics': 'loopback',
  // the console's own files hold no patient
  'GET /*': 'anyone',
  'HEAD /*': 'anyone',
};

/** @param route `METHOD /path/:parameter`, as in the table. */
export const accessOf = (route: string): Access | undefined =>
  Object.hasOwn(accessTable, route) ? accessTable[route] : undefined;

/** The session cookie matters only where a role is asked for. */
export const needsSession = (access: Access | undefined): boolean => access !== 'anyone' && access !== 'loopback';

export function mayUse(
  access: Access | undefined,
  caller: { role: Role | undefined; loopback: boolean },
): 'yes' | 'sign-in-first' | 'no' {
  if (access === 'anyone') return 'yes';
  if (access === 'loopback') return caller.loopback ? 'yes' : 'no';
  if (!caller.role) return 'sign-in-first';
  return access?.includes(caller.role) ? 'yes' : 'no';
}

/**
 * Was this request sent by our own pages? A browser says so in `Sec-Fetch-Site` and, for every request that changes something,
 * in `Origin`; no page can forge either. A caller that sends neither is no browser and carries nobody's cookie by accident.
 * (OWASP Cross-Site Request Forgery Prevention Cheat Sheet, "Fetch Metadata" and "standard headers".)
 */
export function isSameOrigin(
  headers: { 'sec-fetch-site'?: string | string[]; origin?: string; host?: string },
  publicUrl: string,
): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  if (headers.origin === undefined) return true;
  if (!URL.canParse(headers.origin)) return false;
  const origin = new URL(headers.origin);
  return origin.origin === new URL(publicUrl).origin || origin.host === headers.host;
}

/**
 * Did a person cause this request? The console marks what it asks by itself. The stream of changes can be marked by nobody, for
 * browsers open it again by themselves; and whoever changes something is there.
 */
export const isByPerson = (headers: Record<string, unknown>, url: string, changes: boolean): boolean =>
  changes || (headers['x-hearthbeat-background'] === undefined && url !== '/api/v1/changes');

/**
 * Does the caller sit on this machine? The address alone would also fit whoever comes through a reverse proxy that names
 * nobody, so the name they asked for must be this machine's as well; and whoever says that somebody forwarded them is taken at
 * their word, for a proxy may pass on what a stranger claims.
 */
export function isLoopback(address: string, hostname: string, headers: Record<string, unknown>): boolean {
  if (Object.keys(headers).some((name) => name === 'forwarded' || name.startsWith('x-forwarded-'))) return false;
  const here = ['127.0.0.1', '::1', '::ffff:127.0.0.1'];
  return here.includes(address) && ['localhost', '127.0.0.1', '::1', '[::1]'].includes(hostname);
}
