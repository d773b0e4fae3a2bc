/** Lines of text with their times, newest first. */

import { css } from '@emotion/css';
import { dateTimeFormat, FieldType, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';

import { optionsOf, type ContentProps } from '../panel/kind';

const DEFAULTS = { showTime: true, sortOrder: 'Descending', wrapLogMessage: true };
const MOST = 1000;

export function Logs({ panel, frames, height }: ContentProps) {
  const styles = useStyles2(stylesOf);
  const options = optionsOf(panel, DEFAULTS);
  const lines = frames.flatMap(({ fields }) => {
    const times = fields.find(({ type }) => type === FieldType.time)?.values ?? [];
    const texts = fields.filter(({ type }) => type !== FieldType.time);
    return times.map((time: number, index) => ({ time, text: texts.map(({ values }) => String(values[index] ?? '')).join('  ') }));
  });
  lines.sort((a, b) => (options.sortOrder === 'Ascending' ? a.time - b.time : b.time - a.time));
  return (
    <ol className={styles.list} style={{ height }} tabIndex={0}>
      {lines.slice(0, MOST).map(({ time, text }, index) => (
        <li key={index} style={{ whiteSpace: options.wrapLogMessage ? 'pre-wrap' : 'pre' }}>
          {options.showTime && <time>{dateTimeFormat(time, { timeZone: 'browser' })}</time>}
          {text}
        </li>
      ))}
    </ol>
  );
}

const stylesOf = (theme: GrafanaTheme2) => ({
  list: css({
    listStyle: 'none',
    margin: 0,
    overflow: 'auto',
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: theme.typography.bodySmall.fontSize,
    '& time': { color: theme.colors.text.secondary, paddingRight: theme.spacing(2) },
  }),
});
