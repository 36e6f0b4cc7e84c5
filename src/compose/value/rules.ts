// Rules that hold at paths like `services.*.ports.[]`, found while a tree is walked: each step narrows the rules that still fit.

/** A node of the rules, by the next key; `*` is any. */
export class Rules<T> {
  readonly rule: T | undefined;
  readonly #next: ReadonlyMap<string, Rules<T>>;

  private constructor(rule: T | undefined, next: ReadonlyMap<string, Rules<T>>) {
    this.rule = rule;
    this.#next = next;
  }

  static of<T>(table: Readonly<Record<string, T>>): Rules<T> {
    return build(
      Object.entries(table).map(([path, rule]) => ({ steps: path.split('.'), rule })),
      (rule, next) => new Rules(rule, next),
    );
  }

  /** The rules below a key; undefined when there are none. A named rule goes before `*`. */
  at(key: string): Rules<T> | undefined {
    return this.#next.get(key) ?? this.#next.get('*');
  }
}

interface Line<T> {
  readonly steps: readonly string[];
  readonly rule: T;
}

function build<T>(
  lines: readonly Line<T>[],
  make: (rule: T | undefined, next: ReadonlyMap<string, Rules<T>>) => Rules<T>,
): Rules<T> {
  const groups = Map.groupBy(
    lines.filter(({ steps }) => steps.length > 0),
    ({ steps }) => steps[0] ?? '',
  );
  const next = new Map<string, Rules<T>>();
  for (const [step, group] of groups)
    next.set(
      step,
      build(
        group.map(({ steps, rule }) => ({ steps: steps.slice(1), rule })),
        make,
      ),
    );
  return make(lines.find(({ steps }) => steps.length === 0)?.rule, next);
}
