// Resource limits of the process (ulimits), held within what the daemon may set.
import type { Ulimit } from '../../spec/docker/index.ts';
import type { HostAbilities } from './input.ts';

/** RLIM_INFINITY, which is what -1 means, to the nearest double; `specText` writes it exactly. */
const UNLIMITED = 2 ** 64;

export interface Rlimit {
  type: string;
  hard: number;
  soft: number;
}

/** One row a ulimit; without the right to raise limits, each is held at the daemon's own and a warning tells so. */
export function rlimitsOf(
  ulimits: readonly Ulimit[] | null,
  host: Pick<HostAbilities, 'hardLimits' | 'canRaiseLimits'>,
): { rlimits: Rlimit[]; warnings: string[] } {
  const warnings: string[] = [];
  const rlimits = (ulimits ?? []).map(({ Name, Soft, Hard }) => {
    const ceiling = host.hardLimits[Name.toLowerCase()];
    const reach = (value: number): number => {
      const asked = value < 0 ? Number.POSITIVE_INFINITY : value;
      return host.canRaiseLimits || ceiling === undefined ? asked : Math.min(asked, ceiling);
    };
    const [soft, hard] = [reach(Soft), reach(Hard)];
    if (hard < (Hard < 0 ? Number.POSITIVE_INFINITY : Hard)) {
      warnings.push(
        `ulimit ${Name} is held at ${hard}: the daemon may not raise limits (no CAP_SYS_RESOURCE), ${Hard} was asked for`,
      );
    }
    return { type: `RLIMIT_${Name.toUpperCase()}`, hard: finite(hard), soft: finite(Math.min(soft, hard)) };
  });
  return { rlimits, warnings };
}

function finite(value: number): number {
  return value === Number.POSITIVE_INFINITY ? UNLIMITED : value;
}
