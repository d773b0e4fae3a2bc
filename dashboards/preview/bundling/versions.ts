/** The versions of the libraries that draw, for the page to say. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const SAID = ['@grafana/ui', '@grafana/data', 'react', 'uplot'];

export function versions(): Record<string, string> {
  const file = resolve(import.meta.dirname, '../package.json');
  const { dependencies } = JSON.parse(readFileSync(file, 'utf8')) as { dependencies: Record<string, string> };
  return Object.fromEntries(SAID.map((name) => [name, dependencies[name] ?? '']));
}
