import { expect, test } from 'vitest';

import { changed, readAddress } from '../src/app/address';
import { fixed, moved, rangeOf, zoomedOut } from '../src/board/time';
import { boardHref, panelLinks } from '../src/panel/links';

const NOW = Date.parse('2026-03-01T12:00:00Z');

test('an address names the dashboard, and changes leave the rest of it alone', () => {
  const { uid, params } = readAddress('/d/featurewatch-promise/slug', '?from=now-1h&var-a=1&var-a=2');
  expect(uid).toBe('featurewatch-promise');
  expect(changed(params, { 'var-a': ['3'], from: null }).toString()).toBe('var-a=3');
});

test('a range is read from words, milliseconds and dates; nonsense becomes the last quarter of an hour', () => {
  expect(rangeOf('1772366400000', '1772370000000').to.valueOf()).toBe(1772370000000);
  const fallback = rangeOf('now', 'now-1h', NOW);
  expect(NOW - fallback.from.valueOf()).toBe(15 * 60_000);
});

test('moving and zooming never leave the present', () => {
  const range = rangeOf('now-1h', 'now', NOW);
  expect(moved(range, 1, NOW)).toEqual({ from: 'now-1h', to: 'now' });
  expect(Number(moved(range, -1, NOW).to)).toBe(NOW - 30 * 60_000);
  expect(Number(zoomedOut(range, NOW).to)).toBe(NOW);
  expect(fixed(range).to).toBe(String(NOW));
});

test('links keep the time and the variables where they say so, and run no scripts', () => {
  const carried = (time: boolean, variables: boolean) => [time && 'from=now-1h', variables && 'var-a=1'].filter(Boolean).join('&');
  expect(boardHref('x', { keepTime: true, includeVars: true }, carried)).toBe('/d/x?from=now-1h&var-a=1');
  const [link, evil] = panelLinks([{ title: 'a', url: '/d/y?${__url_time_range}' }, { title: 'b', url: 'javascript:alert(1)' }], {}, carried);
  expect(link?.href).toBe('/d/y?from=now-1h');
  expect(evil?.href).toBe('about:blank');
});
