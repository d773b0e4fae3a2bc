/** How values are spread over time: the darker a cell, the more fell into it. From classic or native histograms. */

import { css } from '@emotion/css';
import { FieldType, formattedValueToString, getValueFormat, type DataFrame, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';
import type uPlot from 'uplot';

import { RowChart } from '../chart/RowChart';
import { shade } from '../chart/shades';
import { Tooltip } from '../chart/Tooltip';
import { optionsOf, type ContentProps } from '../panel/kind';
import { numberOf, type Series } from '../query/answer';

interface Bucket {
  from: number;
  to: number;
  /** One for each time. */
  counts: number[];
}

interface Cells {
  times: number[];
  /** Lowest first. */
  buckets: Bucket[];
  most: number;
}

const DEFAULTS = {
  color: { scheme: 'Oranges', exponent: 0.5, reverse: false } as { scheme?: string; exponent?: number; reverse?: boolean },
  cellGap: 1,
  yAxis: {} as { unit?: string; decimals?: number },
  legend: { show: true },
};
const LEGEND_HEIGHT = 24;
const ROOM_FOR_GAPS = 8;
const MOST_BUCKETS = 64;

export function Heatmap({ panel, frames, series, exemplars, range, width, height }: ContentProps) {
  const theme = useTheme2();
  const styles = useStyles2(stylesOf);
  const options = optionsOf(panel, DEFAULTS);
  const cells = useMemo(() => trimmed(cellsIn({ frames, series })), [series, frames]);
  const named = options.yAxis.unit ?? panel.fieldConfig?.defaults.unit ?? 'short';
  const unit = getValueFormat(named);
  const write = (value: number) => (Number.isFinite(value) ? formattedValueToString(unit(value, options.yAxis.decimals ?? null)) : '+Inf');
  const fromTop = cells.buckets.toReversed();
  const color = (count: number) => {
    const part = Math.pow(Math.min(count / cells.most, 1), options.color.exponent ?? 0.5);
    return shade(options.color.scheme ?? 'Oranges', theme.isDark !== Boolean(options.color.reverse) ? part : 1 - part);
  };

  const paint = (chart: uPlot, place: (index: number) => { top: number; size: number }) => {
    const gap = (options.cellGap * devicePixelRatio) / 2;
    const step = (cells.times[1] ?? 0) - (cells.times[0] ?? 0) || 15_000;
    fromTop.forEach(({ counts }, index) => {
      const { top, size } = place(index);
      counts.forEach((count, at) => {
        if (count <= 0) {
          return;
        }
        const x1 = chart.valToPos(cells.times[at] ?? 0, 'x', true);
        const x0 = chart.valToPos((cells.times[at] ?? 0) - step, 'x', true);
        // Between cells of a few pixels, gaps would look like missing data.
        const across = x1 - x0 < ROOM_FOR_GAPS ? 0 : gap;
        const down = size < ROOM_FOR_GAPS ? 0 : gap;
        chart.ctx.fillStyle = color(count);
        chart.ctx.fillRect(x0 + across, top + down, Math.max(x1 - x0 - 2 * across, 1), Math.max(size - 2 * down, 1));
      });
    });
  };
  const stops = [0, 0.25, 0.5, 0.75, 1].map((part) => color(part * cells.most));

  return (
    <div>
      <RowChart
        rows={fromTop.map(({ to }) => write(to))}
        edges
        times={cells.times}
        range={range}
        width={width}
        height={options.legend.show ? height - LEGEND_HEIGHT : height}
        paint={paint}
        unit={named}
        exemplars={exemplars}
        rowOf={(value) => fromTop.findIndex(({ from, to }) => value > from && value <= to)}
        tell={(row, at) => {
          const bucket = fromTop[row];
          const count = bucket?.counts[at];
          if (!bucket || count === undefined) {
            return null;
          }
          const label = `${write(bucket.from)} – ${write(bucket.to)}`;
          return <Tooltip time={cells.times[at] ?? 0} rows={[{ key: label, label, value: short(count), color: color(count), active: false }]} />;
        }}
      />
      {options.legend.show && (
        <div className={styles.legend} aria-label={`from 0 to ${short(cells.most)}`}>
          <span>0</span>
          <span className={styles.scale} style={{ background: `linear-gradient(90deg, ${stops.join(',')})` }} />
          <span>{short(cells.most)}</span>
        </div>
      )}
    </div>
  );
}

/** Nothing was counted in any bucket. */
export function noCells(data: Pick<ContentProps, 'frames' | 'series'>): boolean {
  return cellsIn(data).buckets.every(({ counts }) => counts.every((count) => count <= 0));
}

function cellsIn({ frames, series }: Pick<ContentProps, 'frames' | 'series'>): Cells {
  return series.some(({ histograms }) => histograms) ? fromNative(series) : fromClassic(frames);
}

/** Prometheus' buckets each count what is below their edge; a cell counts what is between two. */
export function fromClassic(frames: DataFrame[]): Cells {
  const rows = frames
    .flatMap((frame) => {
      const field = frame.fields.find(({ type }) => type === FieldType.number);
      return field ? [{ to: numberOf(field.labels?.['le'] ?? frame.name ?? ''), values: field.values as Array<number | null> }] : [];
    })
    .filter(({ to }) => !Number.isNaN(to))
    .sort((a, b) => a.to - b.to);
  const times = (frames[0]?.fields.find(({ type }) => type === FieldType.time)?.values ?? []) as number[];
  const buckets = rows.map(({ to, values }, index) => {
    const below = rows[index - 1];
    const counts = values.map((value, at) => Math.max(0, (value ?? 0) - (below?.values[at] ?? 0)));
    return { from: below?.to ?? 0, to, counts };
  });
  return cellsOf(times, buckets);
}

export function fromNative(series: Series[]): Cells {
  const times = [...new Set(series.flatMap(({ histograms = [] }) => histograms.map(([time]) => time)))].sort((a, b) => a - b);
  const position = new Map(times.map((time, index) => [time, index]));
  const found = new Map<string, Bucket>();
  for (const { histograms = [] } of series) {
    for (const [time, { buckets = [] }] of histograms) {
      for (const [, from, to, count] of buckets) {
        const bucket = found.get(to) ?? { from: numberOf(from), to: numberOf(to), counts: times.map(() => 0) };
        found.set(to, bucket);
        const at = position.get(time) ?? 0;
        bucket.counts[at] = (bucket.counts[at] ?? 0) + numberOf(count);
      }
    }
  }
  const buckets = [...found.values()].sort((a, b) => a.to - b.to);
  return cellsOf(times.map((time) => time * 1000), joined(buckets));
}

/** Native buckets are finer than a screen; neighbours are joined until they can be seen. */
function joined(buckets: Bucket[]): Bucket[] {
  const by = Math.ceil(buckets.length / MOST_BUCKETS);
  if (by <= 1) {
    return buckets;
  }
  const found: Bucket[] = [];
  for (let index = 0; index < buckets.length; index += by) {
    const group = buckets.slice(index, index + by);
    const [first, last] = [group[0], group.at(-1)];
    if (first && last) {
      const counts = first.counts.map((_, at) => group.reduce((sum, { counts: own }) => sum + (own[at] ?? 0), 0));
      found.push({ from: first.from, to: last.to, counts });
    }
  }
  return found;
}

/** Without the empty buckets at both ends, of which there are often many. */
function trimmed(cells: Cells): Cells {
  const used = cells.buckets.map(({ counts }) => counts.some((count) => count > 0));
  const [first, last] = [used.indexOf(true), used.lastIndexOf(true)];
  return first < 0 ? cells : { ...cells, buckets: cells.buckets.slice(Math.max(first - 1, 0), last + 2) };
}

function cellsOf(times: number[], buckets: Bucket[]): Cells {
  return { times, buckets, most: Math.max(1e-12, ...buckets.flatMap(({ counts }) => counts)) };
}

function short(value: number): string {
  return formattedValueToString(getValueFormat('short')(value, value < 10 ? 2 : 0));
}

const stylesOf = (theme: GrafanaTheme2) => ({
  legend: css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(1),
    height: LEGEND_HEIGHT,
    fontSize: theme.typography.bodySmall.fontSize,
    color: theme.colors.text.secondary,
  }),
  scale: css({ width: 160, height: 8, borderRadius: 2 }),
});
