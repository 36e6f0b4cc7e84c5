// Why a step was not reused: the difference between what it depends on now and what it depended on last time. Pure.
import type { Inputs } from '../graph/keys.ts';

/** Causes that are named; the others are counted. */
const MAX_NAMED = 3;

export interface Before {
  readonly inputs: Inputs;
  /** Instruction as it was; set when it reads otherwise now. */
  readonly text?: string;
}

/** One line. `before` is undefined for a step that was never done. */
export function explain(now: Inputs, before: Before | undefined, noCache: boolean): string {
  if (noCache) return 'the cache was not to be used';
  if (!before) return 'it was never done before';
  const changes = differences(now, before.inputs);
  if (before.text !== undefined) changes.unshift(`the instruction changed, it was ${before.text}`);
  if (changes.length === 0) return 'its result is no longer in the cache';
  const named = changes.slice(0, MAX_NAMED);
  const more = changes.length - named.length;
  return named.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

function differences(now: Inputs, before: Inputs): string[] {
  const found: string[] = [];
  for (const [name, value] of now) {
    const old = before.get(name);
    if (old === undefined) found.push(`${name} is new`);
    else if (old !== value) found.push(changed(name, old, value));
  }
  for (const name of before.keys()) if (!now.has(name)) found.push(`${name} is gone`);
  // when files changed, that is what a person wants to know first
  return found.toSorted((a, b) => rank(a) - rank(b));
}

function changed(name: string, old: string, value: string): string {
  if (name === 'base')
    return old.startsWith('image ') && value.startsWith('image ')
      ? 'the base image changed'
      : 'a step before it was done again';
  if (name.startsWith('source ')) return 'what it copies from changed';
  if (name.startsWith('file ')) {
    const [, , oldMode] = old.split('|');
    const [, , mode] = value.split('|');
    return oldMode === mode ? `${name} changed` : `${name} changed its mode from ${oldMode} to ${mode}`;
  }
  return `${name} changed`;
}

function rank(text: string): number {
  if (text.startsWith('file ')) return 0;
  return text.startsWith('a step before') ? 2 : 1;
}
