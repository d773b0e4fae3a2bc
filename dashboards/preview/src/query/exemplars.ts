/** Single extractions that a histogram remembers, with the trace that each belongs to: where to read on. */

import type { Labels } from './answer';
import type { Asked } from './frames';
import { getPrometheus } from './http';

export interface Exemplar {
  /** Milliseconds since 1970. */
  at: number;
  value: number;
  labels: Labels;
}

interface Found {
  seriesLabels: Labels;
  exemplars?: Array<{ labels: Labels; value: string; timestamp: number }>;
}

/** Into so many columns the time is cut; of each only the slowest is shown, or the worst ones would be covered. */
const COLUMNS = 90;
const LONGEST_PROMQL = 10_000;

/** None where Prometheus does not keep any: a panel without exemplars is still a panel. */
export async function exemplarsOf(asked: Asked, signal: AbortSignal): Promise<Exemplar[]> {
  if (asked.expr.length > LONGEST_PROMQL) {
    return [];
  }
  const found = await getPrometheus<Found[] | null>(
    'query_exemplars',
    [
      ['query', asked.expr],
      ['start', String(asked.start)],
      ['end', String(asked.end)],
    ],
    signal,
  );
  const all = (found ?? []).flatMap(({ seriesLabels, exemplars = [] }) =>
    exemplars.map(({ labels, value, timestamp }) => ({ at: timestamp * 1000, value: Number(value), labels: { ...told(seriesLabels), ...labels } })),
  );
  return thinned(all, asked.start * 1000, asked.end * 1000);
}

/** The highest of each column. */
export function thinned(exemplars: Exemplar[], start: number, end: number): Exemplar[] {
  const highest = new Map<number, Exemplar>();
  for (const one of exemplars) {
    const column = Math.floor(((one.at - start) / Math.max(end - start, 1)) * COLUMNS);
    const known = highest.get(column);
    if (Number.isFinite(one.value) && (!known || one.value > known.value)) {
      highest.set(column, one);
    }
  }
  return [...highest.values()].sort((a, b) => a.at - b.at);
}

/** Without what only the machinery wants to know. */
function told(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !['__name__', 'le', 'job', 'instance'].includes(name)));
}
