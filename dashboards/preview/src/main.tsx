import './environment';

import 'uplot/dist/uPlot.min.css';

import { initPluginTranslations } from '@grafana/i18n';
import { createRoot } from 'react-dom/client';

import { App } from './app/App';
import { prepareFields } from './panel/fields';

async function start(root: HTMLElement): Promise<void> {
  prepareFields();
  await withoutAdvertisement(() => initPluginTranslations('featurewatch-preview', []));
  createRoot(root).render(<App />);
  requestAnimationFrame(() => {
    window.__featurewatchBusy -= 1;
  });
}

/** The translation library praises its makers on the console. */
async function withoutAdvertisement<T>(run: () => Promise<T>): Promise<T> {
  const { info } = console;
  console.info = () => undefined;
  try {
    return await run();
  } finally {
    console.info = info;
  }
}

const root = document.getElementById('root');
if (root) {
  void start(root);
}
