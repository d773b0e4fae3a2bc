/** What the server says of itself, and what this was built from. */

export interface About {
  prometheus: string;
  responder: boolean;
  scrapeSeconds: number;
}

declare const __VERSIONS__: Record<string, string>;

/** The libraries that draw, by name. */
export const VERSIONS: Readonly<Record<string, string>> = __VERSIONS__;
