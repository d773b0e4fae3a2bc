/** Lines over time. */

import {
  DashboardCursorSync,
  FieldType,
  getFieldDisplayName,
  getFrameDisplayName,
  formattedValueToString,
  type DataFrame,
} from '@grafana/data';
import {
  GraphDrawStyle,
  LegendDisplayMode,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  type VizLegendOptions,
  type VizTooltipOptions,
} from '@grafana/schema';
import {
  EventBusPlugin,
  PanelContextProvider,
  SeriesVisibilityChangeMode,
  TimeSeries,
  TooltipPlugin2,
  useTheme2,
  type PanelContext,
  type UPlotConfigBuilder,
} from '@grafana/ui';
import { useEffect, useMemo, useRef, useState } from 'react';
import type uPlot from 'uplot';

import { useShared } from '../board/context';
import { drawExemplars, onFirstScale } from '../chart/exemplars';
import { drawHappenings } from '../chart/happenings';
import { Tooltip, type TooltipRow } from '../chart/Tooltip';
import { optionsOf, type ContentProps } from '../panel/kind';

const CUSTOM = {
  drawStyle: GraphDrawStyle.Line,
  lineWidth: 1,
  fillOpacity: 0,
  showPoints: VisibilityMode.Auto,
  pointSize: 5,
  stacking: { mode: StackingMode.None, group: 'A' },
};
const LEGEND: VizLegendOptions = {
  showLegend: true,
  displayMode: LegendDisplayMode.List,
  placement: 'bottom',
  calcs: [],
};
const TOOLTIP: VizTooltipOptions = { mode: TooltipDisplayMode.Single, sort: SortOrder.None };
/** As the library's hover modes have it: one series, all series. */
const HOVER = { one: 0, all: 1 } as const;

export function TimeSeriesPanel(props: ContentProps) {
  const { panel, frames, exemplars, range, width, height, structure } = props;
  const theme = useTheme2();
  const shared = useShared();
  const numeric = useMemo(() => frames.filter(hasNumbers), [frames]);
  const [only, toggle] = useVisibility(numeric);
  const shown = useMemo(() => numeric.map((frame) => dressed(frame, numeric.length > 1, only)), [numeric, only]);
  const legend = useMemo<VizLegendOptions>(() => {
    const given = { ...LEGEND, ...(panel.options?.['legend'] as Partial<VizLegendOptions> | undefined) };
    return given.displayMode === LegendDisplayMode.Hidden ? { ...given, showLegend: false } : given;
  }, [panel]);
  const tooltip = { ...TOOLTIP, ...optionsOf(panel, { tooltip: TOOLTIP }).tooltip };
  const multi = tooltip.mode === TooltipDisplayMode.Multi;
  const sync = shared.crosshair ? DashboardCursorSync.Crosshair : DashboardCursorSync.Off;
  const context = useMemo<PanelContext>(
    () => ({
      eventBus: shared.events,
      eventsScope: 'board',
      sync: () => sync,
      onToggleSeriesVisibility: toggle,
    }),
    [shared.events, sync, toggle],
  );
  const happenings = useRef(shared.happenings);
  happenings.current = shared.happenings;
  const marks = useRef(exemplars);
  marks.current = exemplars;
  const drawnOn = useRef(new WeakSet<UPlotConfigBuilder>());
  const chart = useRef<uPlot | null>(null);
  // Marks come and go without any new data: a chart draws itself again only for those.
  useEffect(() => chart.current?.redraw(false), [shared.happenings, exemplars]);

  return (
    <PanelContextProvider value={context}>
      <TimeSeries
        frames={shown}
        timeRange={range}
        timeZone="browser"
        width={width}
        height={height}
        legend={legend}
        options={panel.options ?? {}}
        structureRev={structure * 1000 + (only ? only.size + 1 : 0)}
      >
        {(config, aligned) => {
          if (!drawnOn.current.has(config)) {
            drawnOn.current.add(config);
            config.addHook('init', (made) => {
              chart.current = made;
            });
            config.addHook('destroy', (gone) => {
              chart.current = chart.current === gone ? null : chart.current;
            });
            drawHappenings(config, theme, () => happenings.current);
            drawExemplars(config, theme, panel.fieldConfig?.defaults.unit ?? 'short', () => marks.current, onFirstScale);
          }
          return (
            <>
              <EventBusPlugin config={config} eventBus={shared.events} frame={aligned} />
              {tooltip.mode !== TooltipDisplayMode.None && (
                <TooltipPlugin2
                  config={config}
                  hoverMode={multi ? HOVER.all : HOVER.one}
                  syncMode={sync}
                  syncScope="board"
                  queryZoom={({ from, to }) => shared.zoom(from, to)}
                  render={(_chart, indices, series, _pinned, _dismiss, _range, viaSync) => {
                    const at = indices[0];
                    const time: unknown = at == null ? undefined : aligned.fields[0]?.values[at];
                    if (viaSync || typeof time !== 'number') {
                      return null;
                    }
                    return <Tooltip time={time} rows={rowsOf(aligned, indices, series, multi, tooltip.sort)} />;
                  }}
                />
              )}
            </>
          );
        }}
      </TimeSeries>
    </PanelContextProvider>
  );
}

function hasNumbers(frame: DataFrame): boolean {
  return frame.fields.some(({ type }) => type === FieldType.number);
}

/** The frame with what lines need to be drawn, and hidden where somebody has chosen others. */
function dressed(frame: DataFrame, among: boolean, only: ReadonlySet<string> | null): DataFrame {
  const hidden = only !== null && !only.has(getFrameDisplayName(frame));
  return {
    ...frame,
    fields: frame.fields.map((field) => {
      const custom = field.config.custom as Record<string, unknown> | undefined;
      const hideFrom = custom?.['hideFrom'] as { viz?: boolean } | undefined;
      return {
        ...field,
        state: { ...field.state, multipleFrames: among },
        config: {
          ...field.config,
          custom: { ...CUSTOM, ...custom, hideFrom: { legend: false, tooltip: false, ...hideFrom, viz: hidden || Boolean(hideFrom?.viz) } },
        },
      };
    }),
  };
}

/** Which series are shown; null for all. A click on a legend shows one alone, with a key held it adds or removes. */
function useVisibility(
  frames: DataFrame[],
): [ReadonlySet<string> | null, (label: string, mode: SeriesVisibilityChangeMode) => void] {
  const [only, setOnly] = useState<ReadonlySet<string> | null>(null);
  const names = useRef<string[]>([]);
  names.current = frames.map((frame) => getFrameDisplayName(frame));
  const toggle = useMemo(
    () => (label: string, mode: SeriesVisibilityChangeMode) =>
      setOnly((before) => {
        if (mode === SeriesVisibilityChangeMode.ToggleSelection) {
          return before?.size === 1 && before.has(label) ? null : new Set([label]);
        }
        const next = new Set(before ?? names.current);
        if (!next.delete(label)) {
          next.add(label);
        }
        return next.size === 0 || next.size === names.current.length ? null : next;
      }),
    [],
  );
  return [only, toggle];
}

function rowsOf(
  aligned: DataFrame,
  indices: Array<number | null>,
  series: number | null,
  multi: boolean,
  sort: SortOrder,
): TooltipRow[] {
  const rows = aligned.fields.slice(1).flatMap((field, position) => {
    const index = position + 1;
    const at = indices[index];
    const value: unknown = at == null ? null : field.values[at];
    const custom = field.config.custom as { hideFrom?: { viz?: boolean; tooltip?: boolean } } | undefined;
    if (value == null || custom?.hideFrom?.viz || custom?.hideFrom?.tooltip || (!multi && index !== series)) {
      return [];
    }
    const display = field.display?.(value);
    const label = getFieldDisplayName(field, aligned);
    const color = (field.state as { seriesColor?: string } | undefined)?.seriesColor ?? display?.color ?? '';
    const text = display ? formattedValueToString(display) : String(value);
    return [{ key: `${index}`, label, value: text, color, active: multi && index === series, number: Number(value) }];
  });
  if (sort !== SortOrder.None) {
    rows.sort((a, b) => (sort === SortOrder.Ascending ? a.number - b.number : b.number - a.number));
  }
  return rows;
}
