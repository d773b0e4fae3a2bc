/** What is shown, as an address: everything that another person needs to see the same. */

import { useCallback, useSyncExternalStore } from 'react';

const CHANGED = 'featurewatch:address';

export interface Address {
  /** The dashboard's uid; empty for the list of dashboards. */
  uid: string;
  params: URLSearchParams;
}

export function readAddress(path: string, search: string): Address {
  const uid = /^\/d\/([^/]+)/.exec(path)?.[1] ?? '';
  return { uid: decodeURIComponent(uid), params: new URLSearchParams(search) };
}

/** The same address with some parameters changed; `null` removes one, an empty list too. */
export function changed(params: URLSearchParams, changes: Record<string, string | string[] | null>): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    for (const item of value === null ? [] : Array.isArray(value) ? value : [value]) {
      next.append(name, item);
    }
  }
  return next;
}

/** The address now, and a way to change its parameters; a step that one may want back makes an entry in the history. */
export function useAddress(): [Address, (changes: Record<string, string | string[] | null>, step?: boolean) => void] {
  const href = useSyncExternalStore(subscribe, () => location.pathname + location.search);
  const url = new URL(href, location.origin);
  const change = useCallback((changes: Record<string, string | string[] | null>, step = false) => {
    const search = changed(new URLSearchParams(location.search), changes).toString();
    go(location.pathname + (search ? `?${search}` : ''), step);
  }, []);
  return [readAddress(url.pathname, url.search), change];
}

/** Show another address without loading the page again. */
export function go(href: string, step = true): void {
  if (href !== location.pathname + location.search) {
    history[step ? 'pushState' : 'replaceState'](null, '', href);
    window.dispatchEvent(new Event(CHANGED));
  }
}

/** For a link's onClick: our own pages open here, everything else as the browser does it. */
export function follow(event: React.MouseEvent<HTMLElement>, href: string): void {
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  const url = new URL(href, location.href);
  if (plain && url.origin === location.origin && (url.pathname === '/' || url.pathname.startsWith('/d/'))) {
    event.preventDefault();
    go(url.pathname + url.search);
    window.scrollTo(0, 0);
  }
}

function subscribe(notify: () => void): () => void {
  window.addEventListener('popstate', notify);
  window.addEventListener(CHANGED, notify);
  return () => {
    window.removeEventListener('popstate', notify);
    window.removeEventListener(CHANGED, notify);
  };
}
