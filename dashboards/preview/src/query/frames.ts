/** Prometheus' answers as data frames, which is what Grafana's libraries draw. */

import { createDataFrame, FieldType, renderLegendFormat, type DataFrame } from '@grafana/data';

import { numberOf, written, type Labels, type Sample, type Series } from './answer';

export interface Asked {
  refId: string;
  expr: string;
  legend: string;
  format: 'time_series' | 'table' | 'heatmap';
  instant: boolean;
  start: number;
  end: number;
  step: number;
}

/** @param among how many queries the panel has: with several, each one's column of values carries its letter, as in Grafana */
export function framesOf(series: Series[], asked: Asked, among = 1): DataFrame[] {
  if (asked.format === 'table') {
    return series.length ? [tableOf(series, asked, among > 1 ? `Value #${asked.refId}` : 'Value')] : [];
  }
  const plain = series.filter((one) => one.value ?? one.values);
  const sorted = asked.format === 'heatmap' ? plain.toSorted((a, b) => edge(a) - edge(b)) : plain;
  return sorted.map((one) => lineOf(one, asked, series.length));
}

function lineOf(one: Series, asked: Asked, among: number): DataFrame {
  const [times, values] = asked.instant ? columns(samplesOf(one)) : gridded(samplesOf(one), asked);
  const name = nameOf(one.metric, asked, among);
  return createDataFrame({
    refId: asked.refId,
    name,
    meta: { executedQueryString: asked.expr },
    fields: [
      { name: 'Time', type: FieldType.time, values: times, config: { interval: asked.step * 1000 } },
      { name: 'Value', type: FieldType.number, labels: one.metric, values, config: { displayNameFromDS: name } },
    ],
  });
}

function tableOf(series: Series[], asked: Asked, value: string): DataFrame {
  const rows = series.flatMap((one) => samplesOf(one).map((sample) => ({ labels: one.metric, sample })));
  const names = [...new Set(series.flatMap((one) => Object.keys(one.metric)))].sort();
  return createDataFrame({
    refId: asked.refId,
    meta: { executedQueryString: asked.expr },
    fields: [
      { name: 'Time', type: FieldType.time, values: rows.map(({ sample }) => sample[0] * 1000), config: {} },
      ...names.map((name) => ({
        name,
        type: FieldType.string,
        values: rows.map(({ labels }) => labels[name] ?? ''),
        config: { filterable: true },
      })),
      { name: value, type: FieldType.number, values: rows.map(({ sample }) => numberOf(sample[1])), config: {} },
    ],
  });
}

export function nameOf(metric: Labels, asked: Pick<Asked, 'legend' | 'expr'>, among: number): string {
  if (asked.legend && asked.legend !== '__auto') {
    return renderLegendFormat(asked.legend, metric);
  }
  return Object.keys(metric).length ? written(metric) : among === 1 ? asked.expr : '{}';
}

function samplesOf(one: Series): Sample[] {
  return one.values ?? (one.value ? [one.value] : []);
}

function columns(samples: Sample[]): [number[], Array<number | null>] {
  return [samples.map(([time]) => time * 1000), samples.map(([, value]) => numberOf(value))];
}

/** One point for each step, null where there is none: a gap that is not drawn would be a lie. */
function gridded(samples: Sample[], { start, end, step }: Asked): [number[], Array<number | null>] {
  const times: number[] = [];
  const values: Array<number | null> = [];
  const count = Math.floor((end - start) / step + 1e-6);
  let next = 0;
  for (let index = 0; index <= count; index += 1) {
    const time = start + index * step;
    while (next < samples.length && (samples[next]?.[0] ?? 0) < time - step / 2) {
      next += 1;
    }
    const sample = samples[next];
    times.push(Math.round(time * 1000));
    values.push(sample && Math.abs(sample[0] - time) < step / 2 ? numberOf(sample[1]) : null);
  }
  return [times, values];
}

function edge(one: Series): number {
  return numberOf(one.metric['le'] ?? 'NaN');
}
