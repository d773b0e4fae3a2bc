import { expect, test } from 'vitest';

import { happeningsOf, ofAlert, type Handled } from '../src/query/responder';

const one: Handled = { alertname: 'Slow', service: 's', extractor: 'e', severity: 'high', incident: 3, acknowledgement: { owner: 'kim', comment: '', given_at: '' } };

test('an alert of Prometheus is found among those of the responder by what both know of it', () => {
  const labels = { alertname: 'Slow', service: 's', extractor: 'e', severity: 'high', category: 'latency' };
  expect(ofAlert([one], labels)).toBe(one);
  expect(ofAlert([one], { ...labels, severity: 'critical' })).toBeUndefined();
  expect(ofAlert([one], { alertname: 'Slow' })).toBeUndefined();
});

test('what Prometheus tells already is not told twice, and people are named with what they said', () => {
  const at = '2026-03-01T12:00:00Z';
  const told = { at, alertname: 'Slow', extractor: 'e', severity: 'high' };
  const found = happeningsOf([
    { ...told, kind: 'fired', actor: '', detail: {} },
    { ...told, kind: 'acknowledged', actor: 'kim', detail: { comment: 'restarting' } },
  ]);
  expect(found).toEqual([{ from: Date.parse(at), to: Date.parse(at), color: 'semi-dark-purple', title: 'Slow: acknowledged by kim', text: 'restarting', tags: ['e', 'high'] }]);
});
