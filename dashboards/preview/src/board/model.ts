/** A dashboard's JSON, as far as the preview reads it. */

import type { DataTransformerConfig, FieldConfigSource } from '@grafana/data';

export interface Board {
  uid: string;
  title: string;
  description?: string;
  panels: PanelModel[];
  templating?: { list: VariableModel[] };
  annotations?: { list: AnnotationModel[] };
  links?: LinkModel[];
  time?: { from: string; to: string };
  refresh?: string | false;
  timezone?: string;
  timepicker?: { refresh_intervals?: string[] };
  graphTooltip?: number;
}

export interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface PanelModel {
  id: number;
  type: string;
  title?: string;
  description?: string;
  gridPos: GridPos;
  targets?: Target[];
  fieldConfig?: FieldConfigSource;
  options?: Record<string, unknown>;
  transformations?: DataTransformerConfig[];
  links?: LinkModel[];
  transparent?: boolean;
  maxDataPoints?: number | null;
  interval?: string;
  timeFrom?: string;
  timeShift?: string;
  repeat?: string;
  repeatDirection?: 'h' | 'v';
  maxPerRow?: number;
  /** Of rows only. */
  collapsed?: boolean;
  panels?: PanelModel[];
}

export interface Target {
  refId: string;
  expr?: string;
  legendFormat?: string;
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  range?: boolean;
  interval?: string;
  intervalFactor?: number;
  exemplar?: boolean;
  hide?: boolean;
}

export interface VariableModel {
  name: string;
  type: string;
  label?: string;
  query?: string | { query?: string };
  current?: { value?: string | string[] };
  options?: Array<{ text?: string; value?: string }>;
  regex?: string;
  sort?: number;
  includeAll?: boolean;
  allValue?: string | null;
  multi?: boolean;
  /** 1: no label; 2: not shown at all. */
  hide?: number;
}

export interface AnnotationModel {
  name: string;
  enable?: boolean;
  hide?: boolean;
  iconColor?: string;
  target?: { expr?: string };
  expr?: string;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
}

export interface LinkModel {
  title: string;
  type?: string;
  url?: string;
  tags?: string[];
  asDropdown?: boolean;
  keepTime?: boolean;
  includeVars?: boolean;
  targetBlank?: boolean;
  tooltip?: string;
}

export interface BoardEntry {
  uid: string;
  title: string;
  description: string;
  tags: string[];
}

/** A file in the folder of dashboards that holds none. */
export interface FaultyEntry {
  file: string;
  fault: string;
}
