/** What each variable can be and is: read from Prometheus, from the dashboard and from the address. */

import type { VariableModel } from '../board/model';
import { seriesOf, written, type Answer } from '../query/answer';
import { getPrometheus, type Params } from '../query/http';
import { forQuery, references, type Chosen, type Scope } from './interpolate';

export const ALL = '$__all';

/** A variable with what it can be and what it is. */
export interface Variable {
  model: VariableModel;
  options: string[];
  chosen: Chosen;
  /** The value as it stands in an address. */
  address: string[];
}

/** The times to look for values at, in seconds. */
export interface Span {
  start: number;
  end: number;
}

/** All variables in the order of the dashboard; each may use those that it refers to. Throws a Problem. */
export async function resolve(
  models: VariableModel[],
  params: URLSearchParams,
  span: Span,
  signal: AbortSignal,
): Promise<Variable[]> {
  const found = new Map<string, Variable>();
  for (const model of inOrder(models)) {
    const scope = scopeOf([...found.values()]);
    const options = await optionsOf(model, scope, span, signal);
    found.set(model.name, choose(model, options, params.getAll(`var-${model.name}`)));
  }
  return models.flatMap((model) => found.get(model.name) ?? []);
}

export function scopeOf(variables: Variable[]): Scope {
  return Object.fromEntries(variables.map(({ model, chosen }) => [model.name, chosen]));
}

/** Those that others refer to come first; a circle is left as it stands. */
export function inOrder(models: VariableModel[]): VariableModel[] {
  const byName = new Map(models.map((model) => [model.name, model]));
  const done = new Set<VariableModel>();
  const visit = (model: VariableModel, path: Set<VariableModel>): void => {
    if (done.has(model) || path.has(model)) {
      return;
    }
    for (const name of references(`${textOf(model.query)} ${model.regex ?? ''}`)) {
      const other = byName.get(name);
      if (other) {
        visit(other, new Set([...path, model]));
      }
    }
    done.add(model);
  };
  models.forEach((model) => visit(model, new Set()));
  return [...done];
}

/** What the address says, else what the dashboard says, else the first that there is. */
export function choose(model: VariableModel, options: string[], wanted: string[]): Variable {
  const fallback = [model.current?.value ?? []].flat();
  const everything = (values: string[]) => Boolean(model.includeAll) && values.some((value) => value === ALL || value === 'All');
  const known = (values: string[]) => (isFree(model) ? values : values.filter((value) => options.includes(value)));
  let address = wanted.length ? wanted : fallback;
  if (!everything(address)) {
    const kept = known(address);
    address = kept.length ? (model.multi ? kept : kept.slice(0, 1)) : model.includeAll ? [ALL] : options.slice(0, 1);
  }
  const several = Boolean(model.multi ?? false) || Boolean(model.includeAll ?? false);
  if (everything(address)) {
    const value = model.allValue ? model.allValue : options;
    return { model, options, address: [ALL], chosen: { value, text: 'All', several, raw: Boolean(model.allValue) } };
  }
  const value = model.multi ? address : (address[0] ?? '');
  return { model, options, address, chosen: { value, text: address.join(' + '), several } };
}

/** Whether a value need not be among the options. */
function isFree(model: VariableModel): boolean {
  return ['textbox', 'constant'].includes(model.type);
}

async function optionsOf(model: VariableModel, scope: Scope, span: Span, signal: AbortSignal): Promise<string[]> {
  const text = textOf(model.query);
  switch (model.type) {
    case 'query': {
      const values = await queried(forQuery(text, scope), span, signal);
      return sorted(filtered(values, forQuery(model.regex ?? '', scope)), model.sort ?? 0);
    }
    case 'datasource':
      // There is one here; its name is whatever the dashboard calls it.
      return [model.current?.value ?? (text || 'prometheus')].flat();
    case 'textbox':
    case 'constant':
      return [text];
    default: {
      const listed = (model.options ?? []).flatMap(({ value }) => (value && value !== ALL ? [value] : []));
      return listed.length ? listed : text.split(',').map((part) => part.trim().split(' : ').at(-1) ?? '');
    }
  }
}

const LABEL_VALUES = /^label_values\(\s*(?:([\s\S]+),\s*)?([A-Za-z_]\w*)\s*\)$/;
const METRICS = /^metrics\(\s*([\s\S]+?)\s*\)$/;
const RESULT = /^query_result\(([\s\S]+)\)$/;

async function queried(query: string, { start, end }: Span, signal: AbortSignal): Promise<string[]> {
  const times: Params = [
    ['start', String(start)],
    ['end', String(end)],
  ];
  const text = query.trim();
  const values = LABEL_VALUES.exec(text);
  if (values) {
    const match: Params = values[1] ? [['match[]', values[1].trim()]] : [];
    return getPrometheus(`label/${values[2] ?? ''}/values`, [...match, ...times], signal);
  }
  if (text === 'label_names()') {
    return getPrometheus('labels', times, signal);
  }
  const metrics = METRICS.exec(text);
  if (metrics) {
    const names = await getPrometheus<string[]>('label/__name__/values', times, signal);
    const wanted = new RegExp(metrics[1] ?? '');
    return names.filter((name) => wanted.test(name));
  }
  const result = RESULT.exec(text);
  const answer = await getPrometheus<Answer>('query', [['query', result?.[1] ?? text]], signal);
  return seriesOf(answer).map(({ metric, value }) => `${written(metric)} ${value?.[1] ?? ''} ${(value?.[0] ?? 0) * 1000}`);
}

/** `/regex/` keeps what matches, or the first group of it. */
export function filtered(values: string[], regex: string): string[] {
  if (!regex) {
    return values;
  }
  const [, body = regex, flags = ''] = /^\/([\s\S]*)\/(\w*)$/.exec(regex) ?? [];
  const wanted = new RegExp(body, flags.replace('g', ''));
  const kept = values.flatMap((value) => {
    const found = wanted.exec(value);
    return found ? [found.groups?.['value'] ?? found[1] ?? value] : [];
  });
  return [...new Set(kept)];
}

/** Grafana's numbers: 0 as they come; 1, 2 alphabetical; 3, 4 by number; 5, 6 without case; even ones downwards. */
export function sorted(values: string[], how: number): string[] {
  const number = (value: string) => Number(/-?\d+(?:\.\d+)?/.exec(value)?.[0] ?? NaN);
  const compare =
    how <= 2
      ? (a: string, b: string) => (a < b ? -1 : Number(a > b))
      : how <= 4
        ? (a: string, b: string) => number(a) - number(b)
        : (a: string, b: string) => a.toLowerCase().localeCompare(b.toLowerCase(), 'en');
  const up = how ? values.toSorted(compare) : values;
  return how && how % 2 === 0 ? up.toReversed() : up;
}

function textOf(query: VariableModel['query']): string {
  return typeof query === 'string' ? query : (query?.query ?? '');
}
