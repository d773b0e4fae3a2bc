/** Asking our own server, which asks Prometheus. */

import { busy } from '../busy';
import { Problem } from './problem';

export type Params = Array<[string, string]>;

interface Said {
  status?: unknown;
  error?: string;
  errorType?: string;
  data?: unknown;
  title?: string;
  detail?: string;
  warnings?: string[];
}

/** JSON from our own server. Throws a Problem. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await get(path, signal)) as T;
}

/** The data of an answer of Prometheus' API. Throws a Problem. */
export async function getPrometheus<T>(path: string, params: Params, signal?: AbortSignal): Promise<T> {
  const query = new URLSearchParams(params).toString();
  const said = (await get(`/api/prom/api/v1/${path}${query ? `?${query}` : ''}`, signal)) as Said;
  return said.data as T;
}

async function get(path: string, signal?: AbortSignal): Promise<unknown> {
  const done = busy();
  try {
    let response: Response;
    try {
      response = await fetch(path, { signal: signal ?? null, headers: { accept: 'application/json' } });
    } catch (thrown) {
      if (signal?.aborted) {
        throw thrown;
      }
      throw new Problem('The preview does not answer', 'Its server has stopped, or cannot be reached.', true);
    }
    let said: Said;
    try {
      said = (await response.json()) as Said;
    } catch (thrown) {
      if (signal?.aborted) {
        throw thrown;
      }
      throw new Problem('Unreadable answer', `${path} answered ${response.status} without JSON.`);
    }
    if (!response.ok) {
      if (said.status === 'error') {
        throw new Problem('Prometheus refuses the query', said.error ?? said.errorType ?? 'It does not say why.');
      }
      throw new Problem(said.title ?? `Status ${response.status}`, said.detail ?? '', [502, 504].includes(response.status));
    }
    return said;
  } finally {
    done();
  }
}
