/** Where panels stand: rows that fold, and panels that are repeated for each value of a variable. */

import type { Scope } from '../variables/interpolate';
import type { Variable } from '../variables/resolve';
import type { GridPos, PanelModel } from './model';

export const COLUMNS = 24;

/** A panel at its place, with the values of the variables that it is repeated for. */
export interface Placed {
  /** Stays the same from one drawing to the next. */
  key: string;
  panel: PanelModel;
  place: GridPos;
  scope: Scope;
}

/** A row and what stands below it; the panels above the first row have none. */
export interface Section {
  key: string;
  row?: PanelModel;
  scope: Scope;
  folded: boolean;
  panels: Placed[];
  /** In grid units. */
  height: number;
}

export function sections(panels: PanelModel[], variables: Variable[]): Section[] {
  return bare(panels).flatMap(({ row, members }) =>
    repetitions(row?.repeat, variables).map(({ suffix, scope }) => {
      const key = `${row?.id ?? 'top'}${suffix}`;
      const placed = arrange(members, variables, key, scope);
      const height = Math.max(0, ...placed.map(({ place }) => place.y + place.h));
      return { key, ...(row && { row }), scope, folded: Boolean(row?.collapsed), panels: placed, height };
    }),
  );
}

function bare(panels: PanelModel[]): Array<{ row?: PanelModel; members: PanelModel[] }> {
  const found: Array<{ row?: PanelModel; members: PanelModel[] }> = [{ members: [] }];
  for (const panel of panels.toSorted(byPlace)) {
    if (panel.type === 'row') {
      // A folded row holds its panels itself; an open one is followed by them.
      found.push({ row: panel, members: [...(panel.panels ?? [])] });
    } else {
      found.at(-1)?.members.push(panel);
    }
  }
  return found.filter(({ row, members }) => row ?? members.length);
}

function arrange(members: PanelModel[], variables: Variable[], key: string, scope: Scope): Placed[] {
  const top = Math.min(...members.map(({ gridPos }) => gridPos.y));
  const placed: Placed[] = [];
  const pushes: Array<{ from: number; by: number }> = [];
  for (const panel of members.toSorted(byPlace)) {
    const pushed = pushes.filter(({ from }) => panel.gridPos.y >= from).reduce((sum, { by }) => sum + by, 0);
    const y = panel.gridPos.y - top + pushed;
    const copies = repetitions(panel.repeat, variables);
    const across = panel.repeatDirection !== 'v';
    const perRow = Math.min(copies.length, panel.maxPerRow ?? 4);
    copies.forEach((copy, index) => {
      const place = { ...panel.gridPos, y };
      if (copies.length > 1 && across) {
        const w = Math.floor(COLUMNS / perRow);
        Object.assign(place, { w, x: (index % perRow) * w, y: y + Math.floor(index / perRow) * place.h });
      } else {
        place.y = y + index * place.h;
      }
      placed.push({ key: `${key}/${panel.id}${copy.suffix}`, panel, place, scope: { ...scope, ...copy.scope } });
    });
    const rows = across ? Math.ceil(copies.length / perRow) : copies.length;
    if (rows > 1) {
      pushes.push({ from: panel.gridPos.y + panel.gridPos.h, by: (rows - 1) * panel.gridPos.h });
    }
  }
  return placed;
}

/** One entry for each value of the variable; one without any where nothing is repeated. */
function repetitions(name: string | undefined, variables: Variable[]): Array<{ suffix: string; scope: Scope }> {
  const variable = name ? variables.find(({ model }) => model.name === name) : undefined;
  if (!variable) {
    return [{ suffix: '', scope: {} }];
  }
  const { chosen, options } = variable;
  const values = chosen.text === 'All' ? options : [chosen.value].flat();
  return values.map((value) => ({
    suffix: `:${value}`,
    scope: { [variable.model.name]: { value, text: value, several: chosen.several } },
  }));
}

function byPlace(a: PanelModel, b: PanelModel): number {
  return a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x;
}
