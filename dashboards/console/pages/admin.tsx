import '../locales/admin.ts';
import { Redirect, Route, Switch } from 'wouter';
import { AuditPage } from '../admin/audit.tsx';
import { ErasurePage } from '../admin/erasure.tsx';
import { HomePage } from '../admin/home.tsx';
import { HomesPage } from '../admin/homes.tsx';
import { OperationPage } from '../admin/operation.tsx';
import { QuarantinePage } from '../admin/quarantine.tsx';
import { NotFoundPage } from './not-found.tsx';

/** Everything that administrators look after: fetched by them alone. */
export default function AdminPages() {
  return (
    <Switch>
      <Route path="/admin">
        <Redirect to="/admin/homes" replace />
      </Route>
      <Route path="/admin/homes" component={HomesPage} />
      <Route path="/admin/homes/:id">{({ id }) => <HomePage key={id} id={id} />}</Route>
      <Route path="/admin/quarantine" component={QuarantinePage} />
      <Route path="/admin/operation" component={OperationPage} />
      <Route path="/admin/audit" component={AuditPage} />
      <Route path="/admin/erasure" component={ErasurePage} />
      <Route component={NotFoundPage} />
    </Switch>
  );
}
