/** Rows and columns. */

import { css } from '@emotion/css';
import { getFrameDisplayName, type DataFrame } from '@grafana/data';
import { TableCellHeight } from '@grafana/schema';
import { Combobox, Table } from '@grafana/ui';
import { useMemo, useState } from 'react';

import { optionsOf, type ContentProps } from '../panel/kind';

const DEFAULTS = {
  showHeader: true,
  cellHeight: TableCellHeight.Sm,
  sortBy: undefined as Array<{ displayName: string; desc?: boolean }> | undefined,
  enablePagination: false,
};
const CHOICE_HEIGHT = 40;
const COLUMN_WIDTH = 90;

export function TablePanel({ panel, frames, range, width, height }: ContentProps) {
  const options = optionsOf(panel, DEFAULTS);
  const tables = useMemo(() => frames.map(withCells), [frames]);
  const [chosen, choose] = useState(0);
  const shown = tables[Math.min(chosen, tables.length - 1)];
  if (!shown) {
    return null;
  }
  const many = tables.length > 1;
  return (
    <>
      <Table
        data={shown}
        width={width}
        height={many ? height - CHOICE_HEIGHT : height}
        noHeader={!options.showHeader}
        initialSortBy={options.sortBy}
        cellHeight={options.cellHeight}
        enablePagination={options.enablePagination}
        timeRange={range}
        columnMinWidth={COLUMN_WIDTH}
      />
      {many && (
        <div className={css({ padding: 4, height: CHOICE_HEIGHT })}>
          <Combobox
            width={40}
            value={chosen}
            options={tables.map((frame, index) => ({ value: index, label: getFrameDisplayName(frame, index) }))}
            onChange={({ value }) => choose(value)}
          />
        </div>
      )}
    </>
  );
}

/** Cells need to know what kind they are. */
function withCells(frame: DataFrame): DataFrame {
  return {
    ...frame,
    fields: frame.fields.map((field) => {
      const custom = { cellOptions: { type: 'auto' }, ...(field.config.custom as object | undefined) };
      return { ...field, config: { ...field.config, custom } };
    }),
  };
}
