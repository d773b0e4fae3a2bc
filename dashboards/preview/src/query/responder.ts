/** What the responder knows that Prometheus does not: who has an alert in hand, and what was done. */

import type { TimeRange } from '@grafana/data';

import type { Happening } from './annotations';
import type { Labels } from './answer';
import { getJson } from './http';

interface Listed<T> {
  items: T[];
}

/** An alert that fires, as far as it is shown. */
export interface Handled {
  alertname: string;
  service: string;
  extractor: string;
  severity: string;
  incident: number | null;
  acknowledgement: { owner: string; comment: string; given_at: string } | null;
}

interface Transition {
  at: string;
  kind: string;
  alertname: string;
  extractor: string;
  severity: string;
  actor: string;
  detail: Record<string, unknown>;
}

/** What Prometheus tells already, and what only says that a message went out. */
const KNOWN = new Set(['fired', 'resolved', 'delivered', 'muted', 'unmuted']);
const MOST = 200;
export const DONE_COLOR = 'semi-dark-purple';

export async function handledNow(signal: AbortSignal): Promise<Handled[]> {
  return (await ask<Handled>('alerts', { state: 'firing', limit: String(MOST) }, signal)).items;
}

/** What people and the machinery did about alerts, newest first. */
export async function done(range: TimeRange, signal: AbortSignal): Promise<Happening[]> {
  // Whole seconds, so that all who look ask the same.
  const second = (ms: number) => new Date(Math.floor(ms / 1000) * 1000).toISOString();
  const asked = { since: second(range.from.valueOf()), until: second(range.to.valueOf()), limit: String(MOST) };
  return happeningsOf((await ask<Transition>('history', asked, signal)).items);
}

export function happeningsOf(transitions: Transition[]): Happening[] {
  return transitions
    .filter(({ kind }) => !KNOWN.has(kind))
    .map(({ at, kind, alertname, extractor, severity, actor, detail }) => {
      const comment = detail['comment'];
      return {
        from: Date.parse(at),
        to: Date.parse(at),
        color: DONE_COLOR,
        title: `${alertname}: ${kind}${actor ? ` by ${actor}` : ''}`,
        text: typeof comment === 'string' ? comment : '',
        tags: [extractor, severity].filter(Boolean),
      };
    });
}

/** Who has this alert; undefined where nobody has it, or nobody knows. */
export function ofAlert(handled: readonly Handled[], labels: Labels): Handled | undefined {
  const names = ['alertname', 'service', 'extractor', 'severity'] as const;
  return handled.find((one) => names.every((name) => one[name] === (labels[name] ?? '')));
}

function ask<T>(path: string, params: Record<string, string>, signal: AbortSignal): Promise<Listed<T>> {
  return getJson<Listed<T>>(`/api/responder/api/v1/${path}?${new URLSearchParams(params).toString()}`, signal);
}
