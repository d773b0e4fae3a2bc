/** Alerts that fire or are about to, each with what it says and what to do about it. */

import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { Badge, Icon, Tooltip, useStyles2 } from '@grafana/ui';
import { useEffect, useState } from 'react';

import { busy } from '../busy';
import { follow } from '../app/address';
import { useShared } from '../board/context';
import { optionsOf, type ContentProps } from '../panel/kind';
import { Empty, Failed, Waiting } from '../panel/states';
import type { Alert } from '../query/answer';
import { getPrometheus } from '../query/http';
import { handledNow, ofAlert, type Handled } from '../query/responder';
import { asProblem, type Problem } from '../query/problem';
import { forQuery } from '../variables/interpolate';
import { matcher } from './matchers';
import { ago, severityRank } from './words';

const DEFAULTS = {
  alertInstanceLabelFilter: '',
  alertName: '',
  maxItems: 20,
  sortOrder: 3,
  stateFilter: { firing: true, pending: true } as { firing?: boolean; pending?: boolean },
};

export function AlertList({ panel, scope, height }: ContentProps) {
  const { tick, reached, responder } = useShared();
  const styles = useStyles2(stylesOf);
  const options = optionsOf(panel, DEFAULTS);
  const [alerts, setAlerts] = useState<Alert[] | null>(null);
  const [handled, setHandled] = useState<Handled[]>([]);
  const [problem, setProblem] = useState<Problem | null>(null);

  useEffect(() => {
    const control = new AbortController();
    const done = busy();
    getPrometheus<{ alerts: Alert[] }>('alerts', [], control.signal)
      .then((data) => {
        setAlerts(data.alerts);
        setProblem(null);
        reached(null);
      })
      .catch((thrown: unknown) => {
        if (!control.signal.aborted) {
          const found = asProblem(thrown);
          setProblem(found);
          if (found.unreachable) {
            reached(found);
          }
        }
      })
      .finally(() => requestAnimationFrame(done));
    return () => control.abort();
  }, [tick, reached]);

  useEffect(() => {
    if (!responder) {
      return undefined;
    }
    const control = new AbortController();
    const done = busy();
    handledNow(control.signal)
      .then(setHandled)
      // Who has what in hand is more than Grafana shows; without the responder the list is as good as there.
      .catch(() => !control.signal.aborted && setHandled([]))
      .finally(() => requestAnimationFrame(done));
    return () => control.abort();
  }, [tick, responder]);

  if (problem) {
    return <Failed problem={problem} />;
  }
  if (!alerts) {
    return <Waiting />;
  }
  const shown = select(alerts, options, forQuery(options.alertInstanceLabelFilter, scope));
  if (shown.length === 0) {
    return <Empty text="Nothing fires" good />;
  }
  return (
    <ul className={styles.list} style={{ height }} tabIndex={0} data-items={shown.length}>
      {shown.map((alert) => (
        <Item key={JSON.stringify(alert.labels)} alert={alert} handled={ofAlert(handled, alert.labels)} />
      ))}
    </ul>
  );
}

function Item({ alert, handled }: { alert: Alert; handled: Handled | undefined }) {
  const styles = useStyles2(stylesOf);
  const { alertname = '', severity = '', extractor = '' } = alert.labels;
  const { summary, description, runbook_url: runbook, dashboard_url: dashboard, acknowledge_url: page } = alert.annotations;
  const firing = alert.state === 'firing';
  const held = handled?.acknowledgement;
  const color = !firing ? 'orange' : severityRank(severity) >= 2 ? 'red' : 'purple';
  return (
    <li className={styles.item} data-severity={severity}>
      <div className={styles.line}>
        <Badge color={color} icon={firing ? 'exclamation-circle' : 'hourglass'} text={firing ? 'Firing' : 'Pending'} />
        <Tooltip content={<pre className={styles.labels}>{labelsOf(alert)}</pre>}>
          <strong className={styles.name} tabIndex={0}>
            {alertname}
          </strong>
        </Tooltip>
        {severity && <span className={styles.quiet}>{severity}</span>}
        {extractor && <span className={styles.quiet}>{extractor}</span>}
        <time className={styles.since} dateTime={alert.activeAt} title={alert.activeAt}>
          {ago(Date.now() - Date.parse(alert.activeAt))}
        </time>
      </div>
      <div className={styles.summary} title={description}>
        {summary ?? description}
      </div>
      <div className={styles.links}>
        {runbook && (
          <a href={runbook} target="_blank" rel="noreferrer">
            <Icon name="book-open" size="sm" /> Runbook
          </a>
        )}
        {held && (
          <Tooltip content={held.comment || 'No comment was given.'}>
            <span tabIndex={0} className={styles.held}>
              <Icon name="check" size="sm" /> In hand: {held.owner}
            </span>
          </Tooltip>
        )}
        {page && firing && !held && (
          <a href={page} target="_blank" rel="noreferrer">
            <Icon name="check" size="sm" /> Acknowledge
          </a>
        )}
        {dashboard && (
          <a href={dashboard} onClick={(event) => follow(event, dashboard)}>
            <Icon name="apps" size="sm" /> Dashboard
          </a>
        )}
      </div>
    </li>
  );
}

type Options = typeof DEFAULTS;

/** Those that the panel wants, in its order: 1, 2 by name; 3 by how bad they are and when they began; 4, 5 by age. */
export function select(alerts: Alert[], options: Options, labels: string): Alert[] {
  const matches = matcher(labels);
  const wanted = alerts.filter(
    ({ labels: own, state }) =>
      Boolean(options.stateFilter[state]) && (own['alertname'] ?? '').includes(options.alertName) && matches(own),
  );
  const name = ({ labels: own }: Alert) => own['alertname'] ?? '';
  const began = ({ activeAt }: Alert) => Date.parse(activeAt);
  const bad = ({ state, labels: own }: Alert) => (state === 'firing' ? 10 : 0) + severityRank(own['severity'] ?? '');
  const byName = (a: Alert, b: Alert) => name(a).localeCompare(name(b), 'en');
  const orders: Record<number, (a: Alert, b: Alert) => number> = {
    1: byName,
    2: (a, b) => byName(b, a),
    4: (a, b) => began(a) - began(b),
    5: (a, b) => began(b) - began(a),
  };
  const usual = (a: Alert, b: Alert) => bad(b) - bad(a) || began(b) - began(a) || byName(a, b);
  return wanted.sort(orders[options.sortOrder] ?? usual).slice(0, options.maxItems);
}

function labelsOf({ labels }: Alert): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

const stylesOf = (theme: GrafanaTheme2) => ({
  list: css({ overflow: 'auto', listStyle: 'none', margin: 0, padding: 0, display: 'grid', gap: 4, alignContent: 'start' }),
  item: css({
    background: theme.colors.background.secondary,
    borderRadius: theme.shape.radius.default,
    padding: theme.spacing(0.75, 1),
    borderLeft: `3px solid ${theme.colors.border.medium}`,
    '&[data-severity=critical]': { borderLeftColor: theme.colors.error.main },
    '&[data-severity=high]': { borderLeftColor: theme.colors.warning.main },
    '&[data-severity=medium]': { borderLeftColor: theme.colors.info.main },
  }),
  line: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1), minWidth: 0 }),
  name: css({ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', fontWeight: 500 }),
  quiet: css({ color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize, whiteSpace: 'nowrap' }),
  since: css({ marginLeft: 'auto', color: theme.colors.text.secondary, whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }),
  summary: css({ color: theme.colors.text.secondary, paddingTop: 2, overflowWrap: 'anywhere' }),
  links: css({
    display: 'flex',
    gap: theme.spacing(2),
    paddingTop: 2,
    fontSize: theme.typography.bodySmall.fontSize,
    '& a': { color: theme.colors.text.link },
    '& a:hover': { textDecoration: 'underline' },
  }),
  held: css({ color: theme.colors.success.text, whiteSpace: 'nowrap' }),
  labels: css({ margin: 0, padding: 0, border: 0, background: 'none', fontSize: 12 }),
});
