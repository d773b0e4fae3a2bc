/** Links of panels and dashboards, with the time and the variables that they are to carry along. */

import { textUtil } from '@grafana/data';

import type { LinkModel } from '../board/model';
import { forAddress, forReading, type Scope } from '../variables/interpolate';

export interface ReadyLink {
  title: string;
  href: string;
  /** Opens beside the dashboard, not instead of it. */
  beside: boolean;
}

type Carried = (time: boolean, variables: boolean) => string;

export function panelLinks(links: LinkModel[], scope: Scope, carried: Carried): ReadyLink[] {
  return links.flatMap((link) => {
    if (!link.url) {
      return [];
    }
    const url = link.url
      .replace(/\$\{?__url_time_range\}?/g, () => carried(true, false))
      .replace(/\$\{?__all_variables\}?/g, () => carried(false, true));
    const href = textUtil.sanitizeUrl(forAddress(url, scope));
    return [{ title: forReading(link.title, scope), href, beside: Boolean(link.targetBlank) }];
  });
}

/** To another dashboard, with what the link says that it keeps. */
export function boardHref(uid: string, link: Pick<LinkModel, 'keepTime' | 'includeVars'>, carried: Carried): string {
  const query = carried(Boolean(link.keepTime), Boolean(link.includeVars));
  return `/d/${encodeURIComponent(uid)}${query ? `?${query}` : ''}`;
}
