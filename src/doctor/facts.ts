// What the doctor has seen of a host: values only, so that findings can be worked out, and tested, without that host.
import type { CgroupLayout } from '../host/cgroup.ts';

/** Outcome of something that was tried. `why` has the words of the kernel or the program; not tried: for want of root, or of the means. */
export type Trial =
  | { readonly result: 'works' }
  | { readonly result: 'fails'; readonly why: string }
  | { readonly result: 'not tried'; readonly why: string };

export interface RuntimeFact {
  readonly name: string;
  /** Absolute, undefined when the program is not installed. */
  readonly path: string | undefined;
  readonly version: string;
  readonly trial: Trial;
  /** It works in a mount namespace without the v2 tree of control groups, and only there; the daemon then runs it so. */
  readonly inView: boolean;
}

export interface Facts {
  readonly platform: string;
  readonly arch: string;
  readonly node: string;
  /** Effective user id. */
  readonly uid: number;
  /** As `uname -r` has it. */
  readonly kernel: string;
  /** Names in /proc/self/ns. */
  readonly namespaces: readonly string[];
  /** /proc/sys/user/max_user_namespaces; undefined when there is none. */
  readonly maxUserNamespaces: number | undefined;
  /** Names in /proc/filesystems, without those of modules that are not loaded. */
  readonly filesystems: readonly string[];
  readonly overlay: Trial;
  readonly cgroup: { readonly layout: CgroupLayout; readonly controllers: readonly string[] };
  /** The bounding set, by the kernel's names (CAP_...). */
  readonly capabilities: readonly string[];
  readonly seccomp: boolean;
  readonly apparmor: { readonly enabled: boolean; readonly parser: boolean };
  /** Hard limit of open files; Infinity for none. */
  readonly openFiles: number;
  readonly nftables: { readonly version: string | undefined; readonly trial: Trial };
  /** Kinds of network link that could be made in a network namespace of its own. */
  readonly links: Readonly<Record<'veth' | 'bridge' | 'vxlan', Trial>>;
  readonly ipv6: 'on' | 'off' | 'absent';
  /** /proc/sys/net/ipv4/ip_forward. */
  readonly ipForward: boolean;
  /** The interface of the default route; undefined when there is none. */
  readonly uplink: { readonly name: string; readonly mtu: number } | undefined;
  readonly runtimes: readonly RuntimeFact[];
  /** Undefined when it is not installed. */
  readonly conmon: string | undefined;
  readonly programs: { readonly ps: boolean; readonly mmdebstrap: boolean };
  readonly disk: { readonly path: string; readonly freeBytes: number; readonly freeInodes: number };
  /** Milliseconds since 1970. */
  readonly now: number;
  /** When the program that runs was built: no clock that is right shows an earlier time. */
  readonly built: number;
}
