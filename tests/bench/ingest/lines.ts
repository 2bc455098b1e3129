import type { ReadingsMessage } from '#domain/reading.ts';

/** The shortest lines in which somebody would find a reading again: device, values, time in ms. */
export function* linesIn(payload: Buffer): Generator<string> {
  const { readings, series = [] }: ReadingsMessage = JSON.parse(payload.toString());
  for (const { panel, device, values, takenAt } of readings) {
    const fields = values.map(({ vital, value }) => `${vital}=${value}`).join(',');
    yield `${panel},device=${device} ${fields} ${Date.parse(takenAt)}`;
  }
  for (const { panel, device, columns, start, stepMs } of series) {
    const at = Date.parse(start);
    for (let n = 0; n < columns[0]!.values.length; n++) {
      const fields = columns.map(({ vital, values }) => `${vital}=${values[n]}`).join(',');
      yield `${panel},device=${device} ${fields} ${at + n * stepMs}`;
    }
  }
}
