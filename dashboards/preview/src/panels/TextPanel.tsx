/** Words: Markdown, or HTML that has been made harmless. */

import { css } from '@emotion/css';
import { renderMarkdown, textUtil } from '@grafana/data';

import { optionsOf, type ContentProps } from '../panel/kind';
import { forReading } from '../variables/interpolate';

const DEFAULTS = { mode: 'markdown', content: '' };

export function TextPanel({ panel, scope, height }: ContentProps) {
  const { mode, content } = optionsOf(panel, DEFAULTS);
  const text = forReading(content, scope);
  const style = css({ height, overflow: 'auto' });
  if (mode === 'code') {
    return <pre className={style}>{text}</pre>;
  }
  const html = mode === 'html' ? textUtil.sanitizeTextPanelContent(text) : renderMarkdown(text);
  return <div className={`markdown-html ${style}`} tabIndex={0} dangerouslySetInnerHTML={{ __html: html }} />;
}
