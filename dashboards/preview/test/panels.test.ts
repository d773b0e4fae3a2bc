import { createDataFrame, FieldType } from '@grafana/data';
import { expect, test } from 'vitest';

import { ticksTo } from '../src/chart/Bars';
import { together } from '../src/chart/happenings';
import { select } from '../src/panels/AlertList';
import { fromClassic, fromNative, noCells } from '../src/panels/Heatmap';
import { matcher } from '../src/panels/matchers';
import { anyAboveZero } from '../src/panels/PieChart';
import { stretchesOf } from '../src/panels/StateTimeline';
import { ago } from '../src/panels/words';
import type { Alert } from '../src/query/answer';

const line = (le: string, values: Array<number | null>) =>
  createDataFrame({
    name: le,
    fields: [
      { name: 'Time', type: FieldType.time, values: values.map((_, index) => index * 1000), config: { interval: 1000 } },
      { name: 'Value', type: FieldType.number, labels: { le }, values },
    ],
  });

test('a cell counts what lies between two edges, whatever the order of the series', () => {
  const { buckets, most } = fromClassic([line('+Inf', [10]), line('0.1', [4]), line('0.5', [9])]);
  expect(buckets.map(({ from, to, counts }) => [from, to, counts[0]])).toEqual([
    [0, 0.1, 4],
    [0.1, 0.5, 5],
    [0.5, Infinity, 1],
  ]);
  expect(most).toBe(5);
});

test('buckets in which nothing was counted are no heat map, and zeros are no pie', () => {
  expect(noCells({ frames: [line('0.1', [0, 0]), line('+Inf', [0, null])], series: [] })).toBe(true);
  expect(noCells({ frames: [line('0.1', [0, 0]), line('+Inf', [0, 2])], series: [] })).toBe(false);
  expect([anyAboveZero(line('x', [0, 0])), anyAboveZero(line('x', [0, 1]))]).toEqual([false, true]);
});

test('native buckets of several series are added up', () => {
  const histogram = { count: '1', sum: '1', buckets: [[0, '1', '2', '3'] as [number, string, string, string]] };
  const { times, buckets } = fromNative([{ metric: {}, histograms: [[7, histogram]] }, { metric: {}, histograms: [[7, histogram]] }]);
  expect([times, buckets[0]?.counts]).toEqual([[7000], [6]]);
});

test('equal neighbours are one state, and a gap stays a gap', () => {
  const found = stretchesOf(line('x', [1, 1, null, 1, 2]), true);
  expect(found.map(({ from, to, text }) => [from, to, text])).toEqual([
    [0, 2000, '1'],
    [3000, 4000, '1'],
    [4000, 5000, '2'],
  ]);
});

test('label matchers mean what they mean in PromQL', () => {
  const matches = matcher('{service="m", severity=~"high|critical", team!="x"}');
  expect(matches({ service: 'm', severity: 'high' })).toBe(true);
  expect(matches({ service: 'm', severity: 'higher' })).toBe(false);
  expect(matches({ service: 'm', severity: 'high', team: 'x' })).toBe(false);
  expect(() => matcher('{service=}')).toThrow('service=');
});

const alert = (name: string, severity: string, state: Alert['state'] = 'firing'): Alert => ({
  labels: { alertname: name, severity },
  annotations: {},
  state,
  activeAt: '2026-01-01T00:00:00Z',
  value: '1',
});

test('the worst alerts come first, and those that only may fire come last', () => {
  const options = { alertInstanceLabelFilter: '', alertName: '', maxItems: 3, sortOrder: 3, stateFilter: { firing: true, pending: true } };
  const found = select([alert('a', 'low'), alert('b', 'critical', 'pending'), alert('c', 'critical'), alert('d', 'high')], options, '');
  expect(found.map(({ labels }) => labels['alertname'])).toEqual(['c', 'd', 'a']);
});

test('happenings that overlap are painted once', () => {
  expect(together([{ from: 5, to: 9, color: 'red' }, { from: 1, to: 6, color: 'red' }, { from: 2, to: 3, color: 'blue' }])).toEqual([
    { from: 1, to: 9, color: 'red' },
    { from: 2, to: 3, color: 'blue' },
  ]);
});

test('axes end at round numbers that hold everything', () => {
  expect(ticksTo(0.37, 4)).toEqual([0, 0.1, 0.2, 0.30000000000000004, 0.4]);
});

test('how long ago is said in the two largest units', () => {
  expect([ago(0), ago(45_000), ago(12 * 60_000), ago(3.5 * 3_600_000), ago(2 * 86_400_000 + 4 * 3_600_000)]).toEqual(['0 s', '45 s', '12 min', '3 h 30 min', '2 d 4 h']);
});
