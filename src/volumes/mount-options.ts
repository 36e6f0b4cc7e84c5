// The options of `-o o=…` as mount(2) takes them: flags, propagation, and the rest as text for the file system.

const SET: Readonly<Record<string, number>> = {
  ro: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  sync: 16,
  remount: 32,
  mand: 64,
  dirsync: 128,
  noatime: 1024,
  nodiratime: 2048,
  bind: 4096,
  rbind: 4096 | 16384,
  relatime: 1 << 21,
  strictatime: 1 << 24,
};

const CLEARED: Readonly<Record<string, number>> = {
  rw: 1,
  suid: 2,
  dev: 4,
  exec: 8,
  async: 16,
  nomand: 64,
  atime: 1024,
  diratime: 2048,
  norelatime: 1 << 21,
  nostrictatime: 1 << 24,
};

const RECURSIVE = 16384;
const PROPAGATION: Readonly<Record<string, number>> = {
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
  runbindable: (1 << 17) | RECURSIVE,
  rprivate: (1 << 18) | RECURSIVE,
  rslave: (1 << 19) | RECURSIVE,
  rshared: (1 << 20) | RECURSIVE,
};

export interface MountOptions {
  readonly flags: number;
  /** Set by a second call; 0 for none. */
  readonly propagation: number;
  readonly data: string;
}

export function parseMountOptions(text: string): MountOptions {
  let flags = 0;
  let propagation = 0;
  const data: string[] = [];
  for (const option of text === '' ? [] : text.split(',')) {
    if (option === 'defaults') continue;
    if (Object.hasOwn(SET, option)) flags |= SET[option] ?? 0;
    else if (Object.hasOwn(CLEARED, option)) flags &= ~(CLEARED[option] ?? 0);
    else if (Object.hasOwn(PROPAGATION, option)) propagation |= PROPAGATION[option] ?? 0;
    else data.push(option);
  }
  return { flags, propagation, data: data.join(',') };
}

/** The host of `addr=…`, which the kernel wants as a number for network file systems. */
export function addressOf(options: string): string | undefined {
  return options
    .split(',')
    .find((one) => one.startsWith('addr='))
    ?.slice('addr='.length);
}
