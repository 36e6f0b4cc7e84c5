// A plan as people read it: one line a step, with its cause and what it waits for. Pure.
import type { Plan } from './plan.ts';
import type { Op, Step } from './steps.ts';

/** `fields` are lines of what differs, by the number of the step. */
export function planText(
  { steps }: Pick<Plan, 'steps'>,
  fields: ReadonlyMap<number, readonly string[]> = new Map(),
): string {
  const more = (id: number): string => (fields.get(id) ?? []).map((line) => `   ${line}\n`).join('');
  return steps.map((step) => `${stepText(step)}\n${more(step.id)}`).join('');
}

function stepText({ id, op, cause, after }: Step): string {
  const then = after.length === 0 ? '' : ` (after ${ranges(after)})`;
  return `${id + 1}. ${opText(op)}: ${cause}${then}`;
}

/** `1-3, 5` */
function ranges(ids: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < ids.length; at++) {
    const first = ids[at] ?? 0;
    while ((ids[at + 1] ?? -1) === (ids[at] ?? 0) + 1) at++;
    const last = ids[at] ?? first;
    parts.push(first === last ? String(first + 1) : `${first + 1}-${last + 1}`);
  }
  return parts.join(', ');
}

export function opText(op: Op): string {
  switch (op.kind) {
    case 'createNetwork':
      return `create network ${op.name}`;
    case 'removeNetwork':
      return `remove network ${op.name}`;
    case 'connectNetwork':
      return `connect ${op.name} to network ${op.network}`;
    case 'createVolume':
      return `create volume ${op.name}`;
    case 'removeVolume':
      return `remove volume ${op.name}`;
    case 'createContainer':
      return `create ${op.spec.name}`;
    case 'recreateContainer':
      return `recreate ${op.spec.name}`;
    case 'rollContainer':
      return `replace ${op.spec.name} without a gap`;
    case 'startContainer':
      return `start ${op.name}`;
    case 'stopContainer':
      return `stop ${op.name}`;
    case 'removeContainer':
      return `remove ${op.name}`;
    case 'renameContainer':
      return `rename ${op.name} to ${op.to}`;
    case 'keepContainer':
      return `keep ${op.name}`;
    case 'waitFor':
      return `wait until ${op.name} ${CONDITIONS[op.condition] ?? op.condition}`;
  }
}

const CONDITIONS: Readonly<Record<string, string>> = {
  service_healthy: 'is healthy',
  service_completed_successfully: 'has ended well',
};
