/** What the dashboard's annotations tell, refreshed with everything else. */

import type { TimeRange } from '@grafana/data';
import { useEffect, useState } from 'react';

import { happenings, type Happening } from '../query/annotations';
import type { Scope } from '../variables/interpolate';
import type { AnnotationModel } from './model';

export function useHappenings(
  wanted: AnnotationModel[],
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
    Promise.all(wanted.map((annotation) => happenings(annotation, range, scope, scrape, control.signal)))
      .then((lists) => setFound(lists.flat()))
      // The panels say it when nobody can be asked; a chart without annotations is still a chart.
      .catch(() => undefined);
    return () => control.abort();
  }, [wanted, range, scope, scrape, tick, ready]);
  return found;
}
