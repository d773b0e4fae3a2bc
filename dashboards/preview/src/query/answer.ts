/** What Prometheus answers, and what becomes of it on the way to a panel. */

export type Labels = Record<string, string>;
export type Sample = [time: number, value: string];

/** A native histogram: `[boundaries, from, to, count]` per bucket. */
export interface NativeHistogram {
  count: string;
  sum: string;
  buckets?: Array<[kind: number, from: string, to: string, count: string]>;
}

export interface Series {
  metric: Labels;
  value?: Sample;
  values?: Sample[];
  histogram?: [time: number, histogram: NativeHistogram];
  histograms?: Array<[time: number, histogram: NativeHistogram]>;
}

export type Answer =
  | { resultType: 'vector' | 'matrix'; result: Series[] }
  | { resultType: 'scalar' | 'string'; result: Sample };

export interface Alert {
  labels: Labels;
  annotations: Labels;
  state: 'firing' | 'pending';
  activeAt: string;
  value: string;
}

export function seriesOf(answer: Answer): Series[] {
  if (answer.resultType === 'scalar' || answer.resultType === 'string') {
    return [{ metric: {}, value: answer.result as Sample }];
  }
  return answer.result as Series[];
}

export function numberOf(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

/** A series as one writes it: `name{label="value"}`. */
export function written(metric: Labels): string {
  const { __name__: name = '', ...rest } = metric;
  const pairs = Object.entries(rest).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length > 0 || !name ? `${name}{${pairs.join(', ')}}` : name;
}
