/** Time from left to right, one row per name: what state time lines and heat maps have in common. */

import { DashboardCursorSync, type TimeRange } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation, VisibilityMode, GraphDrawStyle } from '@grafana/schema';
import {
  EventBusPlugin,
  measureText,
  TooltipPlugin2,
  UPLOT_AXIS_FONT_SIZE,
  UPlotChart,
  UPlotConfigBuilder,
  useTheme2,
} from '@grafana/ui';
import { useMemo, useRef, type ReactNode } from 'react';
import type uPlot from 'uplot';

import { useShared } from '../board/context';
import type { Exemplar } from '../query/exemplars';
import { drawExemplars } from './exemplars';

export interface RowChartProps {
  /** From the top down. */
  rows: string[];
  /** Label the edges between rows rather than rows. */
  edges?: boolean;
  times: number[];
  range: TimeRange;
  width: number;
  height: number;
  /** Draws into `chart.bbox`; `top` and `size` are in canvas pixels. */
  paint: (chart: uPlot, row: (index: number) => { top: number; size: number }) => void;
  /** What to say of the row and the time under the pointer. */
  tell: (row: number, timeIndex: number) => ReactNode;
  /** Of the values of exemplars. */
  unit?: string;
  exemplars?: Exemplar[];
  /** The row that a value falls into; -1 for none. */
  rowOf?: (value: number) => number;
}

const NO_EXEMPLARS: Exemplar[] = [];

const LABEL_GAP = 12;
const MOST_LABEL_SHARE = 0.35;
const LABEL_HEIGHT = 16;

export function RowChart({ rows, edges = false, times, range, width, height, paint, tell, unit = 'short', exemplars = NO_EXEMPLARS, rowOf }: RowChartProps) {
  const theme = useTheme2();
  const shared = useShared();
  // The configuration lives as long as the rows; what changes with the data is read when drawing.
  const current = useRef({ paint, tell, range, rows, exemplars, rowOf });
  current.current = { paint, tell, range, rows, exemplars, rowOf };
  const sync = shared.crosshair ? DashboardCursorSync.Crosshair : DashboardCursorSync.Off;
  const names = rows.join('\n');

  const config = useMemo(() => {
    const builder = new UPlotConfigBuilder('browser');
    const count = Math.max(rows.length, 1);
    builder.addScale({
      scaleKey: 'x',
      isTime: true,
      orientation: ScaleOrientation.Horizontal,
      direction: ScaleDirection.Right,
      range: () => [current.current.range.from.valueOf(), current.current.range.to.valueOf()],
    });
    builder.addScale({
      scaleKey: 'y',
      orientation: ScaleOrientation.Vertical,
      direction: ScaleDirection.Up,
      range: () => [0, count],
    });
    builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone: 'browser', theme, grid: { show: true } });
    const widest = Math.max(0, ...rows.map((name) => measureText(name, UPLOT_AXIS_FONT_SIZE).width));
    const offset = edges ? 1 : 0.5;
    builder.addAxis({
      scaleKey: 'y',
      placement: AxisPlacement.Left,
      theme,
      size: Math.min(widest + LABEL_GAP, width * MOST_LABEL_SHARE),
      grid: { show: false },
      ticks: { show: false },
      splits: (chart: uPlot) => {
        const room = Math.max(1, Math.ceil((LABEL_HEIGHT * devicePixelRatio) / (chart.bbox.height / count)));
        return rows.flatMap((_, index) => ((rows.length - 1 - index) % room === 0 ? [count - index - 1 + offset] : []));
      },
      values: (_chart: uPlot, splits: number[]) =>
        splits.map((split) => shortened(rows[Math.round(count - 1 - split + offset)] ?? '', width * MOST_LABEL_SHARE - LABEL_GAP)),
    });
    builder.addSeries({
      scaleKey: 'y',
      theme,
      drawStyle: GraphDrawStyle.Points,
      showPoints: VisibilityMode.Never,
      pathBuilder: () => null,
      show: true,
    });
    builder.setCursor({
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      ...(sync === DashboardCursorSync.Off ? {} : { sync: { key: 'board', scales: ['x', null] } }),
    });
    builder.addHook('draw', (chart) => {
      const { ctx, bbox } = chart;
      const size = bbox.height / count;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      current.current.paint(chart, (index) => ({ top: bbox.top + index * size, size }));
      ctx.restore();
    });
    if (edges) {
      drawExemplars(builder, theme, unit, () => current.current.exemplars, (chart, value) => {
        const row = current.current.rowOf?.(value) ?? -1;
        return row < 0 ? null : ((row + 0.5) / count) * chart.over.clientHeight;
      });
    }
    return builder;
    // Rows are compared by their names.
  }, [names, edges, theme, sync, width, unit]);

  const data = useMemo<uPlot.AlignedData>(() => [times, times.map(() => 0)], [times]);
  return (
    <UPlotChart key={config.uid} config={config} data={data} width={width} height={height}>
      <EventBusPlugin config={config} eventBus={shared.events} />
      <TooltipPlugin2
        config={config}
        hoverMode={1}
        syncMode={sync}
        syncScope="board"
        queryZoom={({ from, to }) => shared.zoom(from, to)}
        render={(chart, indices, _series, _pinned, _dismiss, _range, viaSync) => {
          const at = indices[0];
          if (viaSync || at == null || chart.cursor.top == null || chart.cursor.top < 0) {
            return null;
          }
          const row = Math.floor((chart.cursor.top / chart.over.clientHeight) * current.current.rows.length);
          return current.current.tell(Math.min(row, current.current.rows.length - 1), at);
        }}
      />
    </UPlotChart>
  );
}

function shortened(text: string, width: number): string {
  if (measureText(text, UPLOT_AXIS_FONT_SIZE).width <= width) {
    return text;
  }
  let kept = text;
  while (kept.length > 1 && measureText(`${kept}…`, UPLOT_AXIS_FONT_SIZE).width > width) {
    kept = kept.slice(0, -1);
  }
  return `${kept}…`;
}
