/** The licences of everything in the bundle, each text once. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

interface Dependency {
  name: string | null;
  version: string | null;
  license: string | null;
  licenseText: string | null;
}

/** Copied rather than imported, so that the bundler does not know of them. */
const COPIED = ['@fontsource/inter', '@fontsource/roboto-mono'];

export function licences(bundled: Dependency[]): string {
  const all = [...bundled, ...COPIED.map(copied)].sort((a, b) => label(a).localeCompare(label(b), 'en'));
  const texts = new Map<string, string[]>();
  for (const dependency of all) {
    const text = (dependency.licenseText ?? '').replace(/\r/g, '').trim() || `(no text is shipped; ${dependency.license ?? 'unknown'})`;
    texts.set(text, [...(texts.get(text) ?? []), `${label(dependency)}, ${dependency.license ?? 'unknown'}`]);
  }
  const parts = [...texts].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  return `What the preview's bundle is made of, under which licences.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

function copied(name: string): Dependency {
  const folder = resolve(import.meta.dirname, '../node_modules', name);
  const { version, license } = JSON.parse(readFileSync(resolve(folder, 'package.json'), 'utf8')) as Dependency;
  return { name, version, license, licenseText: readFileSync(resolve(folder, 'LICENSE'), 'utf8') };
}

function label({ name, version }: Dependency): string {
  return `${name ?? '?'} ${version ?? ''}`;
}
