/** The variables of the dashboard on screen. */

import type { TimeRange } from '@grafana/data';
import { useEffect, useMemo, useState } from 'react';

import { asProblem, type Problem } from '../query/problem';
import { resolve, scopeOf, type Variable } from '../variables/resolve';
import type { Scope } from '../variables/interpolate';
import type { Board } from './model';

export interface Variables {
  /** Null until they are known for the first time. */
  variables: Variable[] | null;
  scope: Scope;
  problem: Problem | null;
}

const MINUTE = 60;

export function useVariables(board: Board, params: URLSearchParams, range: TimeRange, tick: number): Variables {
  const [variables, setVariables] = useState<Variable[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  // Whole minutes: what a label can be changes slowly, and all who look ask the same.
  const start = Math.floor(range.from.valueOf() / 1000 / MINUTE) * MINUTE;
  const end = Math.ceil(range.to.valueOf() / 1000 / MINUTE) * MINUTE;
  const wanted = [...params].filter(([name]) => name.startsWith('var-')).join('&');
  const again = problem ? tick : 0;

  useEffect(() => {
    const control = new AbortController();
    resolve(board.templating?.list ?? [], params, { start, end }, control.signal)
      .then((found) => {
        setVariables((before) => (JSON.stringify(before) === JSON.stringify(found) ? before : found));
        setProblem(null);
      })
      .catch((thrown: unknown) => {
        if (!control.signal.aborted) {
          setProblem(asProblem(thrown));
        }
      });
    return () => control.abort();
  }, [board, wanted, start, end, again]);

  const scope = useMemo(() => scopeOf(variables ?? []), [variables]);
  return { variables, scope, problem };
}
