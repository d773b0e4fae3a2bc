import { expect, test } from 'vitest';

import { rangeOf } from '../src/board/time';
import { question } from '../src/query/ask';
import { stretches } from '../src/query/annotations';
import type { Series } from '../src/query/answer';
import { thinned } from '../src/query/exemplars';
import { framesOf, type Asked } from '../src/query/frames';
import { aligned, stepsFor } from '../src/query/interval';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const hour = rangeOf('now-1h', 'now', NOW);

test('a step is no shorter than what has new data, and no more than 11 000 points are asked for', () => {
  expect(stepsFor(hour, 800, '', 15).step).toBe(15);
  expect(stepsFor(hour, 100, '', 15).step).toBe(30);
  const months = rangeOf('now-90d', 'now', NOW);
  expect((90 * 86_400) / stepsFor(months, 1e9, '1s', 1).step).toBeLessThanOrEqual(11_000);
});

test('the rate interval holds at least four scrapes', () => {
  expect(stepsFor(hour, 800, '', 15).rate).toBe(60);
  expect(stepsFor(hour, 100, '1m', 15).rate).toBe(240);
});

test('ends lie on multiples of the step, so that all readers ask the same', () => {
  const a = aligned(rangeOf('now-1h', 'now', NOW + 1), 15);
  const b = aligned(rangeOf('now-1h', 'now', NOW + 14_999), 15);
  expect(a).toEqual(b);
});

test('the variables of a query are filled in, ours among them', () => {
  const target = { refId: 'A', expr: 'rate(x{s="$s"}[$__rate_interval]) + $__range_s', interval: '2s' };
  const scope = { s: { value: 'm', text: 'm', several: false } };
  const asked = question(target, {}, 1800, { range: hour, scope, scrape: 15 });
  expect(asked.expr).toBe('rate(x{s="m"}[8s]) + 3600');
  expect(asked.step).toBe(2);
});

const asked: Asked = { refId: 'A', expr: 'up', legend: '{{job}}', format: 'time_series', instant: false, start: 0, end: 40, step: 10 };

test('a missing point is a gap, not a line across', () => {
  const [frame] = framesOf([{ metric: { job: 'x' }, values: [[0, '1'], [10, '2'], [40, '+Inf']] }], asked);
  expect(frame?.name).toBe('x');
  expect(frame?.fields[1]?.values).toEqual([1, 2, null, null, Infinity]);
});

test('a table has a column for each label that any series has', () => {
  const series: Series[] = [
    { metric: { job: 'x' }, value: [0, '1'] },
    { metric: { instance: 'i' }, value: [0, '2'] },
  ];
  const [frame] = framesOf(series, { ...asked, format: 'table', instant: true });
  expect(frame?.fields.map(({ name }) => name)).toEqual(['Time', 'instance', 'job', 'Value']);
  expect(frame?.fields[2]?.values).toEqual(['x', '']);
});

test('of several queries each one\'s column of values carries its letter, as Grafana names them', () => {
  const series: Series[] = [{ metric: {}, value: [0, '1'] }];
  const columns = (among: number) => framesOf(series, { ...asked, refId: 'B', format: 'table', instant: true }, among)[0]?.fields.map(({ name }) => name);
  expect(columns(1)).toEqual(['Time', 'Value']);
  expect(columns(2)).toEqual(['Time', 'Value #B']);
});

test('of many exemplars close together the slowest is shown', () => {
  const one = (at: number, value: number) => ({ at, value, labels: {} });
  const found = thinned([one(1, 5), one(2, 9), one(900, 1), one(3, NaN)], 0, 1000);
  expect(found.map(({ at }) => at)).toEqual([2, 900]);
});

test('times within a step of one another are one happening', () => {
  expect(stretches([0, 10, 20, 60, 70], 10)).toEqual([[0, 20], [60, 70]]);
});
