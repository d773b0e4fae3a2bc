/** The panels, each at its place. */

import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2 } from '@grafana/ui';
import { useEffect, useMemo, useRef, useState } from 'react';

import { Panel } from '../panel/Panel';
import { forReading } from '../variables/interpolate';
import type { Variable } from '../variables/resolve';
import { useShared } from './context';
import { COLUMNS, sections, type Placed, type Section } from './layout';
import type { Board } from './model';

/** Pixels of one grid unit and of the gap between panels, as in Grafana. */
const [UNIT, GAP] = [30, 8];
const [NARROW, ALONE_MARGIN] = [768, 160];

interface GridProps {
  board: Board;
  variables: Variable[];
  viewed: number | null;
  onView: (panel: number | null) => void;
}

export function Grid({ board, variables, viewed, onView }: GridProps) {
  const styles = useStyles2(stylesOf);
  const [ref, width] = useWidth();
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const all = useMemo(() => sections(board.panels, variables), [board, variables]);
  const alone = viewed === null ? undefined : all.flatMap(({ panels }) => panels).find(({ panel }) => panel.id === viewed);

  if (alone) {
    return (
      <div ref={ref} className={styles.grid}>
        {width > 0 && <Panel panel={alone.panel} own={alone.scope} width={width} height={Math.max(window.innerHeight - ALONE_MARGIN, 240)} alone onView={onView} />}
      </div>
    );
  }
  const toggle = (key: string) =>
    setTurned((before) => {
      const next = new Set(before);
      return next.delete(key) ? next : next.add(key);
    });
  return (
    <div ref={ref} className={styles.grid}>
      {width > 0 &&
        all.map((section) => {
          const folded = section.folded !== turned.has(section.key);
          return (
            <section key={section.key}>
              {section.row && <RowTitle section={section} folded={folded} onToggle={() => toggle(section.key)} />}
              {!folded && <Panels panels={section.panels} height={section.height} width={width} onView={onView} />}
            </section>
          );
        })}
    </div>
  );
}

function RowTitle({ section, folded, onToggle }: { section: Section; folded: boolean; onToggle: () => void }) {
  const styles = useStyles2(stylesOf);
  const { scope } = useShared();
  const title = forReading(section.row?.title ?? '', { ...scope, ...section.scope });
  const count = section.panels.length;
  return (
    <h2 className={styles.row}>
      <button type="button" aria-expanded={!folded} onClick={onToggle}>
        <Icon name={folded ? 'angle-right' : 'angle-down'} />
        {title}
        {folded && <span>{count === 1 ? '1 panel' : `${count} panels`}</span>}
      </button>
    </h2>
  );
}

function Panels({ panels, height, width, onView }: { panels: Placed[]; height: number; width: number; onView: GridProps['onView'] }) {
  const styles = useStyles2(stylesOf);
  const column = (width + GAP) / COLUMNS;
  const unit = UNIT + GAP;
  if (width < NARROW) {
    return (
      <div className={styles.stacked}>
        {panels.map(({ key, panel, scope, place }) => (
          <Panel key={key} panel={panel} own={scope} width={width} height={place.h * unit - GAP} alone={false} onView={onView} />
        ))}
      </div>
    );
  }
  return (
    <div className={styles.placed} style={{ height: height * unit }}>
      {panels.map(({ key, panel, scope, place }) => (
        <div key={key} style={{ transform: `translate(${Math.round(place.x * column)}px, ${place.y * unit}px)` }}>
          <Panel
            panel={panel}
            own={scope}
            width={Math.round((place.x + place.w) * column) - Math.round(place.x * column) - GAP}
            height={place.h * unit - GAP}
            alone={false}
            onView={onView}
          />
        </div>
      ))}
    </div>
  );
}

function useWidth(): [React.RefObject<HTMLDivElement>, number] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (!element) {
      return undefined;
    }
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    setWidth(Math.floor(element.getBoundingClientRect().width));
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

const stylesOf = (theme: GrafanaTheme2) => ({
  grid: css({ width: '100%' }),
  stacked: css({ display: 'grid', gap: GAP }),
  placed: css({ position: 'relative', '& > div': { position: 'absolute', left: 0, top: 0 } }),
  row: css({
    margin: theme.spacing(0.5, 0, 0.5),
    '& button': {
      display: 'flex',
      alignItems: 'center',
      gap: theme.spacing(1),
      width: '100%',
      padding: theme.spacing(0.5, 0),
      border: 0,
      background: 'none',
      color: theme.colors.text.primary,
      fontSize: theme.typography.h5.fontSize,
      fontWeight: theme.typography.fontWeightMedium,
      textAlign: 'left',
      cursor: 'pointer',
    },
    '& span': { color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize, fontWeight: 400 },
  }),
});
