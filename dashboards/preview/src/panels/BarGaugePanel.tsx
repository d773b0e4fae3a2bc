/** Bars, each as long as its value. */

import { getDisplayValueAlignmentFactors, VizOrientation } from '@grafana/data';
import { BarGaugeNamePlacement, BarGaugeSizing, BarGaugeValueMode } from '@grafana/schema';
import { BarGauge, BarGaugeDisplayMode, useTheme2, VizRepeater } from '@grafana/ui';

import { optionsOf, type ContentProps } from '../panel/kind';
import { valuesOf } from './reduced';

const DEFAULTS = {
  displayMode: BarGaugeDisplayMode.Gradient,
  maxVizHeight: 300,
  minVizHeight: 16,
  minVizWidth: 8,
  namePlacement: BarGaugeNamePlacement.Auto,
  orientation: VizOrientation.Auto,
  showUnfilled: true,
  sizing: BarGaugeSizing.Auto,
  text: undefined as { titleSize?: number; valueSize?: number } | undefined,
  valueMode: BarGaugeValueMode.Color,
};

export function BarGaugePanel(props: ContentProps) {
  const theme = useTheme2();
  const options = optionsOf(props.panel, DEFAULTS);
  const automatic = options.sizing === BarGaugeSizing.Auto;
  return (
    <VizRepeater
      width={props.width}
      height={props.height}
      source={props.frames}
      renderCounter={props.structure}
      orientation={options.orientation}
      minVizWidth={automatic ? 0 : options.minVizWidth}
      minVizHeight={automatic ? 0 : options.minVizHeight}
      maxVizHeight={automatic ? props.height : options.maxVizHeight}
      itemSpacing={options.displayMode === BarGaugeDisplayMode.Lcd ? 2 : 10}
      getValues={() => valuesOf(props, theme)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, alignmentFactors, width, height, orientation }) => (
        <BarGauge
          value={value.display}
          field={{ ...value.field, min: value.field.min ?? 0, max: value.field.max ?? 100 }}
          display={value.colIndex === undefined ? undefined : value.view?.getFieldDisplayProcessor(value.colIndex)}
          width={width}
          height={height}
          orientation={orientation}
          text={options.text}
          theme={theme}
          itemSpacing={10}
          lcdCellWidth={12}
          displayMode={options.displayMode}
          alignmentFactors={alignmentFactors}
          showUnfilled={options.showUnfilled}
          valueDisplayMode={options.valueMode}
          namePlacement={options.namePlacement}
          isOverflow={false}
        />
      )}
    />
  );
}
