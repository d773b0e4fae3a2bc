/** The bar at the top: where one is, that this is a preview, the time, and what one can do. */

import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2, type TimeRange } from '@grafana/data';
import { Dropdown, Icon, Menu, RefreshPicker, TimeRangePicker, ToolbarButton, useStyles2 } from '@grafana/ui';

import { follow, go } from '../app/address';
import { useThemeMode } from '../app/theme';
import type { About } from '../app/about';
import { PreviewBadge } from '../app/PreviewBadge';
import type { Board, BoardEntry } from './model';
import { addressOf, moved, zoomedOut } from './time';
import type { Time } from './useTime';

interface HeaderProps {
  board: Board;
  boards: BoardEntry[];
  about: About;
  time: Time;
  every: string;
  change: (changes: Record<string, string | string[] | null>, step?: boolean) => void;
  /** What has just been done, in a word or two. */
  said: string;
  onShare: () => void;
  onKeys: () => void;
}

const INTERVALS = ['5s', '10s', '30s', '1m', '5m'];

export function Header({ board, boards, about, time, every, change, said, onShare, onKeys }: HeaderProps) {
  const styles = useStyles2(stylesOf);
  const [mode, setMode] = useThemeMode();
  const show = (range: { from: string; to: string }) => change(range, true);

  const others = (
    <Menu>
      {boards.map(({ uid, title, description }) => (
        <Menu.Item key={uid} label={title} description={description} active={uid === board.uid} onClick={() => go(`/d/${uid}${location.search}`)} />
      ))}
    </Menu>
  );

  return (
    <header className={styles.bar}>
      <a href="/" aria-label="All dashboards" className={styles.home} onClick={(event) => follow(event, '/')}>
        <img src="/assets/mark.svg" alt="" width={24} height={24} />
      </a>
      <Dropdown overlay={others} placement="bottom-start">
        <button type="button" className={styles.title} aria-label={`${board.title}: choose a dashboard`}>
          <h1>{board.title}</h1>
          <Icon name="angle-down" />
        </button>
      </Dropdown>
      <PreviewBadge about={about} />
      <div className={styles.tools}>
        <span role="status" className={styles.said}>
          {said}
        </span>
        <ToolbarButton icon="share-alt" variant="canvas" tooltip="Copy a link to exactly this view" onClick={onShare} />
        <ToolbarButton icon="keyboard" variant="canvas" tooltip="Keys" onClick={onKeys} />
        <ToolbarButton icon="adjust-circle" variant="canvas" tooltip={mode === 'dark' ? 'Light' : 'Dark'} onClick={() => setMode(mode === 'dark' ? 'light' : 'dark')} />
        <TimeRangePicker
          value={time.range}
          timeZone="browser"
          isOnCanvas
          onChange={(range: TimeRange) => show(addressOf(range))}
          onChangeTimeZone={() => undefined}
          onMoveBackward={() => show(moved(time.range, -1))}
          onMoveForward={() => show(moved(time.range, 1))}
          onZoom={() => show(zoomedOut(time.range))}
        />
        <RefreshPicker
          value={every}
          intervals={board.timepicker?.refresh_intervals ?? INTERVALS}
          tooltip={`Ask again (last at ${dateTimeFormat(time.range.to, { timeZone: 'browser', format: 'HH:mm:ss' })})`}
          isOnCanvas
          onRefresh={time.refresh}
          onIntervalChanged={(interval) => change({ refresh: interval })}
        />
      </div>
    </header>
  );
}

const stylesOf = (theme: GrafanaTheme2) => ({
  bar: css({
    position: 'sticky',
    top: 0,
    zIndex: theme.zIndex.navbarFixed,
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: theme.spacing(1),
    padding: theme.spacing(1, 2),
    background: theme.colors.background.canvas,
    borderBottom: `1px solid ${theme.colors.border.weak}`,
  }),
  home: css({ display: 'flex', borderRadius: 6 }),
  title: css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    border: 0,
    padding: theme.spacing(0.5, 1),
    borderRadius: theme.shape.radius.default,
    background: 'none',
    color: theme.colors.text.primary,
    '&:hover': { background: theme.colors.action.hover },
    '& h1': { margin: 0, fontSize: theme.typography.h4.fontSize, fontWeight: theme.typography.fontWeightMedium },
  }),
  tools: css({ marginLeft: 'auto', display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1) }),
  said: css({ color: theme.colors.success.text, fontSize: theme.typography.bodySmall.fontSize }),
});
