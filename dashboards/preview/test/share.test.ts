import { expect, test } from 'vitest';

import { linkTo } from '../src/board/share';
import { rangeOf } from '../src/board/time';

const NOW = Date.parse('2026-03-01T12:00:00Z');

test('a shared link stands still and carries every choice, touched or not', () => {
  const link = new URL(linkTo(new URL('http://here/d/x?from=now-1h&theme=light&var-job=a'), rangeOf('now-1h', 'now', NOW), 'var-job=b&var-job=c&var-env=%24__all', 7));
  const { searchParams } = link;
  expect(link.pathname).toBe('/d/x');
  expect([searchParams.get('from'), searchParams.get('to')]).toEqual([String(NOW - 3_600_000), String(NOW)]);
  expect(searchParams.getAll('var-job')).toEqual(['b', 'c']);
  expect(searchParams.get('var-env')).toBe('$__all');
  expect([searchParams.get('refresh'), searchParams.get('viewPanel'), searchParams.get('theme')]).toEqual(['', '7', 'light']);
});
