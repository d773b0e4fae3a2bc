/** Which component draws which type of panel. */

import type { ComponentType } from 'react';

import { AlertList } from '../panels/AlertList';
import { BarChart } from '../panels/BarChart';
import { BarGaugePanel } from '../panels/BarGaugePanel';
import { Gauge } from '../panels/Gauge';
import { Heatmap, noCells } from '../panels/Heatmap';
import { Histogram } from '../panels/Histogram';
import { Logs } from '../panels/Logs';
import { anyAboveZero, PieChart } from '../panels/PieChart';
import { Stat } from '../panels/Stat';
import { StateTimeline } from '../panels/StateTimeline';
import { TablePanel } from '../panels/TablePanel';
import { TextPanel } from '../panels/TextPanel';
import { TimeSeriesPanel } from '../panels/TimeSeriesPanel';
import type { ContentProps } from './kind';

export interface Kind {
  Content: ComponentType<ContentProps>;
  /** Finds for itself what to show. */
  alone?: boolean;
  /** Says itself, in its own way, that there is nothing. */
  saysNothing?: boolean;
  /** That nothing is there to be drawn, where it is not simply that there are no values. */
  isEmpty?: (data: Pick<ContentProps, 'frames' | 'series'>) => boolean;
  /** Fills its frame to the edge. */
  tight?: boolean;
}

export const KINDS: Readonly<Record<string, Kind>> = {
  alertlist: { Content: AlertList, alone: true },
  barchart: { Content: BarChart },
  bargauge: { Content: BarGaugePanel },
  gauge: { Content: Gauge },
  heatmap: { Content: Heatmap, isEmpty: noCells },
  histogram: { Content: Histogram },
  logs: { Content: Logs },
  piechart: { Content: PieChart, isEmpty: ({ frames }) => !frames.some(anyAboveZero) },
  stat: { Content: Stat, saysNothing: true },
  'state-timeline': { Content: StateTimeline },
  table: { Content: TablePanel, tight: true },
  text: { Content: TextPanel, alone: true },
  timeseries: { Content: TimeSeriesPanel },
};
