// Device nodes and the device cgroup's rules.
import { internal, invalid } from '../../base/errors.ts';
import type { HostConfig } from '../../spec/docker/index.ts';
import type { DeviceNode } from './input.ts';

interface DeviceRule {
  allow: boolean;
  type?: string;
  major?: number;
  minor?: number;
  access: string;
}

const allow = (major: number, minor: number): DeviceRule => ({ allow: true, type: 'c', major, minor, access: 'rwm' });

/** Nothing but zero, null, urandom, random, tty and console; the runtime adds the ptys. */
const DEFAULT_RULES: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  ...(
    [
      [1, 5],
      [1, 3],
      [1, 9],
      [1, 8],
      [5, 0],
      [5, 1],
    ] as const
  ).map(([major, minor]) => allow(major, minor)),
  // /dev/fuse
  { allow: false, type: 'c', major: 10, minor: 229, access: 'rwm' },
];

const RULE = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/;

/** A rule of `--device-cgroup-rule`, for example `c 42:* rmw`. Throws internal as dockerd does at start. */
export function parseDeviceRule(text: string): DeviceRule {
  const match = RULE.exec(text);
  if (!match) throw internal(`invalid device cgroup rule format: '${text}'`);
  const [, type = 'a', major, minor, access = ''] = match;
  return {
    allow: true,
    type,
    // absent is all of them to every runtime; crun takes -1, which runc has for that, as a number
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access,
  };
}

export function devicesOf(
  hostConfig: Pick<HostConfig, 'Privileged' | 'DeviceCgroupRules'>,
  nodes: readonly DeviceNode[],
): { devices: object[]; rules: DeviceRule[] } {
  const devices = nodes.map(({ path, type, major, minor, fileMode, uid, gid }) => ({
    path,
    type,
    major,
    minor,
    fileMode,
    uid,
    gid,
  }));
  if (hostConfig.Privileged) return { devices, rules: [...DEFAULT_RULES, { allow: true, access: 'rwm' }] };
  const asked = nodes.map(({ type, major, minor, access }) => ({ allow: true, type, major, minor, access }));
  return {
    devices,
    rules: [...DEFAULT_RULES, ...asked, ...(hostConfig.DeviceCgroupRules ?? []).map(parseDeviceRule)],
  };
}

/** `--gpus` and its like need a driver that injects devices; there is none. Throws invalid in dockerd's words. */
export function refuseDeviceRequests(requests: HostConfig['DeviceRequests']): void {
  const [first] = requests ?? [];
  if (!first) return;
  const capabilities = (first.Capabilities ?? []).map((all) => `[${all.join(' ')}]`).join(' ');
  throw invalid(`could not select device driver ${JSON.stringify(first.Driver)} with capabilities: [${capabilities}]`);
}
