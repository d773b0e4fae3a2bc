/** What went wrong, in words that a reader can act upon. */

export class Problem extends Error {
  constructor(
    readonly title: string,
    readonly detail: string,
    /** Nothing is wrong with the question; whoever should answer cannot be reached. */
    readonly unreachable = false,
  ) {
    super(detail ? `${title}: ${detail}` : title);
  }
}

export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) {
    return thrown;
  }
  return new Problem('The preview failed', thrown instanceof Error ? thrown.message : String(thrown));
}
