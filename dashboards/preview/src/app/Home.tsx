/** All dashboards. */

import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2 } from '@grafana/ui';
import { useEffect } from 'react';

import type { BoardEntry, FaultyEntry } from '../board/model';
import { follow } from './address';
import type { About } from './about';
import { PreviewBadge } from './PreviewBadge';

interface HomeProps {
  boards: BoardEntry[];
  faulty: FaultyEntry[];
  about: About;
}

export function Home({ boards, faulty, about }: HomeProps) {
  const styles = useStyles2(stylesOf);
  useEffect(() => {
    document.title = 'Dashboards · featurewatch';
  }, []);
  return (
    <main className={styles.page}>
      <div className={styles.head}>
        <img src="/assets/mark.svg" alt="" width={36} height={36} />
        <h1>featurewatch</h1>
        <PreviewBadge about={about} />
      </div>
      <p className={styles.quiet}>Each dashboard answers one question.</p>
      <ul className={styles.list}>
        {boards.map(({ uid, title, description }) => (
          <li key={uid}>
            <a href={`/d/${uid}`} onClick={(event) => follow(event, `/d/${uid}`)}>
              <strong>{title}</strong>
              <span>{description}</span>
            </a>
          </li>
        ))}
      </ul>
      {boards.length === 0 && <p>There is no dashboard yet; make generate writes them.</p>}
      {faulty.map(({ file, fault }) => (
        <p key={file} role="alert" className={styles.fault}>
          <Icon name="exclamation-triangle" /> {file} {fault}
        </p>
      ))}
      <p className={styles.quiet}>
        <a href="/runbooks">Runbooks: what to do when an alert fires</a>
      </p>
    </main>
  );
}

const stylesOf = (theme: GrafanaTheme2) => ({
  page: css({ maxWidth: 860, margin: '8vh auto', padding: theme.spacing(2) }),
  head: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(2), '& h1': { margin: 0 } }),
  quiet: css({ color: theme.colors.text.secondary, paddingTop: theme.spacing(1), '& a': { color: theme.colors.text.link } }),
  fault: css({ color: theme.colors.error.text }),
  list: css({
    listStyle: 'none',
    padding: theme.spacing(2, 0),
    display: 'grid',
    gap: theme.spacing(1),
    '& a': {
      display: 'grid',
      gap: theme.spacing(0.5),
      padding: theme.spacing(2),
      background: theme.colors.background.primary,
      border: `1px solid ${theme.colors.border.weak}`,
      borderRadius: theme.shape.radius.default,
    },
    '& a:hover, & a:focus-visible': { borderColor: theme.colors.primary.border },
    '& strong': { fontSize: theme.typography.h5.fontSize, fontWeight: theme.typography.fontWeightMedium },
    '& span': { color: theme.colors.text.secondary },
  }),
});
