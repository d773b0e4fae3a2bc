/** What single keys do, and the list of them that `?` shows. */

import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Modal, useStyles2 } from '@grafana/ui';
import { useEffect, useRef } from 'react';

/** By the key that is pressed. */
export type Actions = Readonly<Record<string, (() => void) | undefined>>;

/** Where keys have a meaning of their own. */
const OWN = 'input, textarea, select, [contenteditable], [role=dialog], [role=listbox], [role=menu], [role=grid], [role=table], [role=radiogroup]';

export function useKeys(actions: Actions): void {
  const current = useRef(actions);
  current.current = actions;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest(OWN) || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) {
        return;
      }
      const action = current.current[event.key];
      if (action) {
        event.preventDefault();
        action();
      }
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, []);
}

const KEYS: Array<[string, string]> = [
  ['r', 'Ask again now'],
  ['←  →', 'Earlier, later, by half of what is shown'],
  ['-', 'Show twice as much time'],
  ['v', 'Show the focused panel alone, or go back'],
  ['n  p', 'Alone: the next panel, the previous one'],
  ['Esc', 'Back to the whole dashboard'],
  ['s', 'Copy a link to exactly this view'],
  ['d', 'Dark or light'],
  ['Tab  Enter', 'Reach and use everything else'],
  ['?', 'This list'],
];

export function KeyList({ onClose }: { onClose: () => void }) {
  const styles = useStyles2(stylesOf);
  return (
    <Modal isOpen title="Keys" onDismiss={onClose}>
      <dl className={styles.list}>
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              {key.split('  ').map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}

const stylesOf = (theme: GrafanaTheme2) => ({
  list: css({
    display: 'grid',
    gap: theme.spacing(1),
    margin: 0,
    '& > div': { display: 'grid', gridTemplateColumns: '130px 1fr', alignItems: 'center' },
    '& dt': { display: 'flex', gap: theme.spacing(0.5) },
    '& dd': { margin: 0 },
    '& kbd': {
      padding: theme.spacing(0.25, 1),
      border: `1px solid ${theme.colors.border.medium}`,
      borderRadius: theme.shape.radius.default,
      background: theme.colors.background.secondary,
      color: theme.colors.text.primary,
      boxShadow: 'none',
    },
  }),
});
