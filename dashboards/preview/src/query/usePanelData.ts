/** A panel's data, asked for again at each refresh. */

import { compareArrayValues, compareDataFrameStructures, type DataFrame } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import { useEffect, useRef, useState } from 'react';

import { busy } from '../busy';
import type { PanelModel } from '../board/model';
import { useShared } from '../board/context';
import { prepared } from '../panel/fields';
import type { Scope } from '../variables/interpolate';
import type { Series } from './answer';
import { askPanel, type Exchange } from './ask';
import type { Exemplar } from './exemplars';
import { asProblem, type Problem } from './problem';

export interface PanelData {
  loading: boolean;
  /** False until the first answer. */
  known: boolean;
  frames: DataFrame[];
  series: Series[];
  exchanges: Exchange[];
  exemplars: Exemplar[];
  problem: Problem | null;
  /** Grows when the fields change, not only their values. */
  structure: number;
}

const NOTHING: PanelData = {
  loading: true,
  known: false,
  frames: [],
  series: [],
  exchanges: [],
  exemplars: [],
  problem: null,
  structure: 1,
};

/** @param wanted false for a panel that nobody sees, or that has nothing to ask */
export function usePanelData(panel: PanelModel, scope: Scope, width: number, wanted: boolean): PanelData {
  const theme = useTheme2();
  const { range, scrape, tick, reached } = useShared();
  const [data, setData] = useState(NOTHING);
  const underWay = useRef<{ question: string; control: AbortController } | null>(null);
  const question = JSON.stringify([panel.id, scope, range.raw, Math.round(width / 100), theme.isDark]);

  useEffect(() => {
    if (!wanted || width < 1) {
      return;
    }
    if (underWay.current?.question === question) {
      return; // slower than the refresh: let it end rather than ask for ever
    }
    underWay.current?.control.abort();
    const control = new AbortController();
    const mine = { question, control };
    underWay.current = mine;
    const done = busy();
    setData((before) => (before.loading ? before : { ...before, loading: true }));
    void (async () => {
      try {
        const { frames, series, exchanges, exemplars } = await askPanel(panel, width, { range, scope, scrape }, control.signal);
        const ready = await prepared(frames, panel, scope, theme);
        if (underWay.current === mine) {
          reached(null);
          setData((before) => {
            const same = before.known && compareArrayValues(before.frames, ready, compareDataFrameStructures);
            const structure = same ? before.structure : before.structure + 1;
            return { loading: false, known: true, frames: ready, series, exchanges, exemplars, problem: null, structure };
          });
        }
      } catch (thrown) {
        if (underWay.current === mine && !control.signal.aborted) {
          const problem = asProblem(thrown);
          if (problem.unreachable) {
            reached(problem);
          }
          setData((before) => ({ ...before, loading: false, known: true, problem }));
        }
      } finally {
        if (underWay.current === mine) {
          underWay.current = null;
        }
        // Drawn by then, too.
        requestAnimationFrame(() => requestAnimationFrame(done));
      }
    })();
    // `tick` and `range` change together; a new range with the same ends in words is no new question.
  }, [panel, question, tick, wanted, width > 0]);

  useEffect(() => () => underWay.current?.control.abort(), []);

  return data;
}
