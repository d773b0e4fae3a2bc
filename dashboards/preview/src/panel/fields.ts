/** What Grafana's libraries need to know about a field's options before they apply them. */

import {
  applyFieldOverrides,
  booleanOverrideProcessor,
  cacheFieldDisplayNames,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  FieldConfigOptionsRegistry,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  thresholdsOverrideProcessor,
  transformDataFrame,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
  type DataFrame,
  type FieldConfigPropertyItem,
  type FieldConfigSource,
  type GrafanaTheme2,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

import type { PanelModel } from '../board/model';
import { forReading, type Scope } from '../variables/interpolate';

type Process = FieldConfigPropertyItem['process'];

const STANDARD: Array<[string, unknown]> = [
  ['displayName', displayNameOverrideProcessor],
  ['description', identityOverrideProcessor],
  ['unit', unitOverrideProcessor],
  ['min', numberOverrideProcessor],
  ['max', numberOverrideProcessor],
  ['decimals', numberOverrideProcessor],
  ['noValue', identityOverrideProcessor],
  ['color', identityOverrideProcessor],
  ['thresholds', thresholdsOverrideProcessor],
  ['mappings', valueMappingsOverrideProcessor],
  ['links', dataLinksOverrideProcessor],
  ['filterable', booleanOverrideProcessor],
  ['fieldMinMax', booleanOverrideProcessor],
];

/** Options of single kinds of panels, all under `custom`. */
const CUSTOM = [
  ...['axisPlacement', 'axisLabel', 'axisWidth', 'axisSoftMin', 'axisSoftMax', 'axisColorMode', 'axisGridShow'],
  ...['axisCenteredZero', 'axisBorderShow', 'drawStyle', 'lineInterpolation', 'lineWidth', 'lineStyle', 'fillOpacity'],
  ...['gradientMode', 'spanNulls', 'insertNulls', 'showPoints', 'pointSize', 'stacking', 'scaleDistribution'],
  ...['hideFrom', 'thresholdsStyle', 'transform', 'barAlignment', 'barWidthFactor', 'fillBelowTo'],
  ...['align', 'cellOptions', 'width', 'minWidth', 'filterable', 'inspect', 'hidden', 'footer', 'wrapHeaderText'],
];

const registry = new FieldConfigOptionsRegistry();

/** Fill the libraries' registries. To be called once, before the first panel. */
export function prepareFields(): void {
  const standard = STANDARD.map(([id, process]) => option(id, id, process as Process, false));
  standardFieldConfigEditorRegistry.setInit(() => standard);
  standard.forEach((item) => registry.register(item));
  CUSTOM.forEach((id) => registry.register(option(`custom.${id}`, id, identityOverrideProcessor as Process, true)));
  // The library's own list holds one of them twice, which its registry refuses.
  const transformers = new Map(Object.values(standardTransformers).map((one) => [one.id, one]));
  standardTransformersRegistry.setInit(() =>
    [...transformers.values()].map((one) => ({
      id: one.id,
      name: one.name,
      description: one.description ?? '',
      transformation: one,
      editor: nothing,
      imageDark: '',
      imageLight: '',
    })),
  );
}

/** The frames as a panel wants to have them: transformed, and each field with its options. */
export async function prepared(
  frames: DataFrame[],
  panel: PanelModel,
  scope: Scope,
  theme: GrafanaTheme2,
): Promise<DataFrame[]> {
  const replaceVariables = (text: string) => forReading(text, scope);
  let data = frames;
  if (panel.transformations?.length) {
    data = await lastValueFrom(transformDataFrame(panel.transformations, data, { interpolate: replaceVariables }));
    // Transformations keep the names that columns had before.
    data.forEach((frame) => frame.fields.forEach((field) => delete field.state?.displayName));
  }
  const result = applyFieldOverrides({
    data,
    fieldConfig: fieldConfigOf(panel),
    replaceVariables,
    theme,
    fieldConfigRegistry: registry,
    timeZone: 'browser',
  });
  cacheFieldDisplayNames(result);
  return result;
}

const PALETTE = new Set(['timeseries', 'barchart', 'piechart', 'histogram']);

/** A panel's field options with what Grafana assumes where they say nothing. */
export function fieldConfigOf(panel: PanelModel): FieldConfigSource {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  const mode = PALETTE.has(panel.type) ? 'palette-classic' : 'thresholds';
  const steps = defaults.thresholds?.steps?.length ? defaults.thresholds.steps : [{ color: 'green', value: -Infinity }];
  return {
    defaults: {
      ...defaults,
      color: defaults.color ?? { mode },
      mappings: defaults.mappings ?? [],
      thresholds: {
        mode: defaults.thresholds?.mode ?? ('absolute' as never),
        // JSON has no minus infinity, so the first step holds null there.
        steps: steps.map((step, index) => (index ? step : { ...step, value: -Infinity })),
      },
    },
    overrides,
  };
}

function nothing(): null {
  return null;
}

function option(id: string, path: string, process: Process, isCustom: boolean): FieldConfigPropertyItem {
  return {
    id,
    path,
    name: id,
    description: '',
    isCustom,
    editor: nothing as never,
    override: nothing as never,
    process,
    shouldApply: () => true,
    settings: {},
  };
}
