import { expect, test } from 'vitest';

import type { VariableModel } from '../src/board/model';
import { ALL, choose, filtered, inOrder, sorted } from '../src/variables/resolve';

const model: VariableModel = { name: 'extractor', type: 'query', multi: true, includeAll: true, allValue: '.*', current: { value: ALL } };

test('the address decides, then the dashboard, then what there is', () => {
  expect(choose(model, ['a', 'b'], ['b']).chosen.value).toEqual(['b']);
  expect(choose(model, ['a', 'b'], []).chosen).toEqual({ value: '.*', text: 'All', several: true, raw: true });
  expect(choose({ ...model, multi: false, includeAll: false, current: {} }, ['a', 'b'], []).chosen.value).toBe('a');
});

test('a value that no longer exists gives way', () => {
  expect(choose(model, ['a'], ['gone']).address).toEqual([ALL]);
  expect(choose({ ...model, includeAll: false, multi: false }, ['a'], ['gone']).address).toEqual(['a']);
});

test('without a value for all, all is every option', () => {
  expect(choose({ ...model, allValue: null }, ['a', 'b'], [ALL]).chosen.value).toEqual(['a', 'b']);
});

test('a variable comes after those that it refers to, wherever it stands', () => {
  const first: VariableModel = { name: 'b', type: 'query', query: 'label_values(up{a="$a"}, b)' };
  const second: VariableModel = { name: 'a', type: 'query', query: { query: 'label_values(up, a)' } };
  expect(inOrder([first, second]).map(({ name }) => name)).toEqual(['a', 'b']);
});

test('a circle of variables is no endless loop', () => {
  const circle: VariableModel[] = [
    { name: 'a', type: 'query', query: '$b' },
    { name: 'b', type: 'query', query: '$a' },
  ];
  expect(inOrder(circle)).toHaveLength(2);
});

test('a regular expression keeps what matches, or its first group', () => {
  expect(filtered(['a-1', 'b-2', 'x'], '/^(\\w)-\\d$/')).toEqual(['a', 'b']);
});

test('values are sorted as the dashboard says', () => {
  expect(sorted(['n10', 'n9', 'n1'], 3)).toEqual(['n1', 'n9', 'n10']);
  expect(sorted(['b', 'a'], 2)).toEqual(['b', 'a']);
  expect(sorted(['b', 'a'], 0)).toEqual(['b', 'a']);
});
