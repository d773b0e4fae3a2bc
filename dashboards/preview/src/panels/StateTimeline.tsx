/** Which state each series was in, and when. */

import { FieldType, formattedValueToString, getFrameDisplayName, type DataFrame } from '@grafana/data';
import { LegendDisplayMode, type VizLegendOptions } from '@grafana/schema';
import { getTextColorForBackground, useTheme2, VizLayout, VizLegend, type VizLegendItem } from '@grafana/ui';
import { useMemo } from 'react';
import type uPlot from 'uplot';

import { RowChart } from '../chart/RowChart';
import { Tooltip } from '../chart/Tooltip';
import { optionsOf, type ContentProps } from '../panel/kind';

export interface Stretch {
  from: number;
  to: number;
  text: string;
  color: string;
}

const DEFAULTS = {
  showValue: 'auto' as 'auto' | 'always' | 'never',
  rowHeight: 0.9,
  mergeValues: true,
  legend: { showLegend: true, displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [] } as VizLegendOptions,
};
const WRITING_GAP = 8;

export function StateTimeline({ panel, frames, range, width, height }: ContentProps) {
  const theme = useTheme2();
  const options = optionsOf(panel, DEFAULTS);
  const rows = useMemo(() => frames.map((frame) => ({ name: rowName(frame), stretches: stretchesOf(frame, options.mergeValues) })), [frames, options.mergeValues]);
  const times = useMemo(() => [...new Set(frames.flatMap((frame) => timesOf(frame)))].sort((a, b) => a - b), [frames]);
  const legend = legendOf(rows.flatMap(({ stretches }) => stretches));

  const paint = (chart: uPlot, place: (index: number) => { top: number; size: number }) => {
    const { ctx } = chart;
    ctx.font = `${11 * devicePixelRatio}px ${theme.typography.fontFamily}`;
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'left';
    rows.forEach(({ stretches }, index) => {
      const { top, size } = place(index);
      const gap = (size * (1 - options.rowHeight)) / 2;
      for (const { from, to, text, color } of stretches) {
        const x = chart.valToPos(from, 'x', true);
        const length = Math.max(chart.valToPos(to, 'x', true) - x, devicePixelRatio);
        ctx.fillStyle = color;
        ctx.globalAlpha = 0.8;
        ctx.fillRect(x, top + gap, length, size - 2 * gap);
        ctx.globalAlpha = 1;
        const room = length - 2 * WRITING_GAP * devicePixelRatio;
        if (options.showValue !== 'never' && size > 12 * devicePixelRatio && ctx.measureText(text).width < room) {
          ctx.fillStyle = getTextColorForBackground(color);
          ctx.fillText(text, x + WRITING_GAP * devicePixelRatio, top + size / 2);
        }
      }
    });
  };

  return (
    <VizLayout
      width={width}
      height={height}
      legend={
        options.legend.showLegend ? (
          <VizLayout.Legend placement={options.legend.placement}>
            <VizLegend placement={options.legend.placement} displayMode={LegendDisplayMode.List} items={legend} readonly />
          </VizLayout.Legend>
        ) : null
      }
    >
      {(innerWidth, innerHeight) => (
        <RowChart
          rows={rows.map(({ name }) => name)}
          times={times}
          range={range}
          width={innerWidth}
          height={innerHeight}
          paint={paint}
          tell={(row, at) => {
            const time = times[at] ?? 0;
            const here = rows[row];
            const state = here?.stretches.find(({ from, to }) => from <= time && time <= to);
            if (!here) {
              return null;
            }
            const value = state?.text ?? 'nothing';
            return <Tooltip time={time} rows={[{ key: here.name, label: here.name, value, color: state?.color ?? 'transparent', active: false }]} />;
          }}
        />
      )}
    </VizLayout>
  );
}

/** Neighbouring values that read alike, joined; a gap in the data stays one. */
export function stretchesOf(frame: DataFrame, merge: boolean): Stretch[] {
  const time = frame.fields.find(({ type }) => type === FieldType.time);
  const state = frame.fields.find(({ type }) => type !== FieldType.time);
  const found: Stretch[] = [];
  if (!time || !state) {
    return found;
  }
  const step = time.config.interval ?? 15_000;
  frame.fields[0]?.values.forEach((_, index) => {
    const value: unknown = state.values[index];
    const at = time.values[index] as number;
    if (value == null) {
      return;
    }
    const display = state.display?.(value);
    const text = display ? formattedValueToString(display) : String(value);
    const last = found.at(-1);
    if (merge && last?.text === text && at <= last.to) {
      last.to = at + step;
      return;
    }
    found.push({ from: at, to: at + step, text, color: display?.color ?? '#808080' });
  });
  return found;
}

function rowName(frame: DataFrame): string {
  return getFrameDisplayName(frame);
}

function timesOf(frame: DataFrame): number[] {
  return (frame.fields.find(({ type }) => type === FieldType.time)?.values ?? []) as number[];
}

function legendOf(stretches: Stretch[]): VizLegendItem[] {
  const seen = new Map(stretches.map(({ text, color }) => [text, color]));
  return [...seen].map(([label, color]) => ({ label, color, yAxis: 1 }));
}
