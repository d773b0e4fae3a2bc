import { expect, test } from 'vitest';

import { forAddress, forQuery, forReading, references, type Scope } from '../src/variables/interpolate';

const scope: Scope = {
  service: { value: 'market-features', text: 'market-features', several: false },
  extractor: { value: ['a.b', 'c'], text: 'a.b + c', several: true },
  everything: { value: '.*', text: 'All', several: true, raw: true },
  quoted: { value: 'say "hi" \\', text: 'say "hi" \\', several: false },
};

test('a single value stands in a query as it is, with quotes made safe', () => {
  expect(forQuery('up{service="$service"}', scope)).toBe('up{service="market-features"}');
  expect(forQuery('up{x="$quoted"}', scope)).toBe('up{x="say \\"hi\\" \\\\"}');
});

test('several values become alternatives that match only themselves', () => {
  expect(forQuery('up{extractor=~"${extractor}"}', scope)).toBe('up{extractor=~"(a\\\\.b|c)"}');
});

test('a value written as a regular expression is left alone', () => {
  expect(forQuery('up{x=~"$everything|"}', scope)).toBe('up{x=~".*|"}');
});

test('formats are followed, unknown names are left as they stand', () => {
  expect(forQuery('${extractor:pipe} ${extractor:csv} [[service]] $nobody', scope)).toBe('a.b|c a.b,c market-features $nobody');
});

test('people read names, addresses are encoded', () => {
  expect(forReading('$extractor on $everything', scope)).toBe('a.b + c on All');
  expect(forAddress('/d/x?var-extractor=$extractor', scope)).toBe('/d/x?var-extractor=a.b%2Cc');
});

test('a query tells which variables it needs', () => {
  expect(references('label_values(up{a="$service"}, ${extractor:pipe})')).toEqual(['service', 'extractor']);
});
