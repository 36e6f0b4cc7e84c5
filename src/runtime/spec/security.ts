// SecurityOpt, read: which seccomp and AppArmor profile, which labels, whether privileges may grow.
import { parseBool } from '../../base/bool.ts';
import { type BerthError, internal } from '../../base/errors.ts';

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** `unconfined`, `builtin`, a profile's JSON text, or empty for the default. */
  readonly seccomp: string;
  /** Profile name; empty for the default. */
  readonly apparmor: string;
  /** SELinux label options such as `disable`, `type:x`. */
  readonly labels: readonly string[];
  /** Undefined: as privileged says. */
  readonly writableCgroups: boolean | undefined;
}

/** Throws internal, as dockerd does: `invalid --security-opt 1: "x"` for no key, `… 2: …` for a key or value it does not know. */
export function parseSecurityOpt(options: readonly string[] | null | undefined): SecurityOptions {
  const found = {
    noNewPrivileges: false,
    seccomp: '',
    apparmor: '',
    labels: [] as string[],
    writableCgroups: undefined as boolean | undefined,
  };
  for (const option of options ?? []) {
    const match = /^([^=]*)=(.*)$/s.exec(option) ?? /^([^:]*):(.*)$/s.exec(option);
    const [key, value] = match ? [match[1] ?? '', match[2] ?? ''] : [option, undefined];
    const problem = (number: 1 | 2): BerthError =>
      internal(`invalid --security-opt ${number}: ${JSON.stringify(option)}`);
    if (value === undefined) {
      if (key === 'no-new-privileges') found.noNewPrivileges = true;
      else if (key === 'writable-cgroups') found.writableCgroups = true;
      else if (key === 'disable') found.labels.push(key);
      else throw problem(1);
    } else if (key === 'label') found.labels.push(value);
    else if (key === 'apparmor') found.apparmor = value;
    else if (key === 'seccomp') found.seccomp = value;
    else if (key === 'no-new-privileges' || key === 'writable-cgroups') {
      const flag = parseBool(value);
      if (flag === undefined) throw problem(2);
      if (key === 'no-new-privileges') found.noNewPrivileges = flag;
      else found.writableCgroups = flag;
    } else throw problem(2);
  }
  return found;
}
