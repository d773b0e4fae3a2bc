/** What the frame around a panel hands to what draws its content. */

import type { DataFrame, FieldConfigSource, TimeRange } from '@grafana/data';

import type { PanelModel } from '../board/model';
import type { Series } from '../query/answer';
import type { Exemplar } from '../query/exemplars';
import type { Scope } from '../variables/interpolate';

export interface ContentProps {
  panel: PanelModel;
  fieldConfig: FieldConfigSource;
  frames: DataFrame[];
  series: Series[];
  exemplars: Exemplar[];
  structure: number;
  range: TimeRange;
  scope: Scope;
  width: number;
  height: number;
}

/** A panel's options with what is assumed where they say nothing. */
export function optionsOf<T extends object>(panel: PanelModel, defaults: T): T {
  return { ...defaults, ...(panel.options as Partial<T> | undefined) };
}
