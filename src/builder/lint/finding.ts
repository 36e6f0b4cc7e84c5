// Findings of checks, collected under the options that hold where they are found.
import type { Range } from '../dockerfile/syntax/ast.ts';
import { type CheckOptions, counts, withComments } from './config.ts';
import { pageOf, RULES, type RuleName, ruleOf } from './rules.ts';

export interface Finding {
  readonly rule: RuleName;
  readonly description: string;
  /** Empty for a rule without a page. */
  readonly url: string;
  /** What is to be changed here. */
  readonly message: string;
  readonly range: Range;
}

/** Notes a finding at a place of the file. */
export type Note = (rule: RuleName, range: Range, ...words: readonly string[]) => void;

export class Findings {
  readonly all: Finding[] = [];
  readonly #options: CheckOptions;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  /** Takes notes for one instruction, whose comments may switch checks off. */
  above(comments: readonly string[]): Note {
    const options = comments.length === 0 ? this.#options : withComments(this.#options, comments);
    return (rule, range, ...words) => {
      if (!counts(options, rule)) return;
      const say: (...words: readonly string[]) => string = RULES[rule].say;
      const { description } = RULES[rule];
      this.all.push({ rule, description, url: pageOf(ruleOf(rule)), message: say(...words), range });
    };
  }
}
