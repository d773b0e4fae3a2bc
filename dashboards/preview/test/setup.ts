/** What the libraries expect of a browser and jsdom does not have. */

window.__featurewatchBusy = 0;
window.matchMedia ??= ((query: string) => ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined })) as never;

export {};
