// Pure. The command line of QEMU for a machine on Linux, macOS or Windows.
import type { Accelerator } from './accelerator.ts';
import type { Layout, Platform } from './layout.ts';
import type { Share } from './settings.ts';

export type Architecture = 'x64' | 'arm64';

/** How a share is brought in: by a daemon beside the machine (`virtiofs`), else by QEMU itself. */
export type ShareKind = 'virtiofs' | '9p';

export interface Images {
  readonly kernel: string;
  /** Debian's part. */
  readonly system: string;
  /** Berth's part. */
  readonly berth: string;
}

export interface Boot {
  readonly platform: Platform;
  readonly architecture: Architecture;
  readonly accelerator: Accelerator;
  readonly name: string;
  readonly layout: Layout;
  readonly images: Images;
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
  readonly shares: readonly Share[];
  readonly shareKind: ShareKind;
  /** The port of the host's loopback that leads to the machine's SSH. */
  readonly sshPort: number;
  /** Where QEMU is told things on Windows, which has no sockets of files for it. */
  readonly qmpPort?: number;
}

export const TAGS = (at: number): string => `share${at}`;
export const KERNEL_LINE = 'quiet loglevel=4 panic=-1 random.trust_cpu=on';
/** Devices are only those that are named. */
export const BARE = ['-nodefaults', '-display', 'none', '-no-reboot'] as const;

export function emulatorOf(architecture: Architecture): string {
  return architecture === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64';
}

/** The name of a process's machine, by which it is known again. */
export function processName(name: string): string {
  return `berth-machine-${name}`;
}

export function processorOf(accelerator: Accelerator): readonly string[] {
  if (accelerator === 'tcg') return ['-accel', 'tcg,thread=multi', '-cpu', 'max'];
  // whpx lacks some of what the host's processor has, and says so only when it starts
  return ['-accel', accelerator, '-cpu', accelerator === 'whpx' ? 'qemu64' : 'host'];
}

/** A file on the command line: a comma would begin the next option. */
export function fileValue(path: string): string {
  return path.replaceAll(',', ',,');
}

export function driveOf(file: string, how: 'read' | 'write'): readonly string[] {
  const rest = how === 'read' ? ',readonly=on' : ',discard=unmap,detect-zeroes=unmap';
  return ['-drive', `if=virtio,format=raw,file=${fileValue(file)}${rest}`];
}

/** Arguments without the program's name. */
export function qemuArguments(boot: Boot): readonly string[] {
  const { platform, architecture, layout, images } = boot;
  const isArm = architecture === 'arm64';
  const isSharedMemory = boot.shares.length > 0 && boot.shareKind === 'virtiofs';
  const terminal = isArm ? 'ttyAMA0' : 'ttyS0';
  return [
    '-name',
    `${processName(boot.name)},process=${processName(boot.name)}`.slice(
      0,
      platform === 'linux' ? undefined : processName(boot.name).length,
    ),
    '-machine',
    `${isArm ? 'virt' : 'q35'}${isSharedMemory ? ',memory-backend=memory' : ''}`,
    ...processorOf(boot.accelerator),
    '-smp',
    String(boot.cpus),
    '-m',
    `${boot.memory}M`,
    ...(isSharedMemory ? ['-object', `memory-backend-memfd,id=memory,size=${boot.memory}M,share=on`] : []),
    ...BARE,
    '-rtc',
    'base=utc,clock=host',
    '-device',
    'virtio-rng-pci',
    // pages that the machine has no use for go back to the host
    '-device',
    'virtio-balloon-pci,free-page-reporting=on',
    '-serial',
    `file:${fileValue(layout.console)}`,
    '-qmp',
    platform === 'win32'
      ? `tcp:127.0.0.1:${boot.qmpPort ?? 0},server=on,wait=off`
      : `unix:${fileValue(layout.qmp)},server=on,wait=off`,
    '-kernel',
    images.kernel,
    '-initrd',
    layout.initrd,
    '-append',
    `console=${terminal} ${KERNEL_LINE}`,
    ...driveOf(images.system, 'read'),
    ...driveOf(images.berth, 'read'),
    ...driveOf(layout.data, 'write'),
    '-netdev',
    `user,id=net0,hostfwd=tcp:127.0.0.1:${boot.sshPort}-:22`,
    '-device',
    'virtio-net-pci,netdev=net0,romfile=',
    ...boot.shares.flatMap((share, at) => shareArguments(boot, share, at)),
    ...(platform === 'win32' ? [] : ['-pidfile', layout.pid, '-daemonize']),
  ];
}

function shareArguments({ layout, shareKind, platform }: Boot, share: Share, at: number): readonly string[] {
  if (shareKind === 'virtiofs')
    return [
      '-chardev',
      `socket,id=${TAGS(at)},path=${fileValue(layout.share(at))}`,
      '-device',
      `vhost-user-fs-pci,chardev=${TAGS(at)},tag=${TAGS(at)}`,
    ];
  // QEMU on Windows has no folders to share: what is asked for there is refused before
  if (platform === 'win32') return [];
  const readOnly = share.readOnly ? ',readonly=on' : '';
  return [
    '-virtfs',
    `local,path=${fileValue(share.host)},mount_tag=${TAGS(at)},security_model=none,multidevs=remap${readOnly}`,
  ];
}
