/** Draws what happened meanwhile onto a chart: a tint for as long as it lasted, a line where it began. */

import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import type { UPlotConfigBuilder } from '@grafana/ui';
import type uPlot from 'uplot';

import type { Happening } from '../query/annotations';

/** @param current what to draw, read at each drawing */
export function drawHappenings(config: UPlotConfigBuilder, theme: GrafanaTheme2, current: () => Happening[]): void {
  config.addHook('drawClear', (chart) => paint(chart, theme, current()));
  config.addHook('draw', (chart) => mark(chart, theme, current()));
}

function paint(chart: uPlot, theme: GrafanaTheme2, happenings: Happening[]): void {
  const { ctx } = chart;
  const { left, top, width, height } = chart.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  for (const { from, to, color } of together(happenings)) {
    const [x0, x1] = [chart.valToPos(from, 'x', true), chart.valToPos(to, 'x', true)];
    ctx.fillStyle = theme.visualization.getColorByName(color);
    ctx.globalAlpha = 0.08;
    ctx.fillRect(x0, top, Math.max(x1 - x0, 1), height);
  }
  for (const { from, color } of happenings) {
    ctx.fillStyle = theme.visualization.getColorByName(color);
    ctx.globalAlpha = 0.6;
    ctx.fillRect(chart.valToPos(from, 'x', true), top, devicePixelRatio, height);
  }
  ctx.restore();
}

/** Stretches of one colour that overlap, joined: two alerts at once are no darker than one. */
export function together(happenings: ReadonlyArray<Pick<Happening, 'from' | 'to' | 'color'>>): Array<Pick<Happening, 'from' | 'to' | 'color'>> {
  const found: Array<{ from: number; to: number; color: string }> = [];
  for (const { from, to, color } of happenings.toSorted((a, b) => a.from - b.from)) {
    const last = found.findLast((one) => one.color === color);
    if (last && from <= last.to) {
      last.to = Math.max(last.to, to);
    } else {
      found.push({ from, to, color });
    }
  }
  return found;
}

/** A strip below the chart's area, which says on hover what it was. */
function mark(chart: uPlot, theme: GrafanaTheme2, happenings: Happening[]): void {
  chart.over.querySelectorAll('.happening').forEach((old) => old.remove());
  const [first, last] = [chart.scales['x']?.min ?? 0, chart.scales['x']?.max ?? 0];
  for (const { from, to, color, title, text, tags } of happenings) {
    if (to < first || from > last) {
      continue;
    }
    const [x0, x1] = [chart.valToPos(Math.max(from, first), 'x'), chart.valToPos(Math.min(to, last), 'x')];
    const strip = document.createElement('div');
    strip.className = 'happening';
    strip.title = [title, text, tags.join(', '), `${clock(from)} – ${clock(to)}`].filter(Boolean).join('\n');
    Object.assign(strip.style, {
      position: 'absolute',
      bottom: '-4px',
      left: `${x0}px`,
      width: `${Math.max(x1 - x0, 4)}px`,
      height: '4px',
      background: theme.visualization.getColorByName(color),
    });
    chart.over.append(strip);
  }
}

function clock(time: number): string {
  return dateTimeFormat(time, { timeZone: 'browser', format: 'HH:mm:ss' });
}
