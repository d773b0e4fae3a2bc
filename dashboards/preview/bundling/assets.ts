/** What @grafana/ui fetches at run time, put where it looks: below `__grafana_public_path__`. */

import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { Plugin } from 'vite';

const HERE = resolve(import.meta.dirname, '..');
const MODULES = resolve(HERE, 'node_modules');
const ICONS = resolve(MODULES, '@grafana/ui/dist/public/img/icons');
const ROBOTO = 'roboto/L0xTDF4xlVMF-BfR8bXMIhJHg45mwgGEFl0_3vrtSM1J-gEPT5Ese6hmHSh0mQ.woff2';

/** Where it is to lie, and where it comes from. */
const FILES: Record<string, string> = {
  'mark.svg': resolve(HERE, 'public/mark.svg'),
  // The library names this icon and does not ship it.
  'build/img/icons/unicons/angle-double-left.svg': resolve(HERE, 'public/angle-double-left.svg'),
  'fonts/inter/Inter-Regular.woff2': inter('400-normal'),
  'fonts/inter/Inter-Medium.woff2': inter('500-normal'),
  'fonts/inter/Inter-Italic.woff2': inter('400-italic'),
  'fonts/inter/Inter-MediumItalic.woff2': inter('500-italic'),
  [`fonts/${ROBOTO}`]: resolve(MODULES, '@fontsource/roboto-mono/files/roboto-mono-latin-400-normal.woff2'),
};

export function fontsAndIcons(bundle: string): Plugin {
  return {
    name: 'fonts-and-icons',
    apply: 'build',
    writeBundle: () => {
      for (const [to, from] of Object.entries(FILES)) {
        copy(from, resolve(bundle, 'assets', to));
      }
      for (const set of readdirSync(ICONS)) {
        cpSync(resolve(ICONS, set), resolve(bundle, 'assets/build/img/icons', set), { recursive: true });
      }
    },
  };
}

function inter(face: string): string {
  return resolve(MODULES, `@fontsource/inter/files/inter-latin-${face}.woff2`);
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}
