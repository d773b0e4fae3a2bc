/** What a panel asked Prometheus, to the letter. */

import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { ClipboardButton, Modal, useStyles2 } from '@grafana/ui';

import type { Exchange } from '../query/ask';

export function Queries({ title, exchanges, onClose }: { title: string; exchanges: Exchange[]; onClose: () => void }) {
  const styles = useStyles2(stylesOf);
  return (
    <Modal isOpen title={`What “${title}” asked`} onDismiss={onClose}>
      {exchanges.map(({ asked, series, milliseconds }) => (
        <section key={asked.refId} className={styles.one}>
          <div className={styles.line}>
            <strong>{asked.refId}</strong>
            <span>
              {series} series in {Math.round(milliseconds)} ms, {asked.instant ? 'one moment' : `a point every ${asked.step} s`}
            </span>
            <ClipboardButton size="sm" variant="secondary" icon="copy" getText={() => asked.expr}>
              Copy
            </ClipboardButton>
          </div>
          <pre className={styles.expr}>{asked.expr}</pre>
        </section>
      ))}
      {exchanges.length === 0 && <p>Nothing has been answered yet.</p>}
    </Modal>
  );
}

const stylesOf = (theme: GrafanaTheme2) => ({
  one: css({ marginBottom: theme.spacing(2) }),
  line: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(2), '& button': { marginLeft: 'auto' } }),
  expr: css({ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', marginTop: theme.spacing(0.5) }),
});
