/** What Grafana's libraries look for on `window` when they load; imported before them. */

declare global {
  interface Window {
    __grafana_public_path__: string;
    grafanaBootData: unknown;
    /** How many requests and drawings are under way; 0 when everything that is to be seen is there. */
    __featurewatchBusy: number;
  }
}

window.__grafana_public_path__ = '/assets/';
window.grafanaBootData = { settings: { featureToggles: {} }, user: {} };
window.__featurewatchBusy = 1; // until the first page has been drawn

export {};
