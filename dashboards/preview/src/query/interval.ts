/** Steps, as Grafana chooses them: the same dashboard asks the same questions here and there. */

import { rangeUtil, type TimeRange } from '@grafana/data';

/** Prometheus refuses to answer with more points. */
export const MOST_POINTS = 11_000;

export interface Steps {
  /** Seconds between two points. */
  step: number;
  /** Seconds for `$__rate_interval`: long enough to hold two samples whatever is scraped late. */
  rate: number;
}

/**
 * @param points how many points can be seen, as a rule the panel's width in pixels
 * @param least the shortest step that has new data, such as `15s`; empty: the scrape interval
 * @param scrape seconds between two scrapes
 */
export function stepsFor(range: TimeRange, points: number, least: string, scrape: number, factor = 1): Steps {
  const lowest = least ? rangeUtil.intervalToMs(least) / 1000 : scrape;
  const { intervalMs } = rangeUtil.calculateInterval(range, Math.max(points, 1), `${lowest * 1000}ms`);
  const safest = seconds(range) / MOST_POINTS;
  const step = Math.max((intervalMs / 1000) * factor, Math.ceil(safest), 0.001);
  return { step, rate: Math.max(step + lowest, 4 * lowest) };
}

export function seconds(range: TimeRange): number {
  return (range.to.valueOf() - range.from.valueOf()) / 1000;
}

/** The range's ends on multiples of the step, so that all who look ask the same. */
export function aligned(range: TimeRange, step: number): { start: number; end: number } {
  const down = (ms: number) => Number((Math.floor(ms / 1000 / step) * step).toFixed(3));
  return { start: down(range.from.valueOf()), end: down(range.to.valueOf()) };
}

/** A duration as PromQL has it, without fractions of a second unless it is shorter than one. */
export function duration(value: number): string {
  return Number.isInteger(value) ? `${value}s` : `${Math.round(value * 1000)}ms`;
}
