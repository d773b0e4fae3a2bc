/** What is said of the moment under the pointer. */

import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';

export interface TooltipRow {
  key: string;
  label: string;
  value: string;
  color: string;
  active: boolean;
}

/** More rows than this would leave the screen. */
const MOST = 24;

export function Tooltip({ time, rows }: { time: number | string; rows: TooltipRow[] }) {
  const styles = useStyles2(stylesOf);
  const left = rows.length - MOST;
  return (
    <div className={styles.box}>
      <div className={styles.time}>{typeof time === 'string' ? time : dateTimeFormat(time, { timeZone: 'browser' })}</div>
      <div className={styles.rows}>
        {rows.slice(0, MOST).map(({ key, label, value, color, active }) => (
          <div key={key} className={active ? `${styles.row} ${styles.active}` : styles.row}>
            <span className={styles.mark} style={{ background: color }} />
            <span className={styles.label}>{label}</span>
            <span className={styles.value}>{value}</span>
          </div>
        ))}
        {left > 0 && <div className={styles.time}>and {left} more</div>}
      </div>
    </div>
  );
}

const stylesOf = (theme: GrafanaTheme2) => ({
  box: css({ fontSize: theme.typography.bodySmall.fontSize, padding: theme.spacing(1), maxWidth: 460 }),
  time: css({ color: theme.colors.text.secondary, paddingBottom: theme.spacing(0.5) }),
  rows: css({ display: 'grid', gap: 2 }),
  row: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1) }),
  active: css({ fontWeight: theme.typography.fontWeightBold }),
  mark: css({ width: 12, height: 4, borderRadius: 2, flex: 'none' }),
  label: css({ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }),
  value: css({ marginLeft: 'auto', paddingLeft: theme.spacing(2), fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }),
});
