/** Time ranges, as they stand in addresses and as panels need them. */

import { dateMath, dateTime, type RawTimeRange, type TimeRange } from '@grafana/data';

/** `now-1h`, milliseconds since 1970, or an ISO date. */
export function rangeOf(from: string, to: string, now: number = Date.now()): TimeRange {
  const raw: RawTimeRange = { from: point(from), to: point(to) };
  const parse = (value: RawTimeRange['from'], roundUp: boolean) =>
    (typeof value === 'string' ? dateMath.toDateTime(value, { roundUp, now: new Date(now) }) : value) ?? dateTime(now);
  const range = { from: parse(raw.from, false), to: parse(raw.to, true), raw };
  return range.from.isBefore(range.to) ? range : rangeOf('now-15m', 'now', now);
}

/** How a range stands in an address. */
export function addressOf(range: TimeRange): { from: string; to: string } {
  const text = (value: RawTimeRange['from']) => (typeof value === 'string' ? value : String(value.valueOf()));
  return { from: text(range.raw.from), to: text(range.raw.to) };
}

/** The same stretch with fixed ends, for showing to others what one sees now. */
export function fixed(range: TimeRange): { from: string; to: string } {
  return { from: String(range.from.valueOf()), to: String(range.to.valueOf()) };
}

/** By half of what is shown, backwards (-1) or forwards (1), not beyond now. */
export function moved(range: TimeRange, direction: -1 | 1, now: number = Date.now()): { from: string; to: string } {
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const by = direction < 0 ? -(to - from) / 2 : Math.min((to - from) / 2, now - to);
  return by > 0 || direction < 0 ? { from: String(Math.round(from + by)), to: String(Math.round(to + by)) } : addressOf(range);
}

/** Twice as much, around the middle. */
export function zoomedOut(range: TimeRange, now: number = Date.now()): { from: string; to: string } {
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const end = Math.min(to + (to - from) / 2, Math.max(now, to));
  return { from: String(Math.round(end - 2 * (to - from))), to: String(Math.round(end)) };
}

function point(value: string): RawTimeRange['from'] {
  if (/^\d{10,}$/.test(value)) {
    return dateTime(Number(value));
  }
  return dateMath.isMathString(value) || value.startsWith('now') ? value : dateTime(value);
}
