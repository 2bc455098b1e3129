import {
  type Backstage,
  errorIn,
  isReading,
  type Manners,
  makeBehind,
  type Request,
  type Said,
  saysToken,
} from './front.ts';

/**
 * The manners of InfluxDB 3 Core and Enterprise. Sources: docs.influxdata.com/influxdb3/core/api (server information, databases, write, and which
 * scheme of authentication goes with which endpoint), …/core/write-data/http-api (partial writes: 400, the good lines are kept, `data` names
 * the bad ones), …/core/reference/internals/data-retention. There is no deletion of rows.
 */
export function manners3(backstage: Backstage): Manners {
  const { token, databases, made, pass } = backstage;

  async function write({ query, body }: Request): Promise<Said> {
    const database = query.get('db') ?? '';
    // with its first point
    if (!databases.has(database)) await makeBehind(backstage, database);
    const { status, text } = await pass('/write', { db: database, precision: query.get('precision') ?? 'ns' }, body);
    if (status !== 400) return status === 204 ? { status } : { status, body: { error: text } };
    const bad = { original_line: body.slice(0, 40), line_number: 1, error_message: errorIn(text) };
    return { status: 400, body: { error: 'partial write of line protocol occurred', data: [bad] } };
  }

  async function select({ body }: Request): Promise<Said> {
    const form = new URLSearchParams(body);
    const [database, statement] = [form.get('db') ?? '', form.get('q') ?? ''];
    if (!databases.has(database)) return { status: 404, body: { error: `database not found: ${database}` } };
    if (!isReading(statement)) return { status: 400, body: { error: 'unsupported statement' } };
    const { status, text } = await pass('/query', {}, body);
    return { status, headers: { 'content-type': 'application/json' }, body: text };
  }

  async function make(body: string): Promise<Said> {
    const wish = JSON.parse(body) as { db: string; retention_period?: string };
    if (databases.has(wish.db))
      return { status: 409, body: { error: 'attempted to create a resource that already exists' } };
    made.push(wish);
    await makeBehind(backstage, wish.db);
    return { status: 200, body: {} };
  }

  const schemesFor = (path: string) => {
    if (path === '/write' || path === '/query') return ['Bearer', 'Token', 'Basic'];
    return ['Bearer'];
  };
  const version = { version: '3.8.0', revision: '0000000000', process_id: '00000000-0000-4000-8000-000000000000' };

  return {
    letsIn: (request) => saysToken(request, token, schemesFor(request.path)),
    stranger: { status: 401, body: { error: 'the request was not authenticated' } },
    async answer(request) {
      switch (`${request.method} ${request.path}`) {
        case 'GET /ping':
          return {
            status: 200,
            headers: { 'x-influxdb-version': version.version, 'x-influxdb-build': 'Core' },
            body: version,
          };
        case 'GET /health':
          return { status: 200, body: 'OK' };
        case 'POST /api/v3/configure/database':
          return make(request.body);
        case 'POST /write':
          return write(request);
        case 'POST /query':
          return select(request);
        default:
          return { status: 404, body: { error: 'not found' } };
      }
    },
  };
}
