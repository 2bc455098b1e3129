import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';

/** The data source of provisioning/datasources/vitals.yaml; its uid never changes, so neither do dashboards. */
export const vitalsSource: DataSourceRef = { type: 'influxdb', uid: 'hearthbeat-vitals' };

type InfluxQLQuery = Dataquery & {
  refId: string;
  datasource: DataSourceRef;
  query: string;
  rawQuery: true;
  resultFormat: 'time_series' | 'table';
  alias?: string;
};

/**
 * One InfluxQL query of a panel; the SDK has no module for InfluxDB. Kept to what 1.x, 2.x and 3.x understand alike:
 * one statement, no bind parameters.
 */
export function influxQL(
  refId: string,
  query: string,
  options: { alias?: string; format?: InfluxQLQuery['resultFormat'] } = {},
): Builder<Dataquery> {
  const built: InfluxQLQuery = {
    refId,
    datasource: vitalsSource,
    query,
    rawQuery: true,
    resultFormat: options.format ?? 'time_series',
    ...(options.alias ? { alias: options.alias } : {}),
    _implementsDataqueryVariant() {},
  };
  return { build: () => built };
}
