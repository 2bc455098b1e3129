import { lazy, Suspense, useEffect, useRef } from 'react';
import { Route, Switch, useLocation } from 'wouter';
import type { SessionView } from '#domain/views.ts';
import { useLive } from './api/live.ts';
import { useSession } from './api/queries.ts';
import { AlertPage } from './pages/alert.tsx';
import { AlertsPage } from './pages/alerts.tsx';
import { MailboxPage } from './pages/mailbox.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { TasksPage } from './pages/tasks.tsx';
import { WorklistPage } from './pages/worklist.tsx';
import { Broken } from './parts/broken.tsx';
import { Shell } from './parts/shell.tsx';
import { Failed, Waiting } from './parts/states.tsx';
import { ShownUnits } from './parts/units.tsx';
import { useZone, Zone } from './parts/zone.ts';

// charts are most of it, and a doctor who opens an alert at night needs none
const PatientPage = lazy(() => import('./pages/patient.tsx'));
const CarePlanPage = lazy(() => import('./pages/care-plan.tsx'));
const RulesPages = lazy(() => import('./pages/rules.tsx'));
const ContactPage = lazy(() => import('./pages/contact.tsx'));
const OnCallPages = lazy(() => import('./pages/on-call.tsx'));
const AdminPages = lazy(() => import('./pages/admin.tsx'));

export function App() {
  const session = useSession();
  const browsersZone = useZone();
  const zone = session.data?.teams[0]?.timeZone ?? browsersZone;
  return (
    <Zone.Provider value={zone}>
      <ShownUnits>
        <Shell session={session.data ?? null}>
          {session.data ? (
            <Pages session={session.data} />
          ) : session.data === null ? (
            <SignInPage />
          ) : session.error ? (
            <Failed fault={session.error} retry={session.refetch} />
          ) : (
            <Waiting />
          )}
        </Shell>
      </ShownUnits>
    </Zone.Provider>
  );
}

function Pages({ session }: { session: SessionView }) {
  const [path] = useLocation();
  useLive();
  useStartOfPage(path);
  return (
    <Broken key={path}>
      <Switch>
        <Route path="/" component={WorklistPage} />
        <Route path="/patients/:id">
          {({ id }) => (
            <Suspense fallback={<Waiting />}>
              <PatientPage id={id} teams={session.teams} />
            </Suspense>
          )}
        </Route>
        <Route path="/patients/:id/plan/:rule?">
          {({ id, rule }) => (
            <Suspense fallback={<Waiting />}>
              <CarePlanPage id={id} {...(rule ? { rule } : {})} teams={session.teams} />
            </Suspense>
          )}
        </Route>
        {session.clinician.role !== 'nurse' && (
          <Route path="/rules/*?">
            <Suspense fallback={<Waiting />}>
              <RulesPages session={session} />
            </Suspense>
          </Route>
        )}
        <Route path="/alerts" component={AlertsPage} />
        <Route path="/alerts/:id">{({ id }) => <AlertPage id={id} />}</Route>
        <Route path="/tasks">
          <TasksPage role={session.clinician.role} />
        </Route>
        <Route path="/on-call/*?">
          <Suspense fallback={<Waiting />}>
            <OnCallPages session={session} />
          </Suspense>
        </Route>
        {session.clinician.role !== 'administrator' && (
          <Route path="/contact">
            <Suspense fallback={<Waiting />}>
              <ContactPage />
            </Suspense>
          </Route>
        )}
        {session.clinician.role === 'administrator' && (
          <Route path="/admin/*?">
            <Suspense fallback={<Waiting />}>
              <AdminPages />
            </Suspense>
          </Route>
        )}
        {session.neighbourhood && <Route path="/mailbox" component={MailboxPage} />}
        <Route component={NotFoundPage} />
      </Switch>
    </Broken>
  );
}

/** A new page begins at its top, and a screen reader or keyboard begins there too. */
function useStartOfPage(path: string): void {
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    window.scrollTo(0, 0);
    document.getElementById('content')?.focus({ preventScroll: true });
  }, [path]);
}
