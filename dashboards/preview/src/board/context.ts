/** What all panels of the dashboard on screen share. */

import { EventBusSrv, type EventBus, type TimeRange } from '@grafana/data';
import { createContext, useContext } from 'react';

import type { Happening } from '../query/annotations';
import type { Problem } from '../query/problem';
import type { Scope } from '../variables/interpolate';

export interface Shared {
  range: TimeRange;
  scope: Scope;
  /** Seconds between two scrapes. */
  scrape: number;
  /** There is a responder to be asked. */
  responder: boolean;
  /** Grows with each refresh. */
  tick: number;
  happenings: Happening[];
  /** Carries where the pointer is from panel to panel. */
  events: EventBus;
  crosshair: boolean;
  zoom: (from: number, to: number) => void;
  /** The parameters to add to a link so that time and variables go with it. */
  carried: (time: boolean, variables: boolean) => string;
  /** Say that nobody could be asked, or that somebody was. */
  reached: (problem: Problem | null) => void;
  /** Copy a link to what is seen, of one panel alone if it is given. */
  share: (panel?: number) => void;
}

export const SharedContext = createContext<Shared>({
  range: undefined as never,
  scope: {},
  scrape: 15,
  responder: false,
  tick: 0,
  happenings: [],
  events: new EventBusSrv(),
  crosshair: true,
  zoom: () => undefined,
  carried: () => '',
  reached: () => undefined,
  share: () => undefined,
});

export function useShared(): Shared {
  return useContext(SharedContext);
}
