/** Small things said in words. */

const RANKS = ['low', 'medium', 'high', 'critical'];

/** 0 for the least; -1 for none that we know. */
export function severityRank(severity: string): number {
  return RANKS.indexOf(severity);
}

/** How long ago: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const units: Array<[string, number]> = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) {
    return '0 s';
  }
  const [name, size] = units[first] ?? ['s', 1];
  const next = units[first + 1];
  const rest = next ? Math.floor((seconds % size) / next[1]) : 0;
  const small = next && rest && next[0] !== 's' ? ` ${rest} ${next[0]}` : '';
  return `${Math.floor(seconds / size)} ${name}${small}`;
}
