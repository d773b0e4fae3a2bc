/** One bar for each row of a table, or for each series. */

import { FieldType, formattedValueToString, getFieldDisplayName, reduceField, type DataFrame, type DisplayValue, type Field } from '@grafana/data';
import { LegendDisplayMode, type VizLegendOptions } from '@grafana/schema';
import { VizLayout, VizLegend } from '@grafana/ui';

import { Bars, type Bar } from '../chart/Bars';
import { optionsOf, type ContentProps } from '../panel/kind';

const DEFAULTS = {
  stacking: 'none',
  barWidth: 0.85,
  xField: undefined as string | undefined,
  legend: { showLegend: true, displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [] } as VizLegendOptions,
};

export function BarChart({ panel, frames, width, height }: ContentProps) {
  const options = optionsOf(panel, DEFAULTS);
  const bars = barsOf(frames, options.xField);
  const number = frames.flatMap(({ fields }) => fields).find(({ type }) => type === FieldType.number);
  const write = (value: number) => (number ? formattedValueToString(displayed(number, value)) : String(value));
  const names = new Map(bars.flatMap(({ parts }) => parts.map(({ name, display }) => [name, display.color ?? ''])));
  const items = [...names].map(([label, color]) => ({ label, color, yAxis: 1 }));
  return (
    <VizLayout
      width={width}
      height={height}
      legend={
        options.legend.showLegend && items.length > 1 ? (
          <VizLayout.Legend placement={options.legend.placement}>
            <VizLegend placement={options.legend.placement} displayMode={LegendDisplayMode.List} items={items} readonly />
          </VizLayout.Legend>
        ) : null
      }
    >
      {(innerWidth, innerHeight) => <Bars bars={bars} stacked={options.stacking !== 'none'} fill={options.barWidth} write={write} width={innerWidth} height={innerHeight} />}
    </VizLayout>
  );
}

export function barsOf(frames: DataFrame[], xField?: string): Bar[] {
  const table = frames.length === 1 ? frames[0] : undefined;
  const names = table?.fields.find((field) => field.type === FieldType.string && (!xField || getFieldDisplayName(field, table) === xField));
  if (table && names) {
    const numbers = table.fields.filter(({ type }) => type === FieldType.number);
    return names.values.map((label: unknown, index) => ({
      label: String(label),
      parts: numbers.map((field) => ({ name: getFieldDisplayName(field, table), value: Number(field.values[index]), display: displayed(field, field.values[index]) })),
    }));
  }
  return frames.flatMap((frame) =>
    frame.fields
      .filter(({ type }) => type === FieldType.number)
      .map((field) => {
        const value: unknown = reduceField({ field, reducers: ['lastNotNull'] })['lastNotNull'];
        const name = getFieldDisplayName(field, frame);
        return { label: name, parts: [{ name, value: Number(value), display: displayed(field, value) }] };
      }),
  );
}

function displayed(field: Field, value: unknown): DisplayValue {
  return field.display?.(value) ?? { text: String(value), numeric: Number(value) };
}
