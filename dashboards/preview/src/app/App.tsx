/** Which page is shown, and what all pages need. */

import { createTheme, ThemeContext } from '@grafana/data';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { useEffect, useMemo, useState } from 'react';

import { BoardPage } from '../board/BoardPage';
import type { Board, BoardEntry, FaultyEntry } from '../board/model';
import { Failed, Waiting } from '../panel/states';
import { getJson } from '../query/http';
import { asProblem, type Problem } from '../query/problem';
import type { About } from './about';
import { useAddress } from './address';
import { Home } from './Home';
import { firstMode, keep, ModeContext, type Mode } from './theme';

interface Known {
  about: About;
  boards: BoardEntry[];
  faulty: FaultyEntry[];
}

export function App() {
  const [{ uid, params }] = useAddress();
  const [mode, setMode] = useState<Mode>(() => firstMode(params));
  const theme = useMemo(() => createTheme({ colors: { mode } }), [mode]);
  const choose = (next: Mode) => {
    keep(next);
    setMode(next);
  };
  useEffect(() => {
    document.documentElement.style.colorScheme = mode;
    document.documentElement.style.background = theme.colors.background.canvas;
  }, [mode, theme]);
  return (
    <ThemeContext.Provider value={theme}>
      <ModeContext.Provider value={[mode, choose]}>
        <GlobalStyles />
        <Page key={uid} uid={uid} />
        <PortalContainer />
      </ModeContext.Provider>
    </ThemeContext.Provider>
  );
}

function Page({ uid }: { uid: string }) {
  const [known, setKnown] = useState<Known | null>(null);
  const [board, setBoard] = useState<Board | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    void (async () => {
      try {
        const [about, { dashboards }, found] = await Promise.all([
          getJson<About>('/api/about', signal),
          getJson<{ dashboards: Array<BoardEntry | FaultyEntry> }>('/api/dashboards', signal),
          uid ? getJson<Board>(`/api/dashboards/${encodeURIComponent(uid)}`, signal) : null,
        ]);
        const boards = dashboards.filter((entry): entry is BoardEntry => 'uid' in entry);
        const faulty = dashboards.filter((entry): entry is FaultyEntry => 'fault' in entry);
        setKnown({ about, boards, faulty });
        setBoard(found);
      } catch (thrown) {
        if (!signal.aborted) {
          setProblem(asProblem(thrown));
        }
      }
    })();
    return () => control.abort();
  }, [uid]);

  if (problem) {
    return (
      <div style={{ height: '60vh' }}>
        <Failed problem={problem} />
        <p style={{ textAlign: 'center' }}>
          <a href="/">All dashboards</a>
        </p>
      </div>
    );
  }
  if (!known) {
    return (
      <div style={{ height: 160, maxWidth: 720, margin: '14vh auto' }}>
        <Waiting />
      </div>
    );
  }
  return board ? <BoardPage board={board} boards={known.boards} about={known.about} /> : <Home {...known} />;
}
