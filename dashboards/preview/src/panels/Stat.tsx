/** Numbers, as large as they fit. */

import { getDisplayValueAlignmentFactors, VizOrientation } from '@grafana/data';
import {
  BigValue,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  useTheme2,
  VizRepeater,
} from '@grafana/ui';

import { optionsOf, type ContentProps } from '../panel/kind';
import { valuesOf } from './reduced';

const DEFAULTS = {
  orientation: VizOrientation.Auto,
  colorMode: BigValueColorMode.Value,
  graphMode: BigValueGraphMode.Area,
  justifyMode: BigValueJustifyMode.Auto,
  textMode: BigValueTextMode.Auto,
  wideLayout: true,
  text: undefined as { titleSize?: number; valueSize?: number } | undefined,
};

export function Stat(props: ContentProps) {
  const theme = useTheme2();
  const options = optionsOf(props.panel, DEFAULTS);
  const sparkline = options.graphMode !== BigValueGraphMode.None;
  return (
    <VizRepeater
      width={props.width}
      height={props.height}
      source={props.frames}
      renderCounter={props.structure}
      orientation={options.orientation}
      autoGrid
      itemSpacing={3}
      getValues={() => valuesOf(props, theme, sparkline)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, alignmentFactors, width, height, count }) => (
        <BigValue
          value={value.display}
          count={count}
          sparkline={sparkline && value.sparkline ? { ...value.sparkline, timeRange: props.range } : undefined}
          colorMode={options.colorMode}
          graphMode={options.graphMode}
          justifyMode={options.justifyMode}
          textMode={options.textMode}
          disableWideLayout={!options.wideLayout}
          alignmentFactors={alignmentFactors}
          text={options.text}
          width={width}
          height={height}
          theme={theme}
        />
      )}
    />
  );
}
