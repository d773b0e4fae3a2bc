/** How often values of each size occur, over all the time that is shown. */

import { FieldType, formattedValueToString, getValueFormat, type DataFrame } from '@grafana/data';

import { Bars, ticksTo, type Bar } from '../chart/Bars';
import { optionsOf, type ContentProps } from '../panel/kind';

const DEFAULTS = { bucketCount: 30, bucketSize: undefined as number | undefined, bucketOffset: 0 };

export function Histogram({ panel, frames, width, height }: ContentProps) {
  const options = optionsOf(panel, DEFAULTS);
  return <Bars bars={counted(frames, options.bucketCount, options.bucketSize)} stacked fill={0.96} edges write={counts} width={width} height={height} />;
}

function counts(value: number): string {
  return formattedValueToString(getValueFormat('short')(value));
}

export function counted(frames: DataFrame[], wanted: number, size?: number): Bar[] {
  const fields = frames.flatMap(({ fields: own }) => own.filter(({ type }) => type === FieldType.number));
  const numbers = fields.map(({ values }) => (values as unknown[]).map(Number).filter(Number.isFinite));
  const all = numbers.flat();
  if (all.length === 0) {
    return [];
  }
  const least = all.reduce((a, b) => Math.min(a, b));
  const most = all.reduce((a, b) => Math.max(a, b));
  const step = size ?? ticksTo(Math.max(most - least, 1e-9), wanted)[1] ?? 1;
  const first = Math.floor(least / step);
  const count = Math.min(Math.floor(most / step) - first + 1, 500);
  return Array.from({ length: count }, (_, index) => {
    const from = (first + index) * step;
    const display = fields[0]?.display?.(from);
    return {
      label: display ? formattedValueToString(display) : String(Number(from.toPrecision(6))),
      parts: fields.map((field, position) => {
        const value = numbers[position]?.filter((number) => Math.floor(number / step) - first === index).length ?? 0;
        const color = field.display?.(from).color ?? '#73bf69';
        return { name: String(field.state?.displayName ?? field.name), value, display: { text: String(value), numeric: value, color } };
      }),
    };
  });
}
