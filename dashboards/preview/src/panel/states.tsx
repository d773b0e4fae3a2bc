/** What a panel shows when it has nothing to show. */

import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2 } from '@grafana/ui';

import type { Problem } from '../query/problem';

/**
 * @param good that nothing is there is what one hopes for
 * @param said the dashboard itself says what it means that nothing is there
 */
export function Empty({ text, good = false, said = false }: { text: string; good?: boolean; said?: boolean }) {
  const styles = useStyles2(stylesOf);
  return (
    <div className={styles.middle} data-state={good ? 'calm' : 'empty'} data-said={said}>
      <Icon name={good ? 'check-circle' : 'minus-circle'} size="lg" className={good ? styles.good : styles.quiet} />
      <span>{text}</span>
    </div>
  );
}

export function Failed({ problem }: { problem: Problem }) {
  const styles = useStyles2(stylesOf);
  return (
    <div className={styles.middle} role="alert" data-state="failed">
      <Icon name="exclamation-triangle" size="lg" className={styles.bad} />
      <strong>{problem.title}</strong>
      <span className={styles.detail}>{problem.detail}</span>
    </div>
  );
}

/** Grey bars where content will be, so that the page does not jump when it comes. */
export function Waiting() {
  const styles = useStyles2(stylesOf);
  return (
    <div className={styles.waiting} role="status" aria-label="Loading" data-state="waiting">
      <span />
      <span />
      <span />
    </div>
  );
}

const stylesOf = (theme: GrafanaTheme2) => ({
  middle: css({
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    justifyContent: 'center',
    gap: theme.spacing(0.5),
    height: '100%',
    overflow: 'auto',
    textAlign: 'center',
    color: theme.colors.text.secondary,
  }),
  good: css({ color: theme.colors.success.text }),
  bad: css({ color: theme.colors.error.text }),
  quiet: css({ color: theme.colors.text.disabled }),
  detail: css({ fontSize: theme.typography.bodySmall.fontSize, overflowWrap: 'anywhere', maxWidth: 520 }),
  waiting: css({
    display: 'grid',
    gap: theme.spacing(1),
    alignContent: 'center',
    height: '100%',
    padding: theme.spacing(0, 2),
    '& span': {
      height: 10,
      borderRadius: 5,
      background: theme.colors.background.secondary,
      '@media (prefers-reduced-motion: no-preference)': { animation: 'featurewatch-wait 1.4s ease-in-out infinite alternate' },
    },
    '& span:nth-child(2)': { width: '75%' },
    '& span:nth-child(3)': { width: '55%' },
    '@keyframes featurewatch-wait': { from: { opacity: 1 }, to: { opacity: 0.4 } },
  }),
});
