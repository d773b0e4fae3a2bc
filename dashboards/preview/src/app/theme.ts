/** Dark or light: as the address says, else as last chosen, else as the browser prefers. */

import { createContext, useContext } from 'react';

export type Mode = 'dark' | 'light';

const KEPT = 'featurewatch.theme';

export function firstMode(params: URLSearchParams): Mode {
  const wanted = params.get('theme') ?? kept();
  if (wanted === 'dark' || wanted === 'light') {
    return wanted;
  }
  return window.matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
}

export function keep(mode: Mode): void {
  try {
    localStorage.setItem(KEPT, mode);
  } catch {
    // Kept for this visit only, where the browser keeps nothing.
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

export const ModeContext = createContext<[Mode, (mode: Mode) => void]>(['dark', () => undefined]);

export function useThemeMode(): [Mode, (mode: Mode) => void] {
  return useContext(ModeContext);
}
