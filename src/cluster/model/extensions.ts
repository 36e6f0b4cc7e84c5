// What a service may ask for beyond Swarm: labels that begin with `berth.`, which every client keeps and every file can carry. Pure.
import { parseBytes } from '../../base/units.ts';
import { type AutoscalePolicy, autoscalePolicy, policyProblems } from '../core/scale/policy.ts';
import { scheduleProblem } from '../core/service/cron.ts';
import { type KeyRight, readRights } from './rights.ts';
import type { CronSchedule, Strategy } from '../core/model/types.ts';
import type { Labels } from './objects.ts';

export const LABEL = {
  schedule: 'berth.schedule',
  timezone: 'berth.schedule.timezone',
  overlap: 'berth.schedule.overlap',
  deadline: 'berth.schedule.deadline',
  strategy: 'berth.strategy',
  fence: 'berth.fence',
  priority: 'berth.priority',
  maxUnavailable: 'berth.max-unavailable',
  autoscale: 'berth.autoscale',
  ports: 'berth.ports',
  kv: 'berth.kv',
} as const;

export interface Extensions {
  readonly schedule?: CronSchedule;
  readonly strategy?: Strategy;
  readonly fence?: boolean;
  readonly priority?: number;
  readonly maxUnavailable?: number;
  /** One for each metric; the one that asks for most is followed. */
  readonly autoscale?: readonly AutoscalePolicy[];
  /** Ports that are found by name, published or not. */
  readonly ports?: readonly NamedPort[];
  /** What its tasks may do with keys of the cluster. */
  readonly kv?: readonly KeyRight[];
}

export interface NamedPort {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

const STRATEGIES: readonly Strategy[] = ['spread', 'least-busy', 'binpack', 'in-turn', 'random'];
const OVERLAPS = ['skip', 'allow', 'replace'] as const;

/** With what is wrong with them; what is wrong counts as not there. */
export function extensionsOf(labels: Labels = {}): {
  readonly value: Extensions;
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const wrong = (label: string, why: string): undefined => void problems.push(`label ${label}: ${why}`);
  const number = (label: string): number | undefined => {
    const text = labels[label];
    if (text === undefined) return undefined;
    return /^-?\d{1,9}$/.test(text) ? Number(text) : wrong(label, `${JSON.stringify(text)} is no whole number`);
  };
  const oneOf = <T extends string>(label: string, values: readonly T[]): T | undefined => {
    const text = labels[label];
    if (text === undefined) return undefined;
    return (
      values.find((value) => value === text) ?? wrong(label, `${JSON.stringify(text)} is none of ${values.join(', ')}`)
    );
  };
  for (const label of Object.keys(labels))
    if (label.startsWith('berth.') && !Object.values<string>(LABEL).includes(label)) wrong(label, 'no such setting');
  const fence = oneOf(LABEL.fence, ['true', 'false']);
  const strategy = oneOf(LABEL.strategy, STRATEGIES);
  const priority = number(LABEL.priority);
  const maxUnavailable = number(LABEL.maxUnavailable);
  const autoscale = autoscaleOf(labels[LABEL.autoscale], (why) => wrong(LABEL.autoscale, why));
  const ports = portsOf(labels[LABEL.ports], (why) => wrong(LABEL.ports, why));
  const kv = rightsOf(labels[LABEL.kv], (why) => wrong(LABEL.kv, why));
  const schedule = scheduleOf(labels, wrong, oneOf(LABEL.overlap, OVERLAPS), number(LABEL.deadline));
  return {
    value: {
      ...(schedule ? { schedule } : {}),
      ...(strategy ? { strategy } : {}),
      ...(fence === 'true' ? { fence: true } : {}),
      ...(priority === undefined ? {} : { priority }),
      ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
      ...(autoscale ? { autoscale } : {}),
      ...(ports ? { ports } : {}),
      ...(kv ? { kv } : {}),
    },
    problems,
  };
}

function scheduleOf(
  labels: Labels,
  wrong: (label: string, why: string) => undefined,
  overlap: CronSchedule['overlap'],
  seconds: number | undefined,
): CronSchedule | undefined {
  const expression = labels[LABEL.schedule];
  if (expression === undefined) return undefined;
  const schedule: CronSchedule = {
    expression,
    timezone: labels[LABEL.timezone],
    overlap,
    startingDeadline: seconds === undefined ? undefined : seconds * 1000,
  };
  const problem = scheduleProblem(schedule);
  return problem === undefined ? schedule : wrong(LABEL.schedule, `${JSON.stringify(expression)}: ${problem}`);
}

/** `min=1,max=10,cpu=60,memory=200m,up=6s,down=60s`; cpu in percent of what a task reserves, or may use, or of one processor. */
function autoscaleOf(text: string | undefined, wrong: (why: string) => undefined): AutoscalePolicy[] | undefined {
  if (text === undefined) return undefined;
  const fields = new Map(
    text.split(',').map((part): [string, string] => {
      const [key = '', value = ''] = part.trim().split('=');
      return [key, value];
    }),
  );
  for (const [key, value] of fields) {
    if (!['min', 'max', 'cpu', 'memory', 'up', 'down', 'tolerance'].includes(key))
      return wrong(`${JSON.stringify(key)} is none of min, max, cpu, memory, up, down, tolerance`);
    if (value === '') return wrong(`${key} has no value`);
  }
  const amount = (key: string, scale = 1): number | undefined => {
    const value = fields.get(key);
    return value === undefined ? undefined : Number(value.replace(/(?:%|s)$/, '')) * scale;
  };
  const max = amount('max');
  if (max === undefined) return wrong('max is needed');
  const [up, down, tolerance] = [amount('up', 1000), amount('down', 1000), amount('tolerance')];
  const base = autoscalePolicy({ target: 1, max, min: amount('min') ?? 1 });
  const shared = {
    ...base,
    ...(tolerance === undefined ? {} : { tolerance: tolerance / 100 }),
    up: { ...base.up, ...(up === undefined ? {} : { stabilisation: up }) },
    down: { ...base.down, ...(down === undefined ? {} : { stabilisation: down }) },
  };
  const memory = fields.get('memory');
  const policies = [
    ...(fields.has('cpu') ? [{ ...shared, metric: 'cpu %', target: amount('cpu') ?? 0 }] : []),
    ...(memory === undefined ? [] : [{ ...shared, metric: 'memory bytes', target: parseBytes(memory) ?? Number.NaN }]),
  ];
  if (policies.length === 0) return wrong('cpu or memory is needed');
  const problem = policies.flatMap((policy) => policyProblems(policy)).at(0);
  if (problem !== undefined) return wrong(problem);
  if (shared.min < 1) return wrong('min is at least 1: nothing can wake a service of none yet');
  const times = [shared.up.stabilisation, shared.down.stabilisation];
  return times.every((time) => time >= 0) ? policies : wrong('up and down are seconds');
}

/** `app/:rw,config/:r` */
function rightsOf(text: string | undefined, wrong: (why: string) => undefined): readonly KeyRight[] | undefined {
  if (text === undefined) return undefined;
  return readRights(text) ?? wrong(`${JSON.stringify(text)} is no list of prefixes with r or rw, as app/:rw,config/:r`);
}

/** `http=80,stats=9100/udp` */
function portsOf(text: string | undefined, wrong: (why: string) => undefined): NamedPort[] | undefined {
  if (text === undefined) return undefined;
  const ports: NamedPort[] = [];
  for (const part of text.split(',')) {
    const [, name = '', digits = '', protocol = 'tcp'] =
      /^([a-z0-9](?:[-a-z0-9]{0,13}[a-z0-9])?)=(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(part.trim()) ?? [];
    const port = Number(digits);
    if (name === '' || port < 1 || port > 65_535)
      return wrong(`${JSON.stringify(part)} is no port with a name, as http=80 or stats=9100/udp`);
    ports.push({ name, protocol: protocol as NamedPort['protocol'], port });
  }
  return ports;
}
