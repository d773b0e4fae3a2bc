import { expect, test } from 'vitest';

import { sections } from '../src/board/layout';
import type { PanelModel } from '../src/board/model';
import type { Variable } from '../src/variables/resolve';

const panel = (id: number, y: number, more: Partial<PanelModel> = {}): PanelModel => ({ id, type: 'stat', gridPos: { x: 0, y, w: 24, h: 4 }, ...more });
const job: Variable = {
  model: { name: 'job', type: 'query' },
  options: ['a', 'b', 'c', 'd', 'e'],
  address: ['$__all'],
  chosen: { value: '.*', text: 'All', several: true, raw: true },
};

test('panels belong to the row above them, those of a folded row lie within it', () => {
  const folded = panel(9, 10, { type: 'row', collapsed: true, panels: [panel(10, 11)] });
  const found = sections([panel(1, 0), panel(2, 4, { type: 'row' }), panel(3, 5), folded], []);
  expect(found.map(({ row, folded: shut, panels }) => [row?.id, shut, panels.map(({ panel: one }) => one.id)])).toEqual([
    [undefined, false, [1]],
    [2, false, [3]],
    [9, true, [10]],
  ]);
});

test('a repeated panel makes one for each value and pushes down what is below', () => {
  const [section] = sections([panel(1, 0, { repeat: 'job', repeatDirection: 'h', maxPerRow: 4 }), panel(2, 4)], [job]);
  const places = section?.panels.map(({ place }) => [place.x, place.y, place.w]);
  expect(places).toEqual([[0, 0, 6], [6, 0, 6], [12, 0, 6], [18, 0, 6], [0, 4, 6], [0, 8, 24]]);
  expect(section?.panels[1]?.scope['job']?.value).toBe('b');
});

test('a repeated row makes one for each value', () => {
  const found = sections([panel(1, 0, { type: 'row', repeat: 'job' }), panel(2, 1)], [{ ...job, chosen: { value: ['a', 'c'], text: 'a + c', several: true } }]);
  expect(found.map(({ scope, panels }) => [scope['job']?.value, panels.length])).toEqual([['a', 1], ['c', 1]]);
});
