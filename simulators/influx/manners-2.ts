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
 * The manners of InfluxDB 2.7. Sources: docs.influxdata.com/influxdb/v2/api (ping, health, buckets, dbrps, delete, and the 1.x-compatible /write and
 * /query), …/v2/reference/syntax/delete-predicate, …/v2/query-data/influxql/dbrp. That a batch with a bad line is refused as a whole with
 * 422 was seen on a real 2.7.
 */
export function manners2(backstage: Backstage): Manners {
  const { token, organisation, databases, made, pass } = backstage;
  const org = { id: '0a0b0c0d0e0f0a0b', name: organisation };
  const buckets = new Map([...databases].map((name, i) => [name, idOf(i)]));
  const mapped = new Set(databases);

  async function write({ query, body }: Request): Promise<Said> {
    const database = query.get('db') ?? '';
    if (!mapped.has(database)) return fault(404, 'not found', `no dbrp mapping found for database "${database}"`);
    // all or nothing: what the 1.x behind keeps of a batch must not be seen
    const trial = `${database}_trial`;
    if (!databases.has(trial)) await makeBehind(backstage, trial);
    const tried = await pass('/write', { db: trial, precision: 'ns' }, body);
    if (tried.status === 400)
      return fault(422, 'unprocessable entity', `failure writing points to database: ${errorIn(tried.text)}`);
    const { status, text } = await pass('/write', { db: database, precision: 'ns' }, body);
    return status === 204 ? { status } : fault(status, 'internal error', text);
  }

  async function select({ body }: Request): Promise<Said> {
    const form = new URLSearchParams(body);
    const [database, statement] = [form.get('db') ?? '', form.get('q') ?? ''];
    if (!isReading(statement)) return fault(400, 'invalid', 'this statement is not supported');
    if (!mapped.has(database))
      return { status: 200, body: { results: [{ error: `database not found: ${database}` }] } };
    const { status, text } = await pass('/query', {}, body);
    return { status, headers: { 'content-type': 'application/json' }, body: text };
  }

  async function makeBucket(body: string): Promise<Said> {
    const { orgID, name } = JSON.parse(body) as { orgID: string; name: string };
    if (orgID !== org.id) return fault(404, 'not found', 'organization not found');
    if (buckets.has(name)) return fault(422, 'conflict', `bucket with name ${name} already exists`);
    made.push(JSON.parse(body));
    buckets.set(name, idOf(buckets.size));
    await makeBehind(backstage, name);
    return { status: 201, body: { id: buckets.get(name), orgID, name } };
  }

  function map(body: string): Said {
    const { bucketID, database } = JSON.parse(body) as { bucketID: string; database: string };
    if (![...buckets.values()].includes(bucketID)) return fault(400, 'invalid', 'invalid bucket id');
    mapped.add(database);
    return { status: 201, body: JSON.parse(body) as object };
  }

  async function remove({ query, body }: Request): Promise<Said> {
    const bucket = query.get('bucket') ?? '';
    if (query.get('org') !== org.name) return fault(404, 'not found', 'organization not found');
    if (!buckets.has(bucket)) return fault(404, 'not found', `bucket "${bucket}" not found`);
    const { start, stop, predicate } = JSON.parse(body) as { start: string; stop: string; predicate: string };
    const parts = predicate.split(/ AND /i).map((part) => /^(\w+)\s*=\s*"([^"]*)"$/.exec(part));
    if (parts.some((part) => !part) || [start, stop].some((at) => Number.isNaN(Date.parse(at))))
      return fault(400, 'invalid', 'error parsing predicate');
    const from = parts.find((part) => part?.[1] === '_measurement')?.[2];
    const tags = parts.filter((part) => part?.[1] !== '_measurement').map((part) => `"${part?.[1]}" = '${part?.[2]}'`);
    const times = [`time >= '${start}'`, `time < '${stop}'`];
    const statement = `DELETE ${from ? `FROM "${from}" ` : ''}WHERE ${[...tags, ...times].join(' AND ')}`;
    const done = await pass('/query', { db: bucket }, new URLSearchParams({ q: statement }).toString());
    return done.text.includes('error') ? fault(500, 'internal error', done.text) : { status: 204 };
  }

  return {
    letsIn: (request) =>
      ['/ping', '/health'].includes(request.path) ||
      saysToken(request, token, request.path.startsWith('/api') ? ['Token', 'Bearer'] : ['Token', 'Bearer', 'Basic']),
    stranger: fault(401, 'unauthorized', 'unauthorized access'),
    async answer(request) {
      switch (`${request.method} ${request.path}`) {
        case 'GET /ping':
          return { status: 204, headers: { 'X-Influxdb-Build': 'OSS', 'X-Influxdb-Version': 'v2.7.12' } };
        case 'GET /health':
          return { status: 200, body: { name: 'influxdb', status: 'pass', version: 'v2.7.12' } };
        case 'GET /api/v2/orgs':
          return { status: 200, body: { orgs: [org] } };
        case 'POST /api/v2/buckets':
          return makeBucket(request.body);
        case 'POST /api/v2/dbrps':
          return map(request.body);
        case 'POST /api/v2/delete':
          return remove(request);
        case 'POST /write':
          return write(request);
        case 'POST /query':
          return select(request);
        default:
          return fault(404, 'not found', 'path not found');
      }
    },
  };
}

const fault = (status: number, code: string, message: string): Said => ({ status, body: { code, message } });
const idOf = (n: number): string => (0x1000 + n).toString(16).padStart(16, '0');
