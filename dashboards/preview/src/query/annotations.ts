/** What happened meanwhile, drawn behind the lines: each stretch of time in which a query of the dashboard was true. */

import { renderLegendFormat, type TimeRange } from '@grafana/data';

import type { AnnotationModel } from '../board/model';
import { forQuery, type Scope } from '../variables/interpolate';
import { seriesOf, type Answer } from './answer';
import { getPrometheus } from './http';
import { aligned, stepsFor } from './interval';

export interface Happening {
  from: number;
  to: number;
  color: string;
  title: string;
  text: string;
  tags: string[];
}

/** More would only be a wall. */
const MOST = 200;
const POINTS = 500;

export async function happenings(
  annotation: AnnotationModel,
  range: TimeRange,
  scope: Scope,
  scrape: number,
  signal: AbortSignal,
): Promise<Happening[]> {
  const expr = forQuery(annotation.target?.expr ?? annotation.expr ?? '', scope);
  if (!expr) {
    return [];
  }
  const { step } = stepsFor(range, POINTS, '', scrape);
  const { start, end } = aligned(range, step);
  const answer = await getPrometheus<Answer>(
    'query_range',
    [
      ['query', expr],
      ['start', String(start)],
      ['end', String(end)],
      ['step', String(step)],
    ],
    signal,
  );
  const tagKeys = (annotation.tagKeys ?? '').split(',').map((key) => key.trim());
  return seriesOf(answer)
    .flatMap(({ metric, values = [] }) =>
      stretches(values.filter(([, value]) => Number(value) > 0).map(([time]) => time), step).map(([from, to]) => ({
        from: from * 1000,
        to: to * 1000,
        color: annotation.iconColor ?? 'red',
        title: renderLegendFormat(annotation.titleFormat ?? annotation.name, metric),
        text: renderLegendFormat(annotation.textFormat ?? '', metric),
        tags: tagKeys.flatMap((key) => metric[key] ?? []),
      })),
    )
    .slice(0, MOST);
}

/** Times that follow one another within a step, joined. */
export function stretches(times: number[], step: number): Array<[number, number]> {
  const found: Array<[number, number]> = [];
  for (const time of times) {
    const last = found.at(-1);
    if (last && time - last[1] <= step * 1.5) {
      last[1] = time;
    } else {
      found.push([time, time]);
    }
  }
  return found;
}
