/** Upright bars with names or edges below them: what bar charts and histograms have in common. */

import { formattedValueToString, type DisplayValue } from '@grafana/data';
import { measureText, useTheme2 } from '@grafana/ui';

export interface Bar {
  label: string;
  parts: Array<{ name: string; value: number; display: DisplayValue }>;
}

interface BarsProps {
  bars: Bar[];
  stacked: boolean;
  /** Part of the room for one bar that is filled. */
  fill: number;
  /** Labels stand at the bars' left edges rather than below their middles. */
  edges?: boolean;
  /** Writes a value beside the axis. */
  write: (value: number) => string;
  width: number;
  height: number;
}

const [LEFT, BOTTOM, TOP] = [52, 22, 8];

export function Bars({ bars, stacked, fill, edges = false, write, width, height }: BarsProps) {
  const theme = useTheme2();
  const sums = bars.map(({ parts }) => parts.map(({ value }) => value).reduce((a, b) => (stacked ? a + Math.max(b, 0) : Math.max(a, b)), 0));
  const ticks = ticksTo(Math.max(...sums, 1e-12), Math.max(2, Math.floor(height / 50)));
  const most = ticks.at(-1) ?? 1;
  const [roomX, roomY] = [Math.max(width - LEFT, 1), Math.max(height - BOTTOM - TOP, 1)];
  const slot = roomX / Math.max(bars.length, 1);
  const y = (value: number) => TOP + roomY * (1 - value / most);
  const widest = Math.max(8, ...bars.map(({ label }) => measureText(label, 12).width + 10));
  const every = Math.max(1, Math.ceil(widest / slot));
  return (
    <svg width={width} height={height}>
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} stroke={theme.colors.border.weak} />
          <text x={LEFT - 8} y={y(tick) + 4} textAnchor="end" fontSize={12} fill={theme.colors.text.primary}>
            {write(Number(tick.toPrecision(6)))}
          </text>
        </g>
      ))}
      {bars.map(({ label, parts }, index) => {
        const x = LEFT + index * slot;
        let base = 0;
        return (
          <g key={`${label}${index}`}>
            {parts.map(({ name, value, display }, position) => {
              const own = stacked ? slot * fill : (slot * fill) / parts.length;
              const left = x + (slot * (1 - fill)) / 2 + (stacked ? 0 : own * position);
              const from = stacked ? base : 0;
              base += stacked ? Math.max(value, 0) : 0;
              return (
                <rect key={name} x={left} y={y(from + Math.max(value, 0))} width={Math.max(own - 1, 1)} height={Math.max(y(from) - y(from + Math.max(value, 0)), 0)} fill={display.color} fillOpacity={0.85}>
                  <title>{`${label}\n${name}: ${formattedValueToString(display)}`}</title>
                </rect>
              );
            })}
            {index % every === 0 && (
              <text x={edges ? x : x + slot / 2} y={height - 6} textAnchor={edges ? 'start' : 'middle'} fontSize={12} fill={theme.colors.text.primary}>
                {label}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}

/** Round numbers from 0 to at least `most`. */
export function ticksTo(most: number, count: number): number[] {
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step);
}
