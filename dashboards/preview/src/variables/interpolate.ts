/** `$name`, `${name}`, `${name:format}` and `[[name]]` replaced in queries, titles and links. */

export type Value = string | string[];

/** A variable's value, and what it is called when read by people. */
export interface Chosen {
  value: Value;
  text: string;
  /** Values may be several, so in a query they stand in a regular expression. */
  several: boolean;
  /** The value was written as a regular expression, as the value for "All" can be. */
  raw?: boolean;
}

export type Scope = Readonly<Record<string, Chosen>>;

const REFERENCE = /\$(\w+)|\$\{(\w+)(?:\.[\w.]+)?(?::([\w-]+))?\}|\[\[(\w+)(?::([\w-]+))?\]\]/g;

/** For a query: values are escaped, several become `(a|b)`. */
export function forQuery(text: string, scope: Scope): string {
  return replace(text, scope, (chosen) => {
    if (chosen.raw) {
      return one(chosen.value);
    }
    if (!chosen.several) {
      return one(chosen.value).replace(/\\/g, '\\\\').replace(/"/g, '\\"');
    }
    return alternatives(list(chosen.value));
  });
}

/** For people: titles, text. */
export function forReading(text: string, scope: Scope): string {
  return replace(text, scope, (chosen) => chosen.text);
}

/** For addresses. */
export function forAddress(text: string, scope: Scope): string {
  return replace(text, scope, (chosen) => encodeURIComponent(list(chosen.value).join(',')));
}

/** The names of the variables that a text refers to. */
export function references(text: string): string[] {
  return [...text.matchAll(REFERENCE)].map((found) => found[1] ?? found[2] ?? found[4] ?? '');
}

function replace(text: string, scope: Scope, usual: (chosen: Chosen) => string): string {
  return text.replace(REFERENCE, (whole, plain?: string, braced?: string, format?: string, old?: string, oldFormat?: string) => {
    const chosen = scope[plain ?? braced ?? old ?? ''];
    const wanted = format ?? oldFormat;
    return chosen === undefined ? whole : wanted ? formatted(chosen, wanted, usual) : usual(chosen);
  });
}

function formatted(chosen: Chosen, format: string, usual: (chosen: Chosen) => string): string {
  const values = list(chosen.value);
  switch (format) {
    case 'raw':
    case 'csv':
      return values.join(',');
    case 'pipe':
      return values.join('|');
    case 'regex':
      return chosen.raw ? one(chosen.value) : values.length === 1 ? escaped(one(values)) : `(${values.map(escaped).join('|')})`;
    case 'text':
      return chosen.text;
    case 'json':
      return JSON.stringify(values);
    case 'percentencode':
      return encodeURIComponent(values.join(','));
    case 'singlequote':
      return values.map((value) => `'${value.replaceAll("'", "\\'")}'`).join(',');
    case 'doublequote':
      return values.map((value) => `"${value.replaceAll('"', '\\"')}"`).join(',');
    case 'glob':
      return values.length === 1 ? one(values) : `{${values.join(',')}}`;
    default:
      return usual(chosen);
  }
}

function alternatives(values: string[]): string {
  // Twice: once for the regular expression, once for the string of PromQL that holds it.
  const safe = values.map((value) => escaped(value).replace(/\\/g, '\\\\').replace(/"/g, '\\"'));
  return safe.length === 1 ? one(safe) : `(${safe.join('|')})`;
}

function escaped(value: string): string {
  return value.replace(/[\\^$*+?.()|[\]{}]/g, '\\$&');
}

function list(value: Value): string[] {
  return Array.isArray(value) ? value : [value];
}

function one(value: Value): string {
  return list(value)[0] ?? '';
}
