/** One dashboard. */

import { css } from '@emotion/css';
import { EventBusSrv, type GrafanaTheme2 } from '@grafana/data';
import { Alert, useStyles2 } from '@grafana/ui';
import { useCallback, useEffect, useMemo, useState } from 'react';

import { changed, useAddress } from '../app/address';
import type { About } from '../app/about';
import { Failed } from '../panel/states';
import type { Problem } from '../query/problem';
import { SharedContext, type Shared } from './context';
import { Controls } from './Controls';
import { Grid } from './Grid';
import { Header } from './Header';
import type { Board, BoardEntry } from './model';
import { addressOf } from './time';
import { useHappenings } from './useHappenings';
import { useTime } from './useTime';
import { useVariables } from './useVariables';

interface BoardPageProps {
  board: Board;
  boards: BoardEntry[];
  about: About;
}

export function BoardPage({ board, boards, about }: BoardPageProps) {
  const styles = useStyles2(stylesOf);
  const [{ params }, change] = useAddress();
  const every = params.get('refresh') ?? (board.refresh || '');
  const time = useTime(params.get('from') ?? board.time?.from ?? 'now-1h', params.get('to') ?? board.time?.to ?? 'now', every);
  const { variables, scope, problem } = useVariables(board, params, time.range, time.tick);
  const [unreached, setUnreached] = useState<Problem | null>(null);
  const [silenced, setSilenced] = useState<ReadonlySet<string>>(new Set());
  const annotations = useMemo(
    () => (board.annotations?.list ?? []).filter(({ name, enable }) => (enable ?? true) !== silenced.has(name)),
    [board, silenced],
  );
  const happenings = useHappenings(annotations, time.range, scope, about.scrapeSeconds, time.tick, variables !== null);
  const events = useMemo(() => new EventBusSrv(), []);
  const viewed = Number(params.get('viewPanel')) || null;

  const view = useCallback((panel: number | null) => change({ viewPanel: panel === null ? null : String(panel) }, true), [change]);
  const zoom = useCallback((from: number, to: number) => change({ from: String(Math.round(from)), to: String(Math.round(to)) }, true), [change]);
  const reached = useCallback((found: Problem | null) => setUnreached((before) => (found ? (before?.detail === found.detail ? before : found) : null)), []);
  const carried = useCallback(
    (withTime: boolean, withVariables: boolean) => {
      let query = new URLSearchParams();
      if (withTime) {
        query = changed(query, { ...addressOf(time.range) });
      }
      for (const { model, address } of withVariables ? (variables ?? []) : []) {
        query = changed(query, { [`var-${model.name}`]: address });
      }
      return query.toString();
    },
    [time.range, variables],
  );

  useEffect(() => {
    document.title = `${board.title} · featurewatch`;
  }, [board.title]);
  useKeys({ refresh: time.refresh, leave: viewed === null ? undefined : () => view(null) });

  const shared = useMemo<Shared>(
    () => ({
      range: time.range,
      scope,
      scrape: about.scrapeSeconds,
      tick: time.tick,
      happenings,
      events,
      crosshair: Boolean(board.graphTooltip),
      zoom,
      carried,
      reached,
    }),
    [time.range, time.tick, scope, about, happenings, events, board.graphTooltip, zoom, carried, reached],
  );

  return (
    <SharedContext.Provider value={shared}>
      <Header board={board} boards={boards} about={about} time={time} every={every} change={change} />
      <main className={styles.page}>
        {unreached && (
          <Alert severity="error" title={unreached.title}>
            {unreached.detail} What is shown may be out of date; it is asked again at each refresh.
          </Alert>
        )}
        {variables ? (
          <>
            <Controls board={board} boards={boards} variables={variables} change={change} silenced={silenced} onSilence={setSilenced} />
            <Grid board={board} variables={variables} viewed={viewed} onView={view} />
          </>
        ) : problem ? (
          <div className={styles.failed}>
            <Failed problem={problem} />
          </div>
        ) : null}
      </main>
    </SharedContext.Provider>
  );
}

/** `r` asks again, Escape leaves the full screen. */
function useKeys({ refresh, leave }: { refresh: () => void; leave: (() => void) | undefined }): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement | null;
      const typing = target?.closest('input, textarea, select, [contenteditable], [role=dialog], [role=listbox]');
      if (typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) {
        return;
      }
      if (event.key === 'r') {
        refresh();
      } else if (event.key === 'Escape' && leave) {
        leave();
      }
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [refresh, leave]);
}

const stylesOf = (theme: GrafanaTheme2) => ({
  page: css({ padding: theme.spacing(1, 2, 4) }),
  failed: css({ height: '50vh' }),
});
