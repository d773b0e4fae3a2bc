/** One dashboard. */

import { css } from '@emotion/css';
import { EventBusSrv, type GrafanaTheme2 } from '@grafana/data';
import { Alert, useStyles2 } from '@grafana/ui';
import { useCallback, useEffect, useMemo, useState } from 'react';

import { changed, useAddress } from '../app/address';
import type { About } from '../app/about';
import { useThemeMode } from '../app/theme';
import { Failed, Waiting } from '../panel/states';
import type { Problem } from '../query/problem';
import { SharedContext, type Shared } from './context';
import { Controls } from './Controls';
import { Grid } from './Grid';
import { Header } from './Header';
import type { Board, BoardEntry } from './model';
import { KeyList, useKeys } from './Keys';
import { sections } from './layout';
import { copy, linkTo } from './share';
import { addressOf, moved, zoomedOut } from './time';
import { DONE, useHappenings } from './useHappenings';
import { useTime } from './useTime';
import { useVariables } from './useVariables';

interface BoardPageProps {
  board: Board;
  boards: BoardEntry[];
  about: About;
}

const SAID_FOR_MS = 2500;

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
  const happenings = useHappenings(annotations, about.responder && !silenced.has(DONE), time.range, scope, about.scrapeSeconds, time.tick, variables !== null);
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
  const [mode, setMode] = useThemeMode();
  const [said, setSaid] = useState('');
  const [asksKeys, setAsksKeys] = useState(false);
  const share = useCallback(
    (panel?: number) =>
      void copy(linkTo(new URL(location.href), time.range, carried(false, true), panel)).then((copied) => {
        setSaid(copied ? 'Link copied' : '');
        window.setTimeout(() => setSaid(''), SAID_FOR_MS);
      }),
    [time.range, carried],
  );
  const show = (range: { from: string; to: string }) => change(range, true);
  const beside = (by: 1 | -1) => {
    const all = sections(board.panels, variables ?? []).flatMap(({ panels }) => panels.map(({ panel }) => panel.id));
    return viewed === null ? undefined : () => view(all.at((all.indexOf(viewed) + by) % all.length) ?? null);
  };
  useKeys({
    r: time.refresh,
    ArrowLeft: () => show(moved(time.range, -1)),
    ArrowRight: () => show(moved(time.range, 1)),
    '-': () => show(zoomedOut(time.range)),
    n: beside(1),
    p: beside(-1),
    s: () => share(),
    d: () => setMode(mode === 'dark' ? 'light' : 'dark'),
    '?': () => setAsksKeys(true),
    Escape: viewed === null ? undefined : () => view(null),
  });

  const shared = useMemo<Shared>(
    () => ({
      range: time.range,
      scope,
      scrape: about.scrapeSeconds,
      responder: about.responder,
      tick: time.tick,
      happenings,
      events,
      crosshair: Boolean(board.graphTooltip),
      zoom,
      carried,
      reached,
      share,
    }),
    [time.range, time.tick, scope, about, happenings, events, board.graphTooltip, zoom, carried, reached, share],
  );

  return (
    <SharedContext.Provider value={shared}>
      <Header {...{ board, boards, about, time, every, change, said }} onShare={() => share()} onKeys={() => setAsksKeys(true)} />
      {asksKeys && <KeyList onClose={() => setAsksKeys(false)} />}
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
        ) : (
          <div className={styles.waiting}>
            <Waiting />
          </div>
        )}
      </main>
    </SharedContext.Provider>
  );
}

const stylesOf = (theme: GrafanaTheme2) => ({
  page: css({ padding: theme.spacing(1, 2, 4) }),
  failed: css({ height: '50vh' }),
  waiting: css({ height: 160, maxWidth: 720, margin: '10vh auto' }),
});
