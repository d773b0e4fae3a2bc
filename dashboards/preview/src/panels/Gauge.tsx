/** A value on an arc between its least and its most, with the thresholds along it. */

import { formattedValueToString, ThresholdsMode, VizOrientation, type FieldDisplay, type GrafanaTheme2 } from '@grafana/data';
import { calculateFontSize, useTheme2, VizRepeater } from '@grafana/ui';

import { optionsOf, type ContentProps } from '../panel/kind';
import { valuesOf } from './reduced';

const DEFAULTS = {
  orientation: VizOrientation.Auto,
  showThresholdMarkers: true,
  showThresholdLabels: false,
};
/** The arc's ends, in radians from the right, upwards. */
const [BEGIN, END] = [Math.PI * 1.18, -Math.PI * 0.18];

export function Gauge(props: ContentProps) {
  const theme = useTheme2();
  const options = optionsOf(props.panel, DEFAULTS);
  return (
    <VizRepeater
      width={props.width}
      height={props.height}
      source={props.frames}
      renderCounter={props.structure}
      orientation={options.orientation}
      autoGrid
      itemSpacing={8}
      getValues={() => valuesOf(props, theme)}
      renderValue={({ value, width, height, count }) => (
        <Dial value={value} width={width} height={height} named={count > 1} markers={options.showThresholdMarkers} labels={options.showThresholdLabels} theme={theme} />
      )}
    />
  );
}

interface DialProps {
  value: FieldDisplay;
  width: number;
  height: number;
  named: boolean;
  markers: boolean;
  labels: boolean;
  theme: GrafanaTheme2;
}

function Dial({ value, width, height, named, markers, labels, theme }: DialProps) {
  const { display, field } = value;
  const [least, most] = [field.min ?? 0, field.max ?? 100];
  const part = (number: number) => Math.min(Math.max((number - least) / (most - least || 1), 0), 1);
  const title = named ? 20 : 0;
  const outer = Math.max(Math.min(width / 2, (height - title) / 1.6) - (labels ? 22 : 4), 8);
  const [cx, cy] = [width / 2, (height - title) / 2 + outer * 0.24];
  const rim = markers ? outer * 0.06 : 0;
  const thick = outer * 0.26;
  const steps = field.thresholds?.steps ?? [];
  const at = (step: number) => (field.thresholds?.mode === ThresholdsMode.Percentage ? Math.min(Math.max(step / 100, 0), 1) : part(step));
  const text = formattedValueToString(display);
  const size = Math.min(calculateFontSize(text, outer * 1.15, outer * 0.5, 1), outer * 0.42);
  return (
    <svg width={width} height={height} role="img" aria-label={`${display.title ?? ''} ${text}`}>
      <path d={arc(cx, cy, outer - rim - 2 - thick, outer - rim - 2, 0, 1)} fill={theme.colors.background.secondary} />
      {Number.isFinite(display.numeric) && (
        <path d={arc(cx, cy, outer - rim - 2 - thick, outer - rim - 2, 0, Math.max(part(display.numeric), 0.004))} fill={display.color} />
      )}
      {markers &&
        steps.map((step, index) => {
          const [from, to] = [index ? at(step.value) : 0, steps[index + 1] ? at(steps[index + 1]?.value ?? most) : 1];
          return to > from ? <path key={index} d={arc(cx, cy, outer - rim, outer, from, to)} fill={theme.visualization.getColorByName(step.color)} /> : null;
        })}
      {labels &&
        steps.slice(1).map((step, index) => {
          const [x, y] = point(cx, cy, outer + 12, at(step.value));
          return (
            <text key={index} x={x} y={y} fontSize={11} textAnchor="middle" fill={theme.colors.text.secondary}>
              {step.value}
            </text>
          );
        })}
      <text x={cx} y={cy + size * 0.3} fontSize={size} fontWeight={500} textAnchor="middle" fill={display.color ?? theme.colors.text.primary}>
        {text}
      </text>
      {named && (
        <text x={cx} y={height - 5} fontSize={13} textAnchor="middle" fill={theme.colors.text.primary}>
          {display.title}
        </text>
      )}
    </svg>
  );
}

function point(cx: number, cy: number, radius: number, part: number): [number, number] {
  const angle = BEGIN + (END - BEGIN) * part;
  return [cx + radius * Math.cos(angle), cy - radius * Math.sin(angle)];
}

function arc(cx: number, cy: number, inner: number, outer: number, from: number, to: number): string {
  const large = (to - from) * (BEGIN - END) > Math.PI ? 1 : 0;
  const at = (radius: number, part: number) => point(cx, cy, radius, part).map((value) => value.toFixed(2)).join(',');
  return `M${at(outer, from)}A${outer},${outer} 0 ${large} 1 ${at(outer, to)}L${at(inner, to)}A${inner},${inner} 0 ${large} 0 ${at(inner, from)}Z`;
}
