import { resolve } from 'node:path';

import react from '@vitejs/plugin-react';
import license from 'rollup-plugin-license';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

import { fontsAndIcons } from './bundling/assets';
import { licences } from './bundling/licences';
import { versions } from './bundling/versions';

const bundle = resolve(import.meta.dirname, process.env['BUNDLE'] ?? '../../exporters/featurewatch/preview/bundle');

/** The code editor is 2.8 MB, and nobody edits here. */
const withoutEditor: Plugin = {
  name: 'without-editor',
  enforce: 'pre',
  resolveId: (id) =>
    /ReactMonacoEditor\.mjs$|^monaco-editor|^@monaco-editor/.test(id) ? '\0without-editor' : undefined,
  load: (id) =>
    id === '\0without-editor'
      ? 'export const ReactMonacoEditor = () => null; export const loader = {}; export default {};'
      : undefined,
};

export default defineConfig({
  plugins: [withoutEditor, react(), fontsAndIcons(bundle)],
  publicDir: false,
  define: {
    __VERSIONS__: JSON.stringify(versions()),
    'process.env.NODE_ENV': JSON.stringify('production'),
    'process.env': '{}',
    global: 'globalThis',
  },
  build: {
    outDir: bundle,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 10_000,
    modulePreload: { polyfill: false },
    sourcemap: false,
    target: 'es2022',
    rollupOptions: {
      output: {
        // No hashes: a rebuild that changes nothing must not change a name. Browsers are told to ask again.
        entryFileNames: 'assets/preview.js',
        chunkFileNames: 'assets/[name].js',
        assetFileNames: 'assets/[name][extname]',
        inlineDynamicImports: true,
      },
      plugins: [
        license({ thirdParty: { output: { file: resolve(bundle, 'LICENCES.txt'), template: licences } } }),
      ],
    },
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['test/setup.ts'],
    // Grafana's modules import CommonJS by names, which bundlers allow and Node does not.
    server: { deps: { inline: [/@grafana\//] } },
  },
});
