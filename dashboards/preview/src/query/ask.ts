/** The questions of one panel, asked. */

import type { DataFrame, TimeRange } from '@grafana/data';

import type { PanelModel, Target } from '../board/model';
import { forQuery, type Scope } from '../variables/interpolate';
import { seriesOf, type Answer, type Series } from './answer';
import { exemplarsOf, type Exemplar } from './exemplars';
import { framesOf, type Asked } from './frames';
import { getPrometheus, type Params } from './http';
import { aligned, duration, seconds, stepsFor } from './interval';

/** What all panels of a dashboard have in common. */
export interface Circumstances {
  range: TimeRange;
  scope: Scope;
  /** Seconds between two scrapes, where a panel does not say. */
  scrape: number;
}

/** One question as it was sent, and what came of it. */
export interface Exchange {
  asked: Asked;
  series: number;
  milliseconds: number;
}

export interface PanelAnswer {
  frames: DataFrame[];
  exchanges: Exchange[];
  /** As Prometheus gave them, for what Grafana's frames cannot hold. */
  series: Series[];
  exemplars: Exemplar[];
}

/** Widths are rounded so that readers with windows of about the same size ask the same. */
const WIDTH_GRAIN = 100;

export async function askPanel(
  panel: PanelModel,
  width: number,
  circumstances: Circumstances,
  signal: AbortSignal,
): Promise<PanelAnswer> {
  const points = panel.maxDataPoints ?? Math.max(WIDTH_GRAIN, Math.round(width / WIDTH_GRAIN) * WIDTH_GRAIN);
  const targets = (panel.targets ?? []).filter((target) => !target.hide && target.expr);
  const answers = await Promise.all(
    targets.map(async (target) => {
      const began = performance.now();
      const asked = question(target, panel, points, circumstances);
      const [answer, exemplars] = await Promise.all([
        send(asked, circumstances.range, signal),
        target.exemplar && !asked.instant ? exemplarsOf(asked, signal) : [],
      ]);
      const series = seriesOf(answer);
      const exchange = { asked, series: series.length, milliseconds: performance.now() - began };
      return { frames: framesOf(series, asked, targets.length), exchange, series, exemplars };
    }),
  );
  return {
    frames: answers.flatMap(({ frames }) => frames),
    exchanges: answers.map(({ exchange }) => exchange),
    series: answers.flatMap(({ series }) => series),
    exemplars: answers.flatMap(({ exemplars }) => exemplars),
  };
}

/** A target with everything filled in. */
export function question(
  target: Target,
  panel: Pick<PanelModel, 'interval'>,
  points: number,
  { range, scope, scrape }: Circumstances,
): Asked {
  const least = target.interval || panel.interval || '';
  const factor = target.intervalFactor ?? 1;
  const { step, rate } = stepsFor(range, points, forQuery(least, scope), scrape, factor);
  const whole = Math.round(seconds(range));
  const builtin = {
    __interval: duration(step),
    __interval_ms: String(step * 1000),
    __rate_interval: duration(rate),
    __range: duration(whole),
    __range_s: String(whole),
    __range_ms: String(whole * 1000),
  };
  return {
    refId: target.refId,
    expr: forQuery(target.expr ?? '', { ...scope, ...plain(builtin) }),
    legend: forQuery(target.legendFormat ?? '', scope),
    format: target.format ?? 'time_series',
    instant: Boolean(target.instant) && !target.range,
    ...aligned(range, step),
    step,
  };
}

async function send(asked: Asked, range: TimeRange, signal: AbortSignal): Promise<Answer> {
  const params: Params = [['query', asked.expr]];
  if (!asked.instant) {
    params.push(['start', String(asked.start)], ['end', String(asked.end)], ['step', String(asked.step)]);
    return getPrometheus('query_range', params, signal);
  }
  if (range.raw.to !== 'now') {
    // Without a time Prometheus takes its own now, and all who look now ask the same.
    params.push(['time', String(range.to.valueOf() / 1000)]);
  }
  return getPrometheus('query', params, signal);
}

function plain(values: Record<string, string>): Scope {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { value, text: value, several: false, raw: true }]),
  );
}
