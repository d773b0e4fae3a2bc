/** Series brought down to one value each, for the panels that show single values. */

import { getFieldDisplayValues, type FieldDisplay, type GrafanaTheme2, type ReduceDataOptions } from '@grafana/data';

import type { ContentProps } from '../panel/kind';
import { forReading } from '../variables/interpolate';

export function valuesOf(
  { panel, fieldConfig, frames, scope }: ContentProps,
  theme: GrafanaTheme2,
  sparkline = false,
): FieldDisplay[] {
  const given = panel.options?.['reduceOptions'] as Partial<ReduceDataOptions> | undefined;
  return getFieldDisplayValues({
    fieldConfig,
    reduceOptions: { calcs: ['lastNotNull'], values: false, fields: '', ...given },
    replaceVariables: (text) => forReading(text, scope),
    theme,
    data: frames,
    sparkline,
    timeZone: 'browser',
  });
}
