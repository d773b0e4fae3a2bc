/** What the dashboard's annotations tell, refreshed with everything else. */

import type { TimeRange } from '@grafana/data';
import { useEffect, useState } from 'react';

import { happenings, type Happening } from '../query/annotations';
import { done } from '../query/responder';
import type { Scope } from '../variables/interpolate';
import type { AnnotationModel } from './model';

/** What stands beside the dashboard's own annotations where there is a responder. */
export const DONE = 'Who did what';

export function useHappenings(
  wanted: AnnotationModel[],
  responder: boolean,
  range: TimeRange,
  scope: Scope,
  scrape: number,
  tick: number,
  ready: boolean,
): Happening[] {
  const [found, setFound] = useState<Happening[]>([]);
  useEffect(() => {
    if (!ready) {
      return undefined;
    }
    const control = new AbortController();
    const asked = wanted.map((annotation) => happenings(annotation, range, scope, scrape, control.signal));
    const told = responder ? [done(range, control.signal)] : [];
    // The panels say it when nobody can be asked; a chart without annotations is still a chart.
    void Promise.allSettled([...asked, ...told]).then((lists) => {
      if (!control.signal.aborted) {
        setFound(lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : [])));
      }
    });
    return () => control.abort();
  }, [wanted, responder, range, scope, scrape, tick, ready]);
  return found;
}
