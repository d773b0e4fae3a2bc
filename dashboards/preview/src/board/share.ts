/** A link to exactly what one sees: the same stretch of time, the same choices, and it stands still. */

import type { TimeRange } from '@grafana/data';

import { changed } from '../app/address';
import { fixed } from './time';

/**
 * @param chosen the variables as parameters; those that were never touched stand in no address yet
 * @param panel shown alone; undefined for whatever the address says
 */
export function linkTo(address: URL, range: TimeRange, chosen: string, panel?: number): string {
  const changes: Record<string, string | string[]> = { ...fixed(range), refresh: '' };
  const variables = new URLSearchParams(chosen);
  for (const name of new Set(variables.keys())) {
    changes[name] = variables.getAll(name);
  }
  if (panel !== undefined) {
    changes['viewPanel'] = String(panel);
  }
  return `${address.origin}${address.pathname}?${changed(address.searchParams, changes).toString()}`;
}

/** Whether it could be copied; where browsers do not allow that, it is shown to be copied by hand. */
export async function copy(link: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(link);
    return true;
  } catch {
    window.prompt('The link to exactly this view', link);
    return false;
  }
}
