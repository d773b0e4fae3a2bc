/** The time range of the dashboard on screen, moving on with each refresh. */

import { rangeUtil, type TimeRange } from '@grafana/data';
import { useCallback, useEffect, useMemo, useState } from 'react';

import { rangeOf } from './time';

export interface Time {
  range: TimeRange;
  tick: number;
  refresh: () => void;
}

/** Readers refresh at about the same moments, so that one answer does for all of them. */
const JITTER_MS = 400;

export function useTime(from: string, to: string, every: string): Time {
  const [tick, setTick] = useState(0);
  const refresh = useCallback(() => setTick((before) => before + 1), []);
  const range = useMemo(() => rangeOf(from, to), [from, to, tick]);

  useEffect(() => {
    const period = every ? rangeUtil.intervalToMs(every) : 0;
    if (period < 1000) {
      return undefined;
    }
    let timer: number;
    const next = () => {
      const wait = period - (Date.now() % period) + Math.random() * JITTER_MS;
      timer = window.setTimeout(() => {
        if (!document.hidden) {
          refresh();
        }
        next();
      }, wait);
    };
    next();
    const back = () => !document.hidden && refresh();
    document.addEventListener('visibilitychange', back);
    return () => {
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', back);
    };
  }, [every, refresh]);

  return { range, tick, refresh };
}
