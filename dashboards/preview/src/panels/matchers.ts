/** Label matchers as in PromQL, `{service="x", severity=~"high|critical"}`, applied here. */

import type { Labels } from '../query/answer';

const ONE = /\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/y;

export type Matches = (labels: Labels) => boolean;

/** Throws an Error that names what cannot be read. */
export function matcher(text: string): Matches {
  const body = text.trim().replace(/^\{/, '').replace(/\}$/, '').trim();
  const tests: Matches[] = [];
  ONE.lastIndex = 0;
  while (ONE.lastIndex < body.length) {
    const from = ONE.lastIndex;
    const found = ONE.exec(body);
    if (!found) {
      throw new Error(`Not a label matcher: ${body.slice(from)}`);
    }
    const [, name = '', operator = '', quoted = ''] = found;
    tests.push(test(name, operator, quoted.replace(/\\(.)/g, '$1')));
  }
  return (labels) => tests.every((matches) => matches(labels));
}

function test(name: string, operator: string, value: string): Matches {
  if (operator === '=' || operator === '!=') {
    return (labels) => ((labels[name] ?? '') === value) === (operator === '=');
  }
  const whole = new RegExp(`^(?:${value})$`);
  return (labels) => whole.test(labels[name] ?? '') === (operator === '=~');
}
