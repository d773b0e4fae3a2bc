/** Parts of a whole. */

import { css } from '@emotion/css';
import { FieldType, formattedValueToString, type DataFrame } from '@grafana/data';
import { LegendDisplayMode, type VizLegendOptions } from '@grafana/schema';
import { useTheme2, VizLayout, VizLegend } from '@grafana/ui';

import { optionsOf, type ContentProps } from '../panel/kind';
import { valuesOf } from './reduced';

const DEFAULTS = {
  pieType: 'pie' as 'pie' | 'donut',
  displayLabels: [] as string[],
  legend: { showLegend: true, displayMode: LegendDisplayMode.List, placement: 'right', calcs: [] } as VizLegendOptions & { values?: string[] },
};

const NARROW = 360;
const WHOLE = 0.9995;

export function PieChart(props: ContentProps) {
  const theme = useTheme2();
  const options = optionsOf(props.panel, DEFAULTS);
  const values = valuesOf(props, theme).filter(({ display }) => Number.isFinite(display.numeric) && display.numeric > 0);
  const total = values.reduce((sum, { display }) => sum + display.numeric, 0) || 1;
  const items = values.map(({ display }) => ({
    label: display.title ?? '',
    color: display.color ?? '',
    yAxis: 1,
    getDisplayValues: () => [
      { ...display, title: 'Value', numeric: display.numeric },
      { title: 'Percent', text: `${((100 * display.numeric) / total).toFixed(1)}%`, numeric: (100 * display.numeric) / total },
    ],
  }));
  // Beside a narrow pie, a legend would leave no room for the pie.
  const placement = props.width < NARROW ? 'bottom' : options.legend.placement;
  let before = 0;
  const slices = values.map(({ display }) => {
    const from = before;
    before += display.numeric / total;
    return { display, from, to: before };
  });
  return (
    <VizLayout
      width={props.width}
      height={props.height}
      legend={
        options.legend.showLegend ? (
          <VizLayout.Legend placement={placement}>
            <VizLegend placement={placement} displayMode={options.legend.displayMode} items={items} readonly />
          </VizLayout.Legend>
        ) : null
      }
    >
      {(width, height) => {
        const radius = Math.max(Math.min(width, height) / 2 - 6, 4);
        const inner = options.pieType === 'donut' ? radius * 0.62 : 0;
        return (
          <svg width={width} height={height} className={css({ display: 'block' })}>
            <g transform={`translate(${width / 2},${height / 2})`}>
              {slices.map(({ display, from, to }) => (
                // Around the whole there is no edge to draw.
                <path key={display.title} d={slice(inner, radius, from, to)} fill={display.color} stroke={to - from < WHOLE ? theme.colors.background.primary : 'none'} strokeWidth={1.5}>
                  <title>{`${display.title ?? ''}: ${formattedValueToString(display)} (${(100 * (to - from)).toFixed(1)}%)`}</title>
                </path>
              ))}
              {options.displayLabels.length > 0 &&
                slices.filter(({ from, to }) => to - from > 0.06).map(({ display, from, to }) => {
                  const [x, y] = at((radius + inner) / 2 || radius * 0.6, (from + to) / 2);
                  return (
                    <text key={display.title} x={x} y={y} textAnchor="middle" fontSize={12} fill={theme.colors.getContrastText(display.color ?? '#000')}>
                      {options.displayLabels.map((part) => (part === 'name' ? display.title : part === 'percent' ? `${Math.round(100 * (to - from))}%` : formattedValueToString(display))).join(' ')}
                    </text>
                  );
                })}
            </g>
          </svg>
        );
      }}
    </VizLayout>
  );
}

/** A pie of nothing but zeros has no slices. */
export function anyAboveZero(frame: DataFrame): boolean {
  return frame.fields.some(({ type, values }) => type === FieldType.number && values.some((value: unknown) => Number(value) > 0));
}

function at(radius: number, part: number): [number, number] {
  const angle = 2 * Math.PI * part - Math.PI / 2;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

function slice(inner: number, outer: number, from: number, to: number): string {
  // An arc cannot end where it begins.
  const end = Math.min(to, from + 0.99999);
  const large = end - from > 0.5 ? 1 : 0;
  const text = (radius: number, part: number) => at(radius, part).map((value) => value.toFixed(2)).join(',');
  const back = inner > 0 ? `L${text(inner, end)}A${inner},${inner} 0 ${large} 0 ${text(inner, from)}` : 'L0,0';
  return `M${text(outer, from)}A${outer},${outer} 0 ${large} 1 ${text(outer, end)}${back}Z`;
}
