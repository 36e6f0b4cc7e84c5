// The OCI seccomp section: a profile's rules, filtered by architecture, capabilities and kernel.
import { internal } from '../../base/errors.ts';

interface Condition {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  /** `4.8`: first kernel for which the rule holds. */
  readonly minKernel?: string;
}

interface SyscallRule {
  readonly names?: readonly string[];
  /** Old profiles have one name. */
  readonly name?: string;
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly object[] | null;
  readonly includes?: Condition | null;
  readonly excludes?: Condition | null;
}

/** A seccomp profile in Docker's format: OCI's plus conditions. */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[] | null;
  readonly archMap?: readonly { architecture: string; subArchitectures?: readonly string[] | null }[] | null;
  readonly flags?: readonly string[] | null;
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly syscalls: readonly SyscallRule[];
}

export interface SeccompFacts {
  /** As process.arch says. */
  readonly arch: string;
  readonly kernel: string;
  /** The container's bounding set. */
  readonly capabilities: readonly string[];
}

/** process.arch -> the name that conditions use, and libseccomp's. */
const ARCHES: Record<string, readonly [string, string]> = {
  x64: ['amd64', 'SCMP_ARCH_X86_64'],
  arm64: ['arm64', 'SCMP_ARCH_AARCH64'],
  arm: ['arm', 'SCMP_ARCH_ARM'],
  ia32: ['x86', 'SCMP_ARCH_X86'],
  ppc64: ['ppc64le', 'SCMP_ARCH_PPC64LE'],
  riscv64: ['riscv64', 'SCMP_ARCH_RISCV64'],
  s390x: ['s390x', 'SCMP_ARCH_S390X'],
};

/** `linux.seccomp` for a profile; undefined when the profile is empty. Throws internal, as dockerd answers at start. */
export function seccompSection(profile: SeccompProfile, facts: SeccompFacts): object | undefined {
  const rules = profile.syscalls ?? [];
  if (!profile.defaultAction && rules.length === 0) return undefined;
  const fixed = profile.architectures ?? [];
  const mapped = profile.archMap ?? [];
  if (fixed.length > 0 && mapped.length > 0) {
    throw internal(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  }
  const [arch, native] = ARCHES[facts.arch] ?? [facts.arch, ''];
  const entry = mapped.find((one) => one.architecture === native);
  const architectures = entry ? [entry.architecture, ...(entry.subArchitectures ?? [])] : fixed;
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures.length > 0 ? { architectures } : {}),
    ...(profile.flags && profile.flags.length > 0 ? { flags: profile.flags } : {}),
    ...(profile.listenerPath ? { listenerPath: profile.listenerPath } : {}),
    ...(profile.listenerMetadata ? { listenerMetadata: profile.listenerMetadata } : {}),
    syscalls: rules.filter((rule) => holds(rule, arch, facts)).map(plain),
  };
}

/** The profile in the text of `seccomp=…`. */
export function parseSeccompProfile(text: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw internal(`Decoding seccomp profile failed: ${cause instanceof Error ? cause.message : ''}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw internal(
      'Decoding seccomp profile failed: json: cannot unmarshal value into Go value of type seccomp.Seccomp',
    );
  }
  const profile = value as Partial<SeccompProfile>;
  if (profile.syscalls !== undefined && profile.syscalls !== null && !Array.isArray(profile.syscalls)) {
    throw internal(
      'Decoding seccomp profile failed: json: cannot unmarshal value into Go struct field Seccomp.syscalls',
    );
  }
  return { ...profile, defaultAction: profile.defaultAction ?? '', syscalls: profile.syscalls ?? [] };
}

function holds(rule: SyscallRule, arch: string, facts: SeccompFacts): boolean {
  const no = rule.excludes;
  if (no?.arches?.includes(arch)) return false;
  if (no?.caps?.some((cap) => facts.capabilities.includes(cap))) return false;
  if (no?.minKernel && atLeast(facts.kernel, no.minKernel)) return false;
  const yes = rule.includes;
  if (yes?.arches && yes.arches.length > 0 && !yes.arches.includes(arch)) return false;
  if (yes?.caps?.some((cap) => !facts.capabilities.includes(cap))) return false;
  return !yes?.minKernel || atLeast(facts.kernel, yes.minKernel);
}

/** The rule without its conditions. */
function plain(rule: SyscallRule): object {
  if (rule.name && rule.names && rule.names.length > 0) {
    throw internal("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'");
  }
  return {
    names: rule.name ? [rule.name] : rule.names,
    action: rule.action,
    ...(rule.errnoRet === undefined ? {} : { errnoRet: rule.errnoRet }),
    ...(rule.args && rule.args.length > 0 ? { args: rule.args } : {}),
  };
}

function atLeast(kernel: string, wanted: string): boolean {
  const [a, b] = versionOf(kernel);
  const [c, d] = versionOf(wanted);
  return a > c || (a === c && b >= d);
}

function versionOf(release: string): [number, number] {
  const match = /^(\d+)\.(\d+)/.exec(release);
  return match ? [Number(match[1]), Number(match[2])] : [0, 0];
}
