/** Exemplars on a chart: a diamond at the time and the value of one extraction. A click copies its trace. */

import { dateTimeFormat, formattedValueToString, getValueFormat, type GrafanaTheme2 } from '@grafana/data';
import type { UPlotConfigBuilder } from '@grafana/ui';
import type uPlot from 'uplot';

import type { Exemplar } from '../query/exemplars';

const SIZE = 8;
const CLASS = 'exemplar';

/**
 * @param current what to draw, read at each drawing
 * @param height pixels from the top for a value; null where it has no place
 */
export function drawExemplars(config: UPlotConfigBuilder, theme: GrafanaTheme2, unit: string, current: () => Exemplar[], height: (chart: uPlot, value: number) => number | null): void {
  const write = (value: number) => formattedValueToString(getValueFormat(unit)(value));
  config.addHook('draw', (chart) => {
    chart.over.querySelectorAll(`.${CLASS}`).forEach((old) => old.remove());
    const [first, last] = [chart.scales['x']?.min ?? 0, chart.scales['x']?.max ?? 0];
    for (const exemplar of current()) {
      const top = height(chart, exemplar.value);
      if (exemplar.at < first || exemplar.at > last || top === null) {
        continue;
      }
      chart.over.append(diamond(exemplar, write(exemplar.value), theme, chart.valToPos(exemplar.at, 'x'), Math.min(Math.max(top, 0), chart.over.clientHeight)));
    }
  });
}

/** On the scale of the first series; what is above the axis stands at its top. */
export function onFirstScale(chart: uPlot, value: number): number | null {
  const scale = chart.series[1]?.scale;
  return scale && chart.scales[scale]?.max != null ? chart.valToPos(value, scale) : null;
}

function diamond(exemplar: Exemplar, value: string, theme: GrafanaTheme2, left: number, top: number): HTMLElement {
  const trace = exemplar.labels['trace_id'] ?? exemplar.labels['traceID'];
  const mark = document.createElement(trace ? 'button' : 'div');
  const rest = Object.entries(exemplar.labels).map(([name, text]) => `${name} ${text}`);
  mark.className = CLASS;
  mark.title = [`Exemplar: ${value}`, dateTimeFormat(exemplar.at, { timeZone: 'browser' }), ...rest, ...(trace ? ['Click to copy the trace'] : [])].join('\n');
  if (trace) {
    mark.setAttribute('type', 'button');
    // Dozens of diamonds would be dozens of stops for Tab; the keyboard's way to traces is the tracing system.
    mark.tabIndex = -1;
    mark.setAttribute('aria-label', `Copy trace ${trace}`);
    mark.addEventListener('mousedown', (event) => event.stopPropagation());
    mark.addEventListener('click', (event) => {
      event.stopPropagation();
      void navigator.clipboard?.writeText(trace).then(() => mark.setAttribute('title', `Copied ${trace}`));
    });
  }
  Object.assign(mark.style, {
    position: 'absolute',
    left: `${left - SIZE / 2}px`,
    top: `${top - SIZE / 2}px`,
    width: `${SIZE}px`,
    height: `${SIZE}px`,
    padding: '0',
    border: `1px solid ${theme.colors.background.primary}`,
    background: theme.visualization.getColorByName('purple'),
    transform: 'rotate(45deg)',
    cursor: trace ? 'copy' : 'default',
    zIndex: '2',
  });
  return mark;
}
