// Does cases by chance on Berth and on a dockerd, compares what is seen, and makes what differs small.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../builds/random.ts';
import { archive } from './archive.ts';
import { command } from './command.ts';
import { create } from './create.ts';
import type { Side, Subject } from './subject.ts';
import { prepareTemplates, template } from './template.ts';

export interface Options {
  readonly berth: Side;
  readonly dockerd: Side;
  readonly seconds: number;
  readonly seed: number;
  readonly count: number;
  /** Where cases that differ are kept. */
  readonly save: string;
}

/** Cases of one kind of difference that are made smaller and shown. */
const MAX_SHOWN = 2;
const MAX_SHRINKS = 40;

export const PAIRS = ['create', 'command', 'template', 'archive'] as const;

export async function runPairs(subject: (typeof PAIRS)[number], options: Options): Promise<void> {
  if (subject === 'create') return fuzz(create, subject, options);
  if (subject === 'command') return fuzz(command, subject, options);
  if (subject === 'archive') return fuzz(archive, subject, options);
  // both clients ask one daemon
  const dockerd = { ...options.dockerd, host: options.berth.host };
  const gone = await prepareTemplates(dockerd);
  try {
    await fuzz(template, subject, { ...options, dockerd });
  } finally {
    await gone();
  }
}

async function fuzz<Part>(subject: Subject<Part>, name: string, options: Options): Promise<void> {
  const end = Date.now() + options.seconds * 1000;
  const kinds = new Map<string, number>();
  let [cases, differing] = [0, 0];
  for (let seed = options.seed; Date.now() < end && cases < options.count; seed += 1) {
    let parts = subject.make(new Random(seed));
    let differences = await compare(subject, parts, options);
    cases += 1;
    if (differences.length === 0) continue;
    differing += 1;
    const kind = kindOf(differences);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if ((kinds.get(kind) ?? 0) > MAX_SHOWN) continue;
    [parts, differences] = await shrink(subject, parts, differences, options);
    const shown = [`seed ${seed}`, ...parts.map((one) => `    ${subject.show(one)}`), ...differences.slice(0, 8)];
    process.stdout.write(`${shown.join('\n')}\n\n`);
    mkdirSync(options.save, { recursive: true });
    writeFileSync(
      join(options.save, `${name}-${seed}.json`),
      JSON.stringify({ seed, parts, differences }, undefined, 1),
    );
  }
  process.stdout.write(`${name}: ${cases} cases, ${differing} differ\n`);
  for (const [kind, count] of [...kinds].sort((a, b) => b[1] - a[1])) process.stdout.write(`${count}\t${kind}\n`);
  process.exitCode = differing > 0 ? 1 : 0;
}

const kindOf = ([first = '']: readonly string[]): string => first.replaceAll(/\d+/g, 'N').slice(0, 160);

async function shrink<Part>(
  subject: Subject<Part>,
  first: readonly Part[],
  firstDifferences: readonly string[],
  options: Options,
): Promise<[readonly Part[], readonly string[]]> {
  let [best, differences] = [first, firstDifferences];
  let left = MAX_SHRINKS;
  for (let smaller = true; smaller; ) {
    smaller = false;
    for (let index = best.length - 1; index >= 0 && left > 0; index -= 1) {
      left -= 1;
      const candidate = best.toSpliced(index, 1);
      const found = await compare(subject, candidate, options);
      if (found.length === 0 || kindOf(found) !== kindOf(differences)) continue;
      [best, differences] = [candidate, found];
      smaller = true;
      break;
    }
  }
  return [best, differences];
}

async function compare<Part>(
  subject: Subject<Part>,
  parts: readonly Part[],
  { berth, dockerd }: Options,
): Promise<readonly string[]> {
  const [ours, theirs] = await Promise.all([subject.observe(berth, parts), subject.observe(dockerd, parts)]);
  const [a, b] = [ours, theirs].map(
    (lines) => new Map(lines.map((line) => [line.slice(0, line.indexOf(': ')), line])),
  ) as [Map<string, string>, Map<string, string>];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key) => {
    const [one = '', other = ''] = [a.get(key), b.get(key)];
    return one === other || subject.meant?.(one, other) === true
      ? []
      : [`  ! ${key}: berth ${one.slice(key.length + 2)} | docker ${other.slice(key.length + 2)}`];
  });
}
